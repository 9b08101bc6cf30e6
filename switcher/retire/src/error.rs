//! Why a retirement could not go on. Whatever it is: it goes on when it is run again.

use teal_azure::AzureError;

/// Why a retirement could not go on.
#[derive(Debug, thiserror::Error)]
pub enum RetireError {
    /// The color is not declared.
    #[error("colors.yaml has no color {color}; it has {known}")]
    NoColor {
        /// As asked.
        color: String,
        /// What there is.
        known: String,
    },
    /// The declared identity can't be used.
    #[error("Azure: {0}")]
    Identity(#[from] teal_azure::client::SettingsError),
    /// The cluster's id is none.
    #[error("the cluster of {color}: {why}")]
    Cluster {
        /// The color.
        color: String,
        /// What is wrong.
        why: String,
    },
    /// A ledger could not be written.
    #[error("the ledger of {switch} could not be written: {why}; run it again, it goes on from here")]
    Ledger {
        /// Whose.
        switch: String,
        /// What the target said.
        why: String,
    },
    /// ARM refused a step, or it is not known what came of it.
    #[error("{what}: {source}")]
    Arm {
        /// Which step.
        what: &'static str,
        /// ARM's word.
        #[source]
        source: AzureError,
    },
    /// An operation at the cluster ended without success.
    #[error("{what} failed ({code}): {message}; look at the cluster, then run it again")]
    Failed {
        /// Which step.
        what: &'static str,
        /// ARM's code.
        code: String,
        /// ARM's words.
        message: String,
    },
    /// An operation takes longer than is waited for.
    #[error("{what} has not ended within {minutes} min; run it again later, it goes on from here")]
    Slow {
        /// Which step.
        what: &'static str,
        /// How long was waited.
        minutes: u64,
    },
    /// The same step again and again.
    #[error("{what} changes nothing after {times} times; last: {why}")]
    Stuck {
        /// Which step.
        what: String,
        /// How often.
        times: u32,
        /// What was told last.
        why: String,
        /// May it go on later, without anybody's doing?
        transient: bool,
    },
    /// Reviving makes no sense now.
    #[error("{color} can't be started again: {why}")]
    NotRevived {
        /// The color.
        color: String,
        /// Why.
        why: String,
    },
    /// The system gives no random numbers.
    #[error("no random number for the retirement's id; the system's entropy source fails")]
    Entropy,
}

impl RetireError {
    /// Could nothing be reached, so that it is worth another try without anybody's doing?
    #[must_use]
    pub fn away(&self) -> bool {
        match self {
            Self::Arm { source, .. } => source.transient(),
            Self::Slow { .. } => true,
            Self::Stuck { transient, .. } => *transient,
            _ => false,
        }
    }

    /// Is the answer a *no* that someone has to settle?
    #[must_use]
    pub fn refused(&self) -> bool {
        match self {
            Self::Arm { source, .. } => !source.transient(),
            Self::Stuck { transient, .. } => !transient,
            Self::Ledger { .. } | Self::Failed { .. } | Self::NotRevived { .. } => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_round_in_circles_tells_why_and_whether_it_may_end_by_itself() {
        for transient in [true, false] {
            let why = "409 by whoever".to_owned();
            let error = RetireError::Stuck { what: "Stop".to_owned(), times: 5, why, transient };
            assert!(error.to_string().contains("last: 409 by whoever"), "{error}");
            assert_eq!((error.away(), error.refused()), (transient, !transient));
        }
    }
}
