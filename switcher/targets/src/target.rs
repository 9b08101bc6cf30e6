//! The closed set of targets, in two families: those that compare and set, and can keep a ledger; and those that only
//! follow one.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use teal_api::switch::{AzureRecord, Destination, Provider};
use tokio::time::Instant;

use crate::answer::{Answer, Outcome, Untold};
use crate::application_gateway::ApplicationGatewayTarget;
use crate::azure_dns::AzureDnsTarget;
use crate::config::{Access, ConfigMistake, ConfigMistakes, Options};
use crate::error::TargetError;
use crate::flow::{Colors, Finding, Meaning, Op, Progress, RoutedNow, Split, Written, meaning};
use crate::follow;
use crate::front_door::FrontDoorTarget;
use crate::front_door_classic::ClassicTarget;
use crate::rfc2136::Rfc2136Target;
use crate::routed::{Change, Routed, Tag, Truths};
use crate::traffic_manager::TrafficManagerTarget;

/// Compares and sets value and ledger in one write.
#[async_trait]
pub(crate) trait Holder: Send + Sync {
    fn name(&self) -> &str;
    fn truths(&self) -> Truths;
    async fn read(&self) -> Result<Routed, TargetError>;
    async fn commit(&self, expect: &Tag, change: Option<&Change>, ledger: &[u8]) -> Result<Routed, TargetError>;
    async fn observe(&self) -> Vec<Answer>;
    async fn ask(&self, resolver: &str) -> Answer;
    fn clock_skew(&self) -> Option<i64>;
    async fn preflight(&self) -> Result<Vec<Finding>, TargetError>;
    /// What an answer points to. An alias is answered as what it follows.
    fn answered(&self, answer: &Answer) -> Option<Destination> {
        answer.value()
    }
    /// Why an answer can't be told by color.
    fn untold(&self, _answer: &Answer) -> Option<Untold> {
        None
    }
    /// Why no change can be seen from outside, as things are.
    fn unproven(&self) -> Option<String> {
        None
    }
}

/// Has no compare-and-set: one writer by ledger claim, one write a call, read before and after.
#[async_trait]
pub(crate) trait Follower: Send + Sync {
    fn name(&self) -> &str;
    fn truths(&self) -> Truths;
    async fn now(&self) -> Result<RoutedNow, TargetError>;
    async fn route(&self, split: &Split, op: &Op) -> Result<Written, TargetError>;
    async fn poll(&self, operation: &str) -> Result<Progress, TargetError>;
    /// Most providers keep no copies of answers.
    async fn clear(&self) -> Result<Option<String>, TargetError> {
        Ok(None)
    }
    async fn preflight(&self) -> Result<Vec<Finding>, TargetError>;
    fn clock_skew(&self) -> Option<i64>;
}

/// One thing that routes traffic, of any provider. Cheap to clone.
#[derive(Clone)]
pub struct Target {
    kind: Kind,
    colors: Arc<Colors>,
}

#[derive(Clone)]
enum Kind {
    Holder(Arc<dyn Holder>),
    Follower(Arc<dyn Follower>),
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Target({} {})", self.truths().kind, self.name())
    }
}

impl Target {
    /// Makes the target that a declaration names, with what it points to for each color. Nothing is sent.
    ///
    /// # Errors
    /// All that is wrong with the declaration, or the access to it that is missing.
    pub fn new(
        provider: &Provider,
        to: &BTreeMap<String, Destination>,
        access: &Access,
        options: Options,
    ) -> Result<Self, ConfigMistakes> {
        let kind = provider.kind();
        let wrong = destinations(provider, to);
        if !wrong.is_empty() {
            return Err(ConfigMistakes(wrong));
        }
        let colors: Arc<Colors> =
            Arc::new(to.iter().map(|(color, to)| (color.clone(), to.clone().canonical())).collect());
        let azure = || access.azure.clone().ok_or(ConfigMistakes(vec![ConfigMistake::NoAzure { kind }]));
        let made = match provider {
            Provider::Rfc2136(declared) => {
                let secret = access.secret.as_ref().ok_or(ConfigMistakes(vec![ConfigMistake::NoSecret { kind }]))?;
                Kind::Holder(Arc::new(Rfc2136Target::new(declared, secret, options)?))
            }
            Provider::AzureDns(record) => {
                Kind::Holder(Arc::new(AzureDnsTarget::new(record, false, &colors, azure()?, options)?))
            }
            Provider::AzurePrivateDns(record) => {
                Kind::Holder(Arc::new(AzureDnsTarget::new(record, true, &colors, azure()?, options)?))
            }
            Provider::FrontDoor(declared) => {
                Kind::Follower(Arc::new(FrontDoorTarget::new(declared, colors.clone(), azure()?)?))
            }
            Provider::FrontDoorClassic(declared) => {
                Kind::Follower(Arc::new(ClassicTarget::new(declared, colors.clone(), azure()?)?))
            }
            Provider::TrafficManager(declared) => {
                Kind::Follower(Arc::new(TrafficManagerTarget::new(declared, colors.clone(), azure()?)?))
            }
            Provider::ApplicationGateway(declared) => {
                Kind::Follower(Arc::new(ApplicationGatewayTarget::new(declared, colors.clone(), azure()?)?))
            }
        };
        Ok(Self { kind: made, colors })
    }

    /// A TXT record set in an Azure zone that keeps the ledger of a Switch without a DNS target, and routes nothing:
    /// its `value` is always absent, and a change of it is refused. Nothing is sent.
    ///
    /// # Errors
    /// All that is wrong with the place, or no Azure identity.
    pub fn ledger_only(
        record: &AzureRecord,
        private: bool,
        access: &Access,
        options: Options,
    ) -> Result<Self, ConfigMistakes> {
        let kind = if private { "azurePrivateDns" } else { "azureDns" };
        let azure = access.azure.clone().ok_or(ConfigMistakes(vec![ConfigMistake::NoAzure { kind }]))?;
        let holder = AzureDnsTarget::ledger_only(record, private, azure, options)?;
        Ok(Self { kind: Kind::Holder(Arc::new(holder)), colors: Arc::default() })
    }

    /// For a person: the record's full name, or the place of what is changed.
    pub fn name(&self) -> &str {
        match &self.kind {
            Kind::Holder(target) => target.name(),
            Kind::Follower(target) => target.name(),
        }
    }

    /// What is true of this target.
    pub fn truths(&self) -> Truths {
        match &self.kind {
            Kind::Holder(target) => target.truths(),
            Kind::Follower(target) => target.truths(),
        }
    }

    /// Reads value and ledger from the authority itself, in one consistent view.
    ///
    /// # Errors
    /// See [`TargetError`]; nothing was changed. A target that keeps no ledger is [`TargetError::Unfit`].
    pub async fn read(&self) -> Result<Routed, TargetError> {
        self.holder()?.read().await
    }

    /// Changes value and ledger in one atomic write, if both are still as `expect` says; `change: None` writes the
    /// ledger alone. Repeating a call that landed is recognised by its payload and succeeds again.
    ///
    /// # Errors
    /// See [`TargetError`]; nothing was changed unless [`TargetError::outcome_unknown`].
    pub async fn commit(&self, expect: &Tag, change: Option<&Change>, ledger: &[u8]) -> Result<Routed, TargetError> {
        self.holder()?.commit(expect, change, ledger).await
    }

    /// Where traffic goes now, color by color, by the provider's own word.
    ///
    /// # Errors
    /// See [`TargetError`]; nothing was changed.
    pub async fn now(&self) -> Result<RoutedNow, TargetError> {
        match &self.kind {
            Kind::Holder(target) => Ok(follow::now(&self.colors, &target.read().await?)),
            Kind::Follower(target) => target.now().await,
        }
    }

    /// Brings the target to a split, at most one write a call: reads first, and writes nothing where all is as asked,
    /// where something foreign gets traffic, or where the provider is at work. Call it again until it is done.
    ///
    /// # Errors
    /// See [`TargetError`]; after one with [`TargetError::outcome_unknown`] read before anything else.
    pub async fn route(&self, split: &Split, op: &Op) -> Result<Written, TargetError> {
        if let Some(color) = split.0.keys().find(|color| !self.colors.contains_key(*color)) {
            let why = format!("`{color}` is no color of this target");
            return Err(TargetError::Unfit { target: self.name().to_owned(), why });
        }
        match &self.kind {
            Kind::Holder(target) => follow::route(target.as_ref(), &self.colors, split, op).await,
            Kind::Follower(target) => target.route(split, op).await,
        }
    }

    /// Asks once how far a provider's operation is.
    ///
    /// # Errors
    /// See [`TargetError`]; an operation that is not known any more is [`Progress::Lost`].
    pub async fn poll(&self, operation: &str) -> Result<Progress, TargetError> {
        match &self.kind {
            Kind::Holder(_) => Ok(Progress::Succeeded),
            Kind::Follower(target) => target.poll(operation).await,
        }
    }

    /// Throws away the copies of answers that it keeps, as declared; nothing where [`Truths::copies`] is false. To be done
    /// once a change has spread: until then the old color still fills them. It routes nothing. Returns the provider's
    /// operation, to be polled, where it works on.
    ///
    /// # Errors
    /// See [`TargetError`].
    pub async fn clear(&self) -> Result<Option<String>, TargetError> {
        match &self.kind {
            Kind::Holder(_) => Ok(None),
            Kind::Follower(target) => target.clear().await,
        }
    }

    /// What is to be told before a move begins.
    ///
    /// # Errors
    /// See [`TargetError`]; nothing was changed.
    pub async fn preflight(&self) -> Result<Vec<Finding>, TargetError> {
        match &self.kind {
            Kind::Holder(target) => target.preflight().await,
            Kind::Follower(target) => target.preflight().await,
        }
    }

    /// Asks every authoritative server what it answers now. Each answers, fails or times out alone. Empty for targets
    /// that no name server stands for, and for private zones, which answer only inside their networks.
    pub async fn observe(&self) -> Vec<Answer> {
        match &self.kind {
            Kind::Holder(target) => target.observe().await,
            Kind::Follower(_) => Vec::new(),
        }
    }

    /// Asks a recursive resolver, `host[:port]`, for the same name.
    pub async fn ask(&self, resolver: &str) -> Answer {
        match &self.kind {
            Kind::Holder(target) => target.ask(resolver).await,
            Kind::Follower(_) => {
                let outcome = Outcome::Unreachable("this target is no DNS record".to_owned());
                Answer { server: resolver.to_owned(), outcome, serial: None, took: Instant::now().elapsed() }
            }
        }
    }

    /// What a value read means, among the declared colors.
    pub fn means_value(&self, value: Option<&Destination>) -> Meaning {
        meaning(&self.colors, value)
    }

    /// What a server's answer means, among the declared colors; [`Meaning::Gone`] when it points to nothing.
    pub fn means(&self, answer: &Answer) -> Meaning {
        let value = match &self.kind {
            Kind::Holder(target) => target.answered(answer),
            Kind::Follower(_) => answer.value(),
        };
        meaning(&self.colors, value.as_ref())
    }

    /// Why a server's answer can't be told by color, although it points somewhere; `None` when it can, or points to
    /// what no color declares.
    pub fn untold(&self, answer: &Answer) -> Option<Untold> {
        match &self.kind {
            Kind::Holder(target) => target.untold(answer),
            Kind::Follower(_) => None,
        }
    }

    /// Why name servers prove no change of this target, although they can be asked.
    pub fn unproven(&self) -> Option<String> {
        match &self.kind {
            Kind::Holder(target) => target.unproven(),
            Kind::Follower(_) => None,
        }
    }

    /// The authority's clock minus ours in seconds, as its last answer told.
    pub fn clock_skew(&self) -> Option<i64> {
        match &self.kind {
            Kind::Holder(target) => target.clock_skew(),
            Kind::Follower(target) => target.clock_skew(),
        }
    }

    fn holder(&self) -> Result<&Arc<dyn Holder>, TargetError> {
        match &self.kind {
            Kind::Holder(target) => Ok(target),
            Kind::Follower(target) => {
                let why = "it can't keep a ledger: name another place for it".to_owned();
                Err(TargetError::Unfit { target: target.name().to_owned(), why })
            }
        }
    }
}

/// What of `to` the provider can't point to.
fn destinations(provider: &Provider, to: &Colors) -> Vec<ConfigMistake> {
    let (wanted, fits): (_, fn(&Destination) -> bool) = match provider {
        Provider::Rfc2136(_) => ("IPv4 addresses (`ip`)", |to| matches!(to, Destination::Ip(_))),
        Provider::AzureDns(_) => ("addresses, a name or a resource", |to| !matches!(to, Destination::Named(_))),
        Provider::AzurePrivateDns(_) => ("addresses or a name (private zones have no alias records)", |to| {
            matches!(to, Destination::Ip(_) | Destination::Ipv6(_) | Destination::Cname(_))
        }),
        Provider::FrontDoor(_) | Provider::TrafficManager(_) => {
            ("a name (`endpoint`, `originGroup` or `origin`)", |to| matches!(to, Destination::Named(_)))
        }
        Provider::FrontDoorClassic(_) | Provider::ApplicationGateway(_) => {
            ("addresses or a name (`ip`, `cname`)", |to| {
                matches!(to, Destination::Ip(_) | Destination::Ipv6(_) | Destination::Cname(_))
            })
        }
    };
    let kind = provider.kind();
    let wrong = to.iter().filter(|(_, to)| !fits(to));
    wrong
        .map(|(color, to)| ConfigMistake::Destination { kind, color: color.clone(), wanted, found: to.to_string() })
        .collect()
}
