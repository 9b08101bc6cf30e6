//! One color's retirement. It keeps nothing: ledgers and cluster tell how far it is, so whoever runs it again goes on.

use std::time::Duration;

use teal_api::colors::{Color, Colors, Executor};
use teal_api::switch::Switch;
use teal_azure::aks::Aks;
use teal_azure::{Client, ResourceId};
use teal_switcher::azure::Azure;
use teal_switcher::secrets::Secrets;
use teal_switcher_core::retire::{Act, Facts, Finding, Policy, Revive, next, revive};

use crate::documents;
use crate::error::RetireError;
use crate::gather::{Gathered, gather};
use crate::outcome::{Consent, End, Event, Turn};
use crate::upstream::Sources;

/// How often the same step may change nothing.
const TRIES: u32 = 5;
/// Longest sleep while the scream time is waited for.
const NAP: Duration = Duration::from_secs(60);

/// With whose keys it is done.
#[derive(Debug, Clone)]
pub struct Access {
    /// Secrets of ledgers that are sealed, and of RFC 2136 targets.
    pub secrets: Secrets,
    /// Azure, by the credentials of whoever runs this.
    pub azure: Azure,
    /// Client id of the identity that is used, as far as the environment names one.
    pub client_id: Option<String>,
    /// Who runs it; stands in the ledgers.
    pub by: String,
    /// The declarations whose remotes are asked before each step; `None`: whoever runs this vouches for the files.
    pub git: Option<Sources>,
}

/// How operations are waited for.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Time between two polls where Azure names none.
    pub every: Duration,
    /// Longest wait for one operation.
    pub patience: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { every: Duration::from_secs(5), patience: Duration::from_secs(3600) }
    }
}

/// Why it is not known what came of a step; `None` when it was done.
pub(crate) type Doubt = Option<Unsure>;

/// It is not known what came of a step.
#[derive(Debug, Clone)]
pub(crate) struct Unsure {
    pub(crate) why: String,
    /// May it be known later, without anybody's doing?
    pub(crate) transient: bool,
}

fn stuck(what: String, times: u32, doubt: Doubt) -> RetireError {
    let undone = || Unsure { why: "it was done, and undone by someone else".to_owned(), transient: false };
    let Unsure { why, transient } = doubt.unwrap_or_else(undone);
    RetireError::Stuck { what, times, why, transient }
}

/// A Switch, and what it calls the color.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    pub(crate) switch: Switch,
    pub(crate) color: String,
    pub(crate) same_identity: bool,
}

/// One color's retirement.
#[derive(Debug, Clone)]
pub struct Retirement {
    pub(crate) name: String,
    pub(crate) color: Color,
    pub(crate) aks: Aks,
    pub(crate) switches: Vec<Named>,
    pub(crate) strangers: Vec<String>,
    pub(crate) secrets: Secrets,
    pub(crate) azure: Azure,
    pub(crate) client: Client,
    pub(crate) by: String,
    pub(crate) git: Option<Sources>,
    pub(crate) pace: Pace,
}

/// What was seen, and what follows.
#[derive(Debug, Clone)]
pub struct Look {
    /// All that was looked at.
    pub facts: Facts,
    /// All that was found, what refuses first.
    pub findings: Vec<Finding>,
    /// What is to be done next.
    pub act: Act,
}

impl Retirement {
    /// Prepares the retirement of a color; nothing is sent. `switches`: all that there are, those that do not name the
    /// cluster are left aside.
    ///
    /// # Errors
    /// A color that is not declared, or an identity that can't be used.
    pub fn new(colors: &Colors, color: &str, switches: Vec<Switch>, access: Access) -> Result<Self, RetireError> {
        let Some(declared) = colors.colors.get(color) else {
            let known = colors.colors.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            return Err(RetireError::NoColor { color: color.to_owned(), known });
        };
        let wrong = |why: String| RetireError::Cluster { color: color.to_owned(), why };
        let id: ResourceId =
            declared.cluster.parse().map_err(|error: teal_azure::id::IdError| wrong(error.to_string()))?;
        let aks = Aks::new(id).map_err(|error| wrong(error.to_string()))?;
        let client = access.azure.client(&colors.azure)?;
        let own = colors.azure.client_id.clone().or(access.client_id);
        let named: Vec<Named> = switches
            .into_iter()
            .filter_map(|switch| {
                let color = documents::names(&switch, color, &declared.cluster)?;
                let theirs = switch.azure.client_id.as_ref();
                let same_identity = theirs.zip(own.as_ref()).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b));
                // Read with the identity of whoever runs this, never with the switcher's.
                let switch = Switch { azure: colors.azure.clone(), ..switch };
                Some(Named { switch, color, same_identity })
            })
            .collect();
        let there = |name: &&String| !named.iter().any(|one| one.switch.name == **name);
        let strangers = declared.switches.iter().filter(there).cloned().collect();
        Ok(Self {
            name: color.to_owned(),
            color: declared.clone(),
            aks,
            switches: named,
            strangers,
            secrets: access.secrets,
            azure: access.azure,
            client,
            by: access.by,
            git: access.git,
            pace: Pace::default(),
        })
    }

    /// The same, waiting for operations at another pace.
    #[must_use]
    pub fn paced(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// What is declared of the color's end.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy { retention: self.color.retention, scream: self.color.scream }
    }

    /// The color's cluster.
    #[must_use]
    pub fn cluster(&self) -> &str {
        &self.color.cluster
    }

    /// Who stops and deletes it.
    #[must_use]
    pub fn executor(&self) -> Executor {
        self.color.executor
    }

    /// Names of the Switches that name the cluster.
    pub fn switches(&self) -> impl Iterator<Item = &str> {
        self.switches.iter().map(|named| named.switch.name.as_str())
    }

    /// Looks at everything once; nothing is changed.
    pub async fn look(&self) -> Look {
        self.seen().await.0
    }

    async fn seen(&self) -> (Look, Gathered) {
        let gathered = gather(self).await;
        let decided = next(&gathered.facts, &self.policy());
        let look = Look { facts: gathered.facts.clone(), findings: decided.findings, act: decided.act };
        (look, gathered)
    }

    /// Goes on until nothing can be done now; everything is looked at again before each step. `wait`: also through the
    /// scream time. It ends before the first step that goes beyond `consent`, whatever was seen before.
    ///
    /// # Errors
    /// See [`RetireError`]; it goes on when it is run again.
    pub async fn run(
        &self,
        wait: bool,
        consent: Consent,
        tell: &mut (dyn FnMut(Event) + Send),
    ) -> Result<End, RetireError> {
        let (mut last, mut times, mut doubt) = (None, 0, Doubt::None);
        loop {
            let (look, gathered) = self.seen().await;
            let cluster = self.cluster().to_owned();
            match &look.act {
                Act::Refuse => return Ok(End::Refused { findings: look.findings }),
                Act::Done => return Ok(End::Done),
                act if needs(act) > consent => {
                    return Ok(End::Unconfirmed { deletes: needs(act) == Consent::Delete });
                }
                Act::Wait { until_ms } if !wait => return Ok(End::Screams { until_ms: *until_ms }),
                Act::Wait { until_ms } => {
                    self.sleep(until_ms.saturating_sub(gathered.facts.now_ms)).await;
                    continue;
                }
                Act::Stop if self.executor() == Executor::Pipeline => {
                    return Ok(End::YourTurn { turn: Turn::Stop, cluster });
                }
                Act::Delete if self.executor() == Executor::Pipeline => {
                    return Ok(End::YourTurn { turn: Turn::Delete, cluster });
                }
                _ => {}
            }
            times = if last.as_ref() == Some(&look.act) { times + 1 } else { 0 };
            if times >= TRIES {
                return Err(stuck(format!("{:?}", look.act), times, doubt));
            }
            doubt = self.act(&look.act, &gathered, tell).await?;
            match &look.act {
                _ if doubt.is_some() => {}
                Act::Reopen(_) => return Ok(End::Refused { findings: look.findings }),
                // Of what has ended there is nothing to look at: not even its group may be there.
                Act::Finish(_) => return Ok(End::Done),
                _ => {}
            }
            last = Some(look.act);
        }
    }

    /// Sleeps for so many milliseconds, looking now and then whether there is still nothing else to do. git is asked when
    /// something is to be done.
    async fn sleep(&self, mut left_ms: u64) {
        let of = Self { git: None, ..self.clone() };
        loop {
            tokio::time::sleep(Duration::from_millis(left_ms).min(NAP)).await;
            match of.look().await {
                Look { act: Act::Wait { until_ms }, facts, .. } => {
                    left_ms = until_ms.saturating_sub(facts.now_ms);
                }
                _ => return,
            }
        }
    }

    /// Someone has screamed: starts the cluster again, and takes its Switches back to Steady.
    ///
    /// # Errors
    /// See [`RetireError`]; it is too late once ARM deletes the cluster.
    pub async fn revive(&self, tell: &mut (dyn FnMut(Event) + Send)) -> Result<End, RetireError> {
        let (mut last, mut times, mut doubt) = (None, 0, Doubt::None);
        // Going back needs no git (G4).
        let of = Self { git: None, ..self.clone() };
        loop {
            let gathered = gather(&of).await;
            let step = revive(&gathered.facts);
            times = if last.as_ref() == Some(&step) { times + 1 } else { 0 };
            if times >= TRIES {
                return Err(stuck(format!("{step:?}"), times, doubt));
            }
            doubt = match &step {
                Revive::Nothing => return Ok(End::Revived),
                Revive::Refuse(why) => {
                    return Err(RetireError::NotRevived { color: self.name.clone(), why: why.clone() });
                }
                Revive::Start if self.executor() == Executor::Pipeline => {
                    return Ok(End::YourTurn { turn: Turn::Start, cluster: self.cluster().to_owned() });
                }
                Revive::Reopen(names) => self.reopen(names, &gathered, tell).await?,
                Revive::Start => self.start(tell).await?,
                Revive::Await => self.settle("the cluster's operation", tell).await?,
                Revive::Finish(names) => self.finish(names, &gathered, tell).await?,
            };
            last = Some(step);
        }
    }
}

/// What has to be agreed to before this step.
fn needs(act: &Act) -> Consent {
    match act {
        Act::Condemn(_) | Act::Delete => Consent::Delete,
        Act::Enter(_) => Consent::NoWayBack,
        _ => Consent::GoOn,
    }
}
