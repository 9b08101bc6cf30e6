//! The closed set of targets.

use teal_api::switch::Provider;

use crate::answer::Answer;
use crate::config::{ConfigMistake, ConfigMistakes, Options, Secret};
use crate::error::TargetError;
use crate::rfc2136::Rfc2136Target;
use crate::routed::{Change, Routed, Tag, Truths};

/// One thing that routes traffic, of any provider.
#[derive(Debug, Clone)]
pub enum Target {
    /// A DNS record changed by RFC 2136 UPDATE.
    Rfc2136(Rfc2136Target),
}

impl Target {
    /// Makes the target that a declaration names. Nothing is sent.
    ///
    /// # Errors
    /// All that is wrong with the declaration or the secret.
    pub fn new(provider: &Provider, secret: &Secret, options: Options) -> Result<Self, ConfigMistakes> {
        match provider {
            Provider::Rfc2136(declared) => Rfc2136Target::new(declared, secret, options).map(Self::Rfc2136),
            other => Err(ConfigMistakes(vec![ConfigMistake::Provider { kind: other.kind() }])),
        }
    }

    /// For a person: the record's full name.
    pub fn name(&self) -> &str {
        match self {
            Self::Rfc2136(target) => target.name(),
        }
    }

    /// Reads value and ledger from the authority itself, in one consistent view.
    ///
    /// # Errors
    /// See [`TargetError`]; nothing was changed.
    pub async fn read(&self) -> Result<Routed, TargetError> {
        match self {
            Self::Rfc2136(target) => target.read().await,
        }
    }

    /// Changes value and ledger in one atomic write, if both are still as `expect` says; `change: None` writes the
    /// ledger alone. Repeating a call that landed is recognised by its payload and succeeds again.
    ///
    /// # Errors
    /// See [`TargetError`]; nothing was changed unless [`TargetError::outcome_unknown`].
    pub async fn commit(&self, expect: &Tag, change: Option<&Change>, ledger: &[u8]) -> Result<Routed, TargetError> {
        match self {
            Self::Rfc2136(target) => target.commit(expect, change, ledger).await,
        }
    }

    /// Asks every authoritative server what it answers now. Each answers, fails or times out alone.
    pub async fn observe(&self) -> Vec<Answer> {
        match self {
            Self::Rfc2136(target) => target.observe().await,
        }
    }

    /// Asks a recursive resolver, `host[:port]`, for the same name.
    pub async fn ask(&self, resolver: &str) -> Answer {
        match self {
            Self::Rfc2136(target) => target.ask(resolver).await,
        }
    }

    /// What is true of this target.
    pub fn truths(&self) -> Truths {
        match self {
            Self::Rfc2136(target) => target.truths(),
        }
    }

    /// The authority's clock minus ours in seconds, as its last signed answer told.
    pub fn clock_skew(&self) -> Option<i64> {
        match self {
            Self::Rfc2136(target) => target.clock_skew(),
        }
    }
}
