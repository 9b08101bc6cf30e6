//! Long-running operations: begun by a call, ended by time and polls.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::World;
use super::effects::Effect;
use super::faults::{Fault, LroFault};
use crate::arm::{ArmError, Call, ResourceId};

/// How many ended operations are remembered.
const REMEMBERED: usize = 1_000;

/// Where an operation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    /// Running.
    InProgress,
    /// Ended well.
    Succeeded,
    /// Ended badly.
    Failed,
    /// Ended by a caller.
    Canceled,
}

/// What a call begins.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    /// What it is about.
    pub(crate) resource: ResourceId,
    /// Create, Update, Delete or an action's name: for the page.
    pub(crate) verb: &'static str,
    /// What happens when it ends well.
    pub(crate) effects: Vec<Effect>,
    /// What happens when it fails.
    pub(crate) on_failure: Vec<Effect>,
    /// Body of the last answer at `Location` (then 200; without one 204).
    pub(crate) result: Option<Value>,
    /// Its own emulated duration; `None`: as the settings say.
    pub(crate) duration: Option<Duration>,
    /// Namespace and segment of the status URL, such as `Microsoft.Cdn/operationresults`.
    pub(crate) status_path: &'static str,
    /// The same for the `Location` URL.
    pub(crate) result_path: &'static str,
    /// The URLs lie in the resource's group, not only in its subscription.
    pub(crate) group_scoped: bool,
}

/// A long-running operation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Operation {
    /// Its id.
    pub(crate) id: String,
    /// What it is about.
    pub(crate) resource: ResourceId,
    /// What it does.
    pub(crate) verb: String,
    /// Where it stands.
    pub(crate) status: Status,
    /// When it began.
    pub(crate) started: Timestamp,
    /// Not before this it ends.
    pub(crate) due: Timestamp,
    /// When it ended.
    #[serde(default)]
    pub(crate) ended: Option<Timestamp>,
    /// So many polls must still see it running.
    pub(crate) polls_left: u32,
    /// Why it failed, or what it will fail with.
    #[serde(default)]
    pub(crate) error: Option<Value>,
    /// Segment of its status URL: what is not asked there is asked at `Location`.
    #[serde(default)]
    pub(crate) status_segment: String,
    /// Its last answer at `Location`.
    #[serde(default)]
    pub(crate) result: Option<Value>,
    /// Its URLs answer 404.
    #[serde(default)]
    pub(crate) lost: bool,
    /// It never ends.
    #[serde(default)]
    pub(crate) stuck: bool,
    effects: Vec<Effect>,
    on_failure: Vec<Effect>,
}

/// All operations, by id.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Operations(BTreeMap<String, Operation>);

impl Operations {
    /// One of them.
    pub(crate) fn get(&self, id: &str) -> Option<&Operation> {
        self.0.get(&id.to_ascii_lowercase())
    }

    /// All, by id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Operation> {
        self.0.values()
    }

    /// Running ones about a resource.
    pub(crate) fn running<'a>(&'a self, resource: &'a ResourceId) -> impl Iterator<Item = &'a Operation> {
        self.0.values().filter(move |one| one.status == Status::InProgress && one.resource == *resource)
    }

    fn prune(&mut self) {
        while self.0.len() > REMEMBERED {
            let ended = self.0.values().filter(|one| one.status != Status::InProgress);
            let Some(oldest) = ended.min_by_key(|one| one.ended).map(|one| one.id.clone()) else { return };
            self.0.remove(&oldest);
        }
    }
}

/// An operation that has just begun, and where its caller asks after it.
#[derive(Clone, Debug)]
pub(crate) struct Begun {
    /// Where it stands: already ended when nothing slows it down.
    pub(crate) status: Status,
    /// Absolute URL for `Azure-AsyncOperation`.
    pub(crate) status_url: String,
    /// Absolute URL for `Location`.
    pub(crate) result_url: String,
    /// Seconds for `Retry-After`; `None` leaves the header out.
    pub(crate) retry_after: Option<u32>,
}

impl World {
    /// Begins an operation. With neither duration nor polls it ends inside this call: read the resource again
    /// afterwards.
    pub(crate) fn begin(&mut self, call: &Call, work: Work) -> Begun {
        let knobs = self.settings.lro.of(&work.resource.kind());
        let fault = self.pending_lro_fault.take();
        let duration = work.duration.unwrap_or(Duration::try_from_secs_f64(knobs.seconds).unwrap_or(Duration::MAX));
        let id = self.uuid();
        let error = match &fault {
            Some(LroFault::Fails { code, message }) => {
                Some(ArmError::new(http::StatusCode::OK, code, message.clone()).bare())
            }
            _ => None,
        };
        let operation = Operation {
            id: id.clone(),
            resource: work.resource.clone(),
            verb: work.verb.to_owned(),
            status: Status::InProgress,
            started: self.now(),
            due: self.after(duration),
            ended: None,
            polls_left: knobs.polls,
            status_segment: work.status_path.rsplit('/').next().unwrap_or_default().to_owned(),
            error,
            result: work.result.clone(),
            lost: fault == Some(LroFault::Lost),
            stuck: fault == Some(LroFault::NeverEnds),
            effects: work.effects.clone(),
            on_failure: work.on_failure.clone(),
        };
        self.operations.0.insert(id.clone(), operation);
        self.operations.prune();
        self.touch();
        self.operations_due();
        let status = self.operations.get(&id).map_or(Status::Succeeded, |one| one.status);
        let url = |path: &str| crate::arm::lro::poll_url(call, &work, path, &id);
        Begun {
            status_url: url(work.status_path),
            result_url: url(work.result_path),
            retry_after: knobs.retry_after,
            status,
        }
    }

    /// Ends what is due, and lets it have its effects.
    pub(super) fn operations_due(&mut self) {
        let now = self.now();
        let due =
            |one: &Operation| one.status == Status::InProgress && !one.stuck && one.polls_left == 0 && one.due <= now;
        let mut ready: Vec<(Timestamp, String)> =
            self.operations.iter().filter(|one| due(one)).map(|one| (one.due, one.id.clone())).collect();
        ready.sort();
        for (_, id) in ready {
            let Some(operation) = self.operations.0.get_mut(&id) else { continue };
            let failed = operation.error.is_some();
            operation.status = if failed { Status::Failed } else { Status::Succeeded };
            operation.ended = Some(now);
            let on_failure = std::mem::take(&mut operation.on_failure);
            let effects = std::mem::take(&mut operation.effects);
            self.apply(if failed { on_failure } else { effects });
            self.touch();
        }
    }

    /// Somebody asks after an operation: what they see. The poll counts. `None` when there is no such operation.
    pub(crate) fn poll(&mut self, id: &str) -> Option<Operation> {
        let operation = self.operations.0.get_mut(&id.to_ascii_lowercase())?;
        if operation.lost {
            return None;
        }
        let seen = operation.clone();
        operation.polls_left = operation.polls_left.saturating_sub(1);
        self.operations_due();
        Some(seen)
    }

    /// Ends the running operations about a resource as cancelled, without effects but those of failure.
    pub(crate) fn cancel(&mut self, resource: &ResourceId) -> usize {
        let ids: Vec<String> = self.operations.running(resource).map(|one| one.id.clone()).collect();
        for id in &ids {
            let now = self.now();
            let Some(operation) = self.operations.0.get_mut(id) else { continue };
            operation.status = Status::Canceled;
            operation.ended = Some(now);
            let effects = std::mem::take(&mut operation.on_failure);
            self.apply(effects);
            self.touch();
        }
        ids.len()
    }

    /// The faults that belong to operations are kept for the next [`World::begin`] of the same call.
    pub(crate) fn hold_lro_fault(&mut self, fault: Option<&Fault>) {
        self.pending_lro_fault = fault.and_then(Fault::lro);
    }
}
