//! The steps themselves. Each is safe to repeat: ledgers are compared and set, and ARM is asked for what is not so yet.

use ring::rand::{SecureRandom as _, SystemRandom};
use teal_azure::aks::Aks;
use teal_azure::{AzureError, Condition, Needs, Operation, Progress, versions};
use teal_switcher::switch::WriteError;
use teal_switcher_core::ledger::Stage;
use teal_switcher_core::retire::Act;
use teal_switcher_core::step::Write;
use teal_switcher_core::{Ledger, Retirement as Retiring};

use crate::error::RetireError;
use crate::gather::{Gathered, Held};
use crate::outcome::Event;
use crate::retirement::{Doubt, Retirement, Unsure};

type Tell<'a> = &'a mut (dyn FnMut(Event) + Send);

impl Retirement {
    /// Does one step. What is not known afterwards is seen at the next look.
    pub(crate) async fn act(&self, act: &Act, gathered: &Gathered, tell: Tell<'_>) -> Result<Doubt, RetireError> {
        let now = gathered.facts.now_ms;
        match act {
            Act::Enter(names) => {
                let op = operation_id(gathered)?;
                let enter = |held: &Held| {
                    let next = held.ledger.retire(&self.color_in(&held.switch), &self.by, &op, now);
                    let refused = |why: String| RetireError::Ledger { switch: held.switch.clone(), why };
                    let next = next.map_err(|refusal| refused(refusal.to_string()))?;
                    Ok((next, Event::NoWayBack { switch: held.switch.clone() }))
                };
                swap_all(gathered, names, tell, enter).await
            }
            Act::NoteStopped { switches, until_ms } => {
                let stopped = |held: &Held| {
                    let event = Event::Stopped { switch: held.switch.clone(), until_ms: *until_ms };
                    Ok((held.ledger.stopped(*until_ms, now), event))
                };
                swap_all(gathered, switches, tell, stopped).await
            }
            Act::Condemn(names) => {
                let condemned =
                    |held: &Held| Ok((held.ledger.condemned(now), Event::Condemned { switch: held.switch.clone() }));
                swap_all(gathered, names, tell, condemned).await
            }
            Act::Prove(names) => {
                // One stop, one id.
                let op = those(gathered, names).next().map(|held| held.ledger.op.clone()).unwrap_or_default();
                let proved =
                    |held: &Held| Ok((held.ledger.proved(&op, now), Event::Proved { switch: held.switch.clone() }));
                swap_all(gathered, names, tell, proved).await
            }
            Act::Finish(names) => self.finish(names, gathered, tell).await,
            Act::Reopen(names) => self.reopen(names, gathered, tell).await,
            Act::Stop => {
                tell(Event::Stopping);
                let begun = self.client.stop_cluster(&self.aks).await;
                self.follow("stopping the cluster", begun).await
            }
            Act::Delete => {
                tell(Event::Deleting);
                // What the guard has judged is what goes: a cluster that was changed in between is looked at again.
                let condition = gathered.etag.clone().map_or(Condition::None, Condition::IfMatch);
                let begun = self.client.delete_cluster(&self.aks, condition).await;
                self.follow("deleting the cluster", begun).await
            }
            Act::AwaitStopped => self.settle("stopping the cluster", tell).await,
            Act::AwaitGone => self.settle("deleting the cluster", tell).await,
            Act::Refuse | Act::Wait { .. } | Act::Done => Ok(None),
        }
    }

    /// Takes ledgers back to Steady.
    pub(crate) async fn finish(
        &self,
        names: &[String],
        gathered: &Gathered,
        tell: Tell<'_>,
    ) -> Result<Doubt, RetireError> {
        let retired = |held: &Held| {
            Ok((held.ledger.retired(gathered.facts.now_ms), Event::Steady { switch: held.switch.clone() }))
        };
        swap_all(gathered, names, tell, retired).await
    }

    /// Takes ledgers back to where the cluster is not known to be stopped.
    pub(crate) async fn reopen(
        &self,
        names: &[String],
        gathered: &Gathered,
        tell: Tell<'_>,
    ) -> Result<Doubt, RetireError> {
        let random = random()?;
        let reopened = |held: &Held| {
            // About the same cluster as before, whatever runs there now.
            let before = held.ledger.retirement();
            let op = Retiring::id(random, before.as_ref().and_then(Retiring::cluster));
            let event = Event::Reopened { switch: held.switch.clone() };
            Ok((held.ledger.reopened(&op, gathered.facts.now_ms), event))
        };
        swap_all(gathered, names, tell, reopened).await
    }

    pub(crate) async fn start(&self, tell: Tell<'_>) -> Result<Doubt, RetireError> {
        tell(Event::Starting);
        let begun = self.client.start_cluster(&self.aks).await;
        self.follow("starting the cluster", begun).await
    }

    /// Waits for whatever is at work on the cluster: nobody knows its operation any more.
    pub(crate) async fn settle(&self, what: &'static str, tell: Tell<'_>) -> Result<Doubt, RetireError> {
        tell(Event::Awaiting);
        let operation = Operation::Resource { id: self.aks.id.clone(), version: versions::AKS };
        self.wait(what, &operation).await
    }

    async fn follow(
        &self,
        what: &'static str,
        begun: Result<Option<Operation>, AzureError>,
    ) -> Result<Doubt, RetireError> {
        match begun {
            Ok(None) => Ok(None),
            Ok(Some(operation)) => self.wait(what, &operation).await,
            // Another operation, another's change, or an answer that was lost: the next look tells.
            Err(error) if error.outcome_unknown() => self.doubt(&error).await,
            Err(error @ (AzureError::Busy { .. } | AzureError::Changed { .. })) => self.doubt(&error).await,
            Err(source) => Err(RetireError::Arm { what, source }),
        }
    }

    /// The next look may come too soon to see what came of it.
    async fn doubt(&self, error: &AzureError) -> Result<Doubt, RetireError> {
        tokio::time::sleep(self.pace.every).await;
        Ok(Some(Unsure { why: error.to_string(), transient: error.transient() || error.outcome_unknown() }))
    }

    async fn wait(&self, what: &'static str, operation: &Operation) -> Result<Doubt, RetireError> {
        let Aks { id } = &self.aks;
        let needs = Needs { role: "Reader", scope: id.to_string() };
        let waited = self.client.wait("aks", operation, needs, self.pace.every, self.pace.patience).await;
        match waited.map_err(|source| RetireError::Arm { what, source })? {
            Some(Progress::Failed { code, message }) => Err(RetireError::Failed { what, code, message }),
            Some(_) => Ok(None),
            None => Err(RetireError::Slow { what, minutes: self.pace.patience.as_secs() / 60 }),
        }
    }

    fn color_in(&self, switch: &str) -> teal_switcher_core::Color {
        let named = self.switches.iter().find(|named| named.switch.name == switch);
        named.map_or_else(|| self.name.as_str().into(), |named| named.color.as_str().into())
    }
}

fn those<'a>(gathered: &'a Gathered, names: &'a [String]) -> impl Iterator<Item = &'a Held> {
    gathered.held.iter().filter(|held| names.contains(&held.switch))
}

/// Swaps in what `change` makes of each of these ledgers, one after the other; the last doubt is told.
async fn swap_all(
    gathered: &Gathered,
    names: &[String],
    tell: Tell<'_>,
    change: impl Fn(&Held) -> Result<(Ledger, Event), RetireError>,
) -> Result<Doubt, RetireError> {
    let mut doubt = None;
    for held in those(gathered, names) {
        let (next, event) = change(held)?;
        doubt = swap(held, next, event, tell).await?.or(doubt);
    }
    Ok(doubt)
}

/// Swaps a ledger in against exactly what was looked at. A lost race, or a lost answer, is seen at the next look.
async fn swap(held: &Held, next: Ledger, event: Event, tell: Tell<'_>) -> Result<Doubt, RetireError> {
    let error = match held.route.write(&held.routed, &Write { next, change: None }).await {
        Ok(_) => {
            tell(event);
            return Ok(None);
        }
        Err(error) => error,
    };
    let lost = matches!(&error, WriteError::Target(error) if error.outcome_unknown());
    if error.raced() || lost {
        return Ok(Some(Unsure { why: error.to_string(), transient: lost }));
    }
    Err(RetireError::Ledger { switch: held.switch.clone(), why: error.to_string() })
}

/// The retirement's id: that of a ledger which is past the point of no return and not past the stop, or a new one: what was
/// noted of an earlier stop says nothing of the next one.
fn operation_id(gathered: &Gathered) -> Result<String, RetireError> {
    let mut under_way = gathered.held.iter().filter_map(|held| held.ledger.retirement());
    if let Some(one) = under_way.find(|one| one.stage == Stage::Stopping) {
        return Ok(one.op);
    }
    Ok(Retiring::id(random()?, gathered.facts.fingerprint.as_deref()))
}

fn random() -> Result<u64, RetireError> {
    let mut bytes = [0_u8; 8];
    SystemRandom::new().fill(&mut bytes).map_err(|_| RetireError::Entropy)?;
    Ok(u64::from_be_bytes(bytes))
}
