//! What went wrong, and what to do then.

use std::time::Duration;

use crate::body::{Complaint, steady};
use crate::request::{Needs, Request};

/// A request came to nothing, or it is not known to what. See [`AzureError::outcome_unknown`].
#[derive(Debug, Clone, thiserror::Error)]
pub enum AzureError {
    /// 403: the identity may not.
    #[error("{what} is forbidden ({said}): {}", grant(.needs, .said))]
    Denied {
        /// What was tried.
        what: String,
        /// The role that would do, and where.
        needs: Needs,
        /// Azure's words.
        said: Box<Said>,
    },
    /// 401: the token does not count.
    #[error("{what}: the token was refused ({said}); {hint}")]
    Unauthenticated {
        /// What was tried.
        what: String,
        /// What to look at.
        hint: String,
        /// Azure's words.
        said: Box<Said>,
    },
    /// There is no token to be had; nothing was sent to ARM.
    #[error("no token by {who}: {why}; {hint}")]
    Credential {
        /// Which credential.
        who: &'static str,
        /// The identity service's words.
        why: String,
        /// What to do.
        hint: String,
        /// May it be better the next time?
        transient: bool,
    },
    /// 404.
    #[error("{what}: not found ({said}); {hint}")]
    NotFound {
        /// What was tried.
        what: String,
        /// What to look at.
        hint: String,
        /// Azure's words.
        said: Box<Said>,
    },
    /// 409 or 429 because another operation is at work on the same thing; nothing was changed.
    #[error("{what}: another operation is at work there ({said}); try again when it has ended")]
    Busy {
        /// What was tried.
        what: String,
        /// When Azure says to come back.
        retry_after: Option<Duration>,
        /// Azure's words.
        said: Box<Said>,
    },
    /// 409 for any other reason; nothing was changed.
    #[error("{what} contradicts what is there ({said})")]
    Conflict {
        /// What was tried.
        what: String,
        /// Azure's words.
        said: Box<Said>,
    },
    /// 412: the precondition does not hold; nothing was changed.
    #[error("{what}: it has been changed by someone else in between ({said}); read it again and decide again")]
    Changed {
        /// What was tried.
        what: String,
        /// Azure's words.
        said: Box<Said>,
    },
    /// 429: too many requests; nothing was changed.
    #[error("{what}: throttled ({said}){}", after(.retry_after))]
    Throttled {
        /// What was tried.
        what: String,
        /// When Azure says to come back.
        retry_after: Option<Duration>,
        /// Azure's words.
        said: Box<Said>,
    },
    /// Any other refusal, 300 to 499.
    #[error("{what} was rejected ({said})")]
    Rejected {
        /// What was tried.
        what: String,
        /// Azure's words.
        said: Box<Said>,
    },
    /// 500 to 599: a write may have been done.
    #[error("{what}: Azure failed ({said}){}", after(.retry_after))]
    Server {
        /// What was tried.
        what: String,
        /// Was it a write?
        wrote: bool,
        /// When Azure says to come back.
        retry_after: Option<Duration>,
        /// Azure's words.
        said: Box<Said>,
    },
    /// No connection: nothing was sent.
    #[error("{what}: {host} can't be reached: {why}")]
    Unreachable {
        /// What was tried.
        what: String,
        /// Who was called.
        host: String,
        /// The system's words.
        why: String,
    },
    /// Sent, and no whole answer came: a write may have been done.
    #[error("{what}: sent, but no answer came: {why}")]
    Lost {
        /// What was tried.
        what: String,
        /// Was it a write?
        wrote: bool,
        /// Why not.
        why: String,
    },
    /// An answer that is not what it should be; a write was done.
    #[error("{what}: the answer can't be read: {why}")]
    Odd {
        /// What was tried.
        what: String,
        /// What is odd.
        why: String,
    },
    /// Refused by us: a token would have gone to a stranger, or a name is none.
    #[error("{what} was not sent: {why}")]
    Refused {
        /// What was tried.
        what: String,
        /// Why.
        why: String,
    },
    /// The caller gave up.
    #[error("{what} was cancelled")]
    Cancelled {
        /// What was tried.
        what: String,
        /// Could a write have been sent?
        wrote: bool,
    },
}

/// Azure's own words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    /// HTTP status.
    pub status: u16,
    /// Such as `AuthorizationFailed`; empty when none was given.
    pub code: String,
    /// One line; empty when none was given.
    pub message: String,
    /// `x-ms-request-id`, for Microsoft's support.
    pub request_id: Option<String>,
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.status)?;
        if !self.code.is_empty() {
            write!(f, " {}", self.code)?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        match &self.request_id {
            Some(id) => write!(f, " [request {id}]"),
            None => Ok(()),
        }
    }
}

impl AzureError {
    /// Closed set: metric label, Event reason and log field alike.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Denied { .. } => "Denied",
            Self::Unauthenticated { .. } => "Unauthenticated",
            Self::Credential { .. } => "NoToken",
            Self::NotFound { .. } => "NotFound",
            Self::Busy { .. } => "Busy",
            Self::Conflict { .. } => "Conflict",
            Self::Changed { .. } => "Changed",
            Self::Throttled { .. } => "Throttled",
            Self::Rejected { .. } => "Rejected",
            Self::Server { .. } => "ServerError",
            Self::Unreachable { .. } => "Unreachable",
            Self::Lost { .. } => "Lost",
            Self::Odd { .. } => "Odd",
            Self::Refused { .. } => "Refused",
            Self::Cancelled { .. } => "Cancelled",
        }
    }

    /// As its text, without what is another in each answer: ids of requests, and the trace and time that an identity
    /// service tells. For places where the same refusal must read the same.
    #[must_use]
    pub fn steady(&self) -> String {
        steady(&self.to_string())
    }

    /// Was a write sent whose effect is not known?
    #[must_use]
    pub fn outcome_unknown(&self) -> bool {
        match self {
            Self::Server { wrote, .. } | Self::Lost { wrote, .. } | Self::Cancelled { wrote, .. } => *wrote,
            _ => false,
        }
    }

    /// May the same request succeed later, without anybody's doing?
    #[must_use]
    pub fn transient(&self) -> bool {
        match self {
            Self::Busy { .. } | Self::Throttled { .. } | Self::Server { .. } => true,
            Self::Unreachable { .. } | Self::Lost { .. } => true,
            Self::Credential { transient, .. } => *transient,
            _ => false,
        }
    }

    /// When Azure says to come back.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after, .. } | Self::Throttled { retry_after, .. } | Self::Server { retry_after, .. } => {
                *retry_after
            }
            _ => None,
        }
    }

    /// Azure's own words, when there were some.
    #[must_use]
    pub fn said(&self) -> Option<&Said> {
        match self {
            Self::Denied { said, .. }
            | Self::Unauthenticated { said, .. }
            | Self::NotFound { said, .. }
            | Self::Busy { said, .. }
            | Self::Conflict { said, .. }
            | Self::Changed { said, .. }
            | Self::Throttled { said, .. }
            | Self::Rejected { said, .. }
            | Self::Server { said, .. } => Some(said),
            _ => None,
        }
    }

    /// A refusal in the words of HTTP. `skew`: the server's clock minus ours in seconds, when known.
    pub(crate) fn of(request: &Request, status: u16, complaint: Complaint, facts: Facts) -> Self {
        let Facts { retry_after, request_id, skew } = facts;
        let what = request.what.clone();
        let busy = busy(&complaint);
        let said = Box::new(Said { status, code: complaint.code, message: complaint.message, request_id });
        match status {
            401 => Self::Unauthenticated { what, hint: unauthenticated(&said, skew), said },
            403 => Self::Denied { what, needs: request.needs.clone(), said },
            404 | 410 => Self::NotFound { what, hint: not_found(&said).to_owned(), said },
            408 => Self::Lost { what, wrote: request.writes(), why: said.to_string() },
            409 | 429 if busy => Self::Busy { what, retry_after, said },
            409 => Self::Conflict { what, said },
            412 => Self::Changed { what, said },
            429 => Self::Throttled { what, retry_after, said },
            500.. => Self::Server { what, wrote: request.writes(), retry_after, said },
            _ => Self::Rejected { what, said },
        }
    }
}

/// What an answer tells beside its status and body.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    pub(crate) retry_after: Option<Duration>,
    pub(crate) request_id: Option<String>,
    pub(crate) skew: Option<i64>,
}

/// Seconds between two clocks from which on tokens stop to count.
const SKEW: u64 = 60;

fn unauthenticated(said: &Said, skew: Option<i64>) -> String {
    if let Some(seconds) = skew.filter(|seconds| seconds.unsigned_abs() > SKEW) {
        let side = if seconds > 0 { "behind" } else { "ahead of" };
        return format!("our clock is {} s {side} Azure's: set it right first", seconds.unsigned_abs());
    }
    match said.code.as_str() {
        "InvalidAuthenticationTokenTenant" => {
            "the subscription belongs to another tenant than the identity: check `subscription` and AZURE_TENANT_ID"
        }
        "ExpiredAuthenticationToken" => "it has expired although it was just asked for: compare the clocks",
        "InvalidAuthenticationTokenAudience" => "it is for another cloud: check the cloud and its audience",
        _ => "check the cloud, its audience and the identity",
    }
    .to_owned()
}

fn not_found(said: &Said) -> &'static str {
    match said.code.as_str() {
        "SubscriptionNotFound" | "InvalidSubscriptionId" => {
            "check `subscription`: it does not exist, or lies in a tenant that this identity does not see"
        }
        "ResourceGroupNotFound" => "check `resourceGroup`",
        "ParentResourceNotFound" => "what it would lie in does not exist: check the names before the last one",
        "InvalidResourceType" | "NoRegisteredProviderFound" => "this cloud does not know such a resource",
        _ => "check `subscription`, `resourceGroup` and the names; an identity without any right may see this too",
    }
}

/// 409 and 429 are locks too: told apart by code and words, since one code means several things.
fn busy(complaint: &Complaint) -> bool {
    let code = complaint.code.to_ascii_lowercase();
    let message = complaint.message.to_ascii_lowercase();
    let known = [
        "retryableerrorduetoanotheroperation",
        "anotheroperationinprogress",
        "operationinprogress",
        "resourcebusy",
        "resourcebeingmodified",
        "preconditionfailedduetoanotheroperation",
        "etagmismatchduetoanotheroperation",
    ];
    known.contains(&code.as_str())
        || message.contains("another operation")
        || message.contains("operation is in progress")
        || message.contains("operation is already in progress")
}

fn grant(needs: &Needs, said: &Said) -> String {
    match said.code.as_str() {
        "RequestDisallowedByPolicy" => {
            "an Azure Policy forbids it; exempt this resource or change the policy".to_owned()
        }
        "LinkedAuthorizationFailed" => format!(
            "grant the identity a role such as `Reader` on the resource that is pointed to, besides `{}` on {}",
            needs.role, needs.scope
        ),
        "ReadOnlyDisabledSubscription" => "the subscription is disabled and read-only: enable it first".to_owned(),
        _ => format!(
            "grant `{}` on {} to the identity Teal runs with; it may take minutes to count",
            needs.role, needs.scope
        ),
    }
}

fn after(retry_after: &Option<Duration>) -> String {
    retry_after.map_or_else(String::new, |after| format!("; try again in {} s", after.as_secs().max(1)))
}

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;
