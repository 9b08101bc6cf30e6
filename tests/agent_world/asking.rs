//! Questions about a Sync, its units and the objects it made.

use anyhow::Result;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use serde_json::Value;
use teal_api::sync::{SyncObject, SyncStatus};
use teal_api::unit::UnitObject;

use super::{World, api, eventually, ready, text};

impl World {
    pub(crate) fn syncs(&self) -> Api<SyncObject> {
        Api::all(self.client.clone())
    }

    pub(crate) async fn status(&self) -> Result<SyncStatus> {
        Ok(self.syncs().get(&self.name).await?.status.unwrap_or_default())
    }

    /// The status of the unit at `path`.
    pub(crate) async fn unit(&self, path: &str) -> Result<Option<UnitObject>> {
        let units = Api::<UnitObject>::all(self.client.clone()).list(&Default::default()).await?;
        Ok(units.items.into_iter().find(|unit| unit.spec.sync == self.name && unit.spec.path == path))
    }

    /// Waits until everything is as `commit` declares.
    pub(crate) async fn synced(&self, commit: &str) -> Result<SyncStatus> {
        self.until(&format!("commit {commit} is in force"), |status| {
            status.revision.as_deref() == Some(commit) && ready(status).is_some_and(|(ready, ..)| ready)
        })
        .await
    }

    /// Waits until `Ready` is false for this reason, and returns its message.
    pub(crate) async fn refused(&self, reason: &str) -> Result<String> {
        let told = |status: &SyncStatus| ready(status).is_some_and(|(ready, why, _)| !ready && why == reason);
        let status = self.until(&format!("Ready is false because of {reason}"), told).await?;
        Ok(ready(&status).map(|(_, _, message)| message.to_owned()).unwrap_or_default())
    }

    /// Waits until the Sync's status is as wanted.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&SyncStatus) -> bool) -> Result<SyncStatus> {
        eventually(what, async || {
            let status = self.status().await?;
            Ok(if holds(&status) { Ok(status) } else { Err(format!("{status:#?}")) })
        })
        .await
    }

    /// Waits until the unit at `path` has a problem for this reason, and returns its message.
    pub(crate) async fn problem(&self, path: &str, reason: &str) -> Result<String> {
        eventually(&format!("unit {path} tells of {reason}"), async || {
            let unit = self.unit(path).await?;
            let status = unit.and_then(|unit| unit.status).unwrap_or_default();
            let found = status.problems.iter().find(|problem| problem.reason == reason);
            Ok(match found {
                Some(problem) => Ok(format!("{}: {}", problem.subject, problem.message)),
                None => Err(format!("{status:#?}")),
            })
        })
        .await
    }

    /// Waits until the unit at `path` has a problem for this reason that is told in these words. What a server on the way
    /// did not answer in time is told for the same reason, in others.
    pub(crate) async fn problem_in_words(&self, path: &str, reason: &str, words: &str) -> Result<String> {
        eventually(&format!("unit {path} tells of {reason}: {words}"), async || {
            let told = self.problem(path, reason).await?;
            Ok(if told.contains(words) { Ok(told) } else { Err(told) })
        })
        .await
    }

    /// A live object, or nothing. `kind` is such as `apps/v1/Deployment`, `v1/ConfigMap`.
    pub(crate) async fn get(&self, kind: &str, namespace: &str, name: &str) -> Result<Option<DynamicObject>> {
        match self.api(kind, namespace).get_opt(name).await {
            Ok(found) => Ok(found),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) fn api(&self, kind: &str, namespace: &str) -> Api<DynamicObject> {
        api(self.client.clone(), kind, namespace)
    }

    /// Creates an object as somebody else, by `manager`.
    pub(crate) async fn create(&self, manager: &str, object: Value) -> Result<DynamicObject> {
        let kind = format!("{}/{}", text(&object, "/apiVersion"), text(&object, "/kind"));
        let api = self.api(&kind, text(&object, "/metadata/namespace"));
        let params = PostParams { field_manager: Some(manager.to_owned()), ..PostParams::default() };
        Ok(api.create(&params, &serde_json::from_value(object)?).await?)
    }

    /// Changes a live object as somebody else.
    pub(crate) async fn change(&self, manager: &str, kind: &str, at: (&str, &str), patch: Value) -> Result<()> {
        let params = PatchParams { field_manager: Some(manager.to_owned()), ..PatchParams::default() };
        self.api(kind, at.0).patch(at.1, &params, &Patch::Merge(&patch)).await?;
        Ok(())
    }

    pub(crate) async fn delete(&self, kind: &str, namespace: &str, name: &str) -> Result<()> {
        self.api(kind, namespace).delete(name, &DeleteParams::default()).await?;
        Ok(())
    }

    /// Waits until an object exists (or not) and says `true` to `holds`.
    pub(crate) async fn object(
        &self,
        kind: &str,
        at: (&str, &str),
        what: &str,
        holds: impl Fn(Option<&DynamicObject>) -> bool,
    ) -> Result<()> {
        eventually(&format!("{kind} {}/{} {what}", at.0, at.1), async || {
            let found = self.get(kind, at.0, at.1).await?;
            Ok(if holds(found.as_ref()) { Ok(()) } else { Err(format!("{found:#?}")) })
        })
        .await
    }

    /// The messages of the Sync's Events with this reason.
    pub(crate) async fn events(&self, reason: &str) -> Result<Vec<String>> {
        let events = Api::<k8s_openapi::api::events::v1::Event>::all(self.client.clone());
        let all = events.list(&Default::default()).await?;
        let ours = all.items.into_iter().filter(|event| {
            event.regarding.as_ref().is_some_and(|about| about.name.as_deref() == Some(&self.name))
                && event.reason.as_deref() == Some(reason)
        });
        Ok(ours.filter_map(|event| event.note).collect())
    }
}
