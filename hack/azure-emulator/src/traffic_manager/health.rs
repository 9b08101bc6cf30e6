//! What an endpoint's probes say of it, and what its endpoints say of a profile.

/// The state that probing has brought an endpoint into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Seen {
    /// No probe has decided yet.
    #[default]
    Checking,
    /// The last probe was good.
    Online,
    /// More probes in a row have failed than are tolerated.
    Degraded,
}

/// An endpoint's probing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Probing {
    /// What is known.
    pub(crate) seen: Seen,
    /// Failures since the last good probe.
    pub(crate) failures: u32,
}

impl Probing {
    /// Takes in one probe. One good probe makes an endpoint Online from any state; only `tolerated` + 1 failures in a
    /// row make it Degraded, so `tolerated` 0 means the first.
    pub(crate) fn noted(&mut self, good: bool, tolerated: u32) {
        if good {
            *self = Self { seen: Seen::Online, failures: 0 };
        } else {
            self.failures = self.failures.saturating_add(1);
            if self.failures > tolerated {
                self.seen = Seen::Degraded;
            }
        }
    }
}

/// `endpointMonitorStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndpointStatus {
    /// Not decided yet; is answered.
    CheckingEndpoint,
    /// Answers its probes.
    Online,
    /// Fails its probes.
    Degraded,
    /// Switched off: neither probed nor answered.
    Disabled,
    /// Its profile is switched off.
    Inactive,
    /// What it stands for is gone or stopped.
    Stopped,
    /// `alwaysServe`: not probed and always answered.
    Unmonitored,
}

impl EndpointStatus {
    /// As the API spells it.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::CheckingEndpoint => "CheckingEndpoint",
            Self::Online => "Online",
            Self::Degraded => "Degraded",
            Self::Disabled => "Disabled",
            Self::Inactive => "Inactive",
            Self::Stopped => "Stopped",
            Self::Unmonitored => "Unmonitored",
        }
    }

    /// Whether DNS answers with it while anything healthy is there.
    #[must_use]
    pub(crate) const fn served(self) -> bool {
        matches!(self, Self::CheckingEndpoint | Self::Online | Self::Unmonitored)
    }
}

/// What decides an endpoint's status beside its probes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Facts {
    /// The profile is enabled.
    pub(crate) profile_enabled: bool,
    /// The endpoint is enabled.
    pub(crate) enabled: bool,
    /// `alwaysServe`.
    pub(crate) always_serve: bool,
    /// The target resource is gone, stopped, or a disabled child profile.
    pub(crate) stopped: bool,
}

/// The status of an endpoint: being switched off goes before everything, then the target's end, then `alwaysServe`.
#[must_use]
pub(crate) const fn endpoint_status(facts: Facts, probing: Probing) -> EndpointStatus {
    if !facts.enabled {
        EndpointStatus::Disabled
    } else if !facts.profile_enabled {
        EndpointStatus::Inactive
    } else if facts.stopped {
        EndpointStatus::Stopped
    } else if facts.always_serve {
        EndpointStatus::Unmonitored
    } else {
        match probing.seen {
            Seen::Checking => EndpointStatus::CheckingEndpoint,
            Seen::Online => EndpointStatus::Online,
            Seen::Degraded => EndpointStatus::Degraded,
        }
    }
}

/// What a nested endpoint takes from its child: Online (or being checked) while at least `min_child` of the child's
/// endpoints can be answered, else Degraded.
#[must_use]
pub(crate) fn nested(children: &[EndpointStatus], min_child: u64) -> Probing {
    let served = children.iter().filter(|status| status.served()).count() as u64;
    let decided = children.iter().any(|s| matches!(s, EndpointStatus::Online | EndpointStatus::Unmonitored));
    let seen = if served < min_child.max(1) {
        Seen::Degraded
    } else if decided {
        Seen::Online
    } else {
        Seen::Checking
    };
    Probing { seen, failures: 0 }
}

/// `profileMonitorStatus`.
#[must_use]
pub(crate) fn profile_status(enabled: bool, endpoints: &[EndpointStatus]) -> &'static str {
    use EndpointStatus as S;
    if !enabled {
        "Disabled"
    } else if endpoints.contains(&S::Degraded) {
        "Degraded"
    } else if endpoints.iter().any(|s| matches!(s, S::Online | S::Unmonitored)) {
        "Online"
    } else if endpoints.contains(&S::CheckingEndpoint) {
        "CheckingEndpoints"
    } else {
        "Inactive"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use EndpointStatus as S;

    #[test]
    fn failures_are_tolerated_as_often_as_declared() {
        for tolerated in [0, 1, 3, 9] {
            let mut probing = Probing::default();
            probing.noted(true, tolerated);
            for nth in 1..=tolerated {
                probing.noted(false, tolerated);
                assert_eq!(probing.seen, Seen::Online, "failure {nth} of {tolerated} tolerated");
            }
            probing.noted(false, tolerated);
            assert_eq!(probing.seen, Seen::Degraded);
            probing.noted(true, tolerated);
            assert_eq!(probing, Probing { seen: Seen::Online, failures: 0 }, "one good probe heals");
        }
    }

    #[test]
    fn a_new_endpoint_is_checked_until_probes_decide() {
        let mut probing = Probing::default();
        probing.noted(false, 1);
        assert_eq!(probing.seen, Seen::Checking);
        probing.noted(false, 1);
        assert_eq!(probing.seen, Seen::Degraded);
    }

    #[test]
    fn what_goes_before_what() {
        let online = Probing { seen: Seen::Online, failures: 0 };
        let bad = Probing { seen: Seen::Degraded, failures: 4 };
        let on = Facts { profile_enabled: true, enabled: true, ..Facts::default() };
        for (facts, probing, expected) in [
            (on, online, S::Online),
            (on, bad, S::Degraded),
            (Facts { always_serve: true, ..on }, bad, S::Unmonitored),
            (Facts { stopped: true, always_serve: true, ..on }, online, S::Stopped),
            (Facts { profile_enabled: false, ..on }, online, S::Inactive),
            (Facts { enabled: false, always_serve: true, ..on }, online, S::Disabled),
        ] {
            assert_eq!(endpoint_status(facts, probing), expected, "{facts:?}");
        }
    }

    #[test]
    fn a_profile_is_as_bad_as_its_worst() {
        for (enabled, endpoints, expected) in [
            (false, &[S::Online][..], "Disabled"),
            (true, &[S::Online, S::Degraded, S::Disabled], "Degraded"),
            (true, &[S::Online, S::CheckingEndpoint], "Online"),
            (true, &[S::Unmonitored], "Online"),
            (true, &[S::CheckingEndpoint, S::Disabled], "CheckingEndpoints"),
            (true, &[S::Disabled, S::Stopped], "Inactive"),
            (true, &[], "Inactive"),
        ] {
            assert_eq!(profile_status(enabled, endpoints), expected, "{endpoints:?}");
        }
    }

    #[test]
    fn a_nested_endpoint_needs_enough_children() {
        for (children, min, expected) in [
            (&[S::Online, S::Degraded][..], 1, Seen::Online),
            (&[S::Online, S::Degraded], 2, Seen::Degraded),
            (&[S::CheckingEndpoint], 1, Seen::Checking),
            (&[S::Disabled], 1, Seen::Degraded),
            (&[], 0, Seen::Degraded),
        ] {
            assert_eq!(nested(children, min).seen, expected, "{children:?} of at least {min}");
        }
    }
}
