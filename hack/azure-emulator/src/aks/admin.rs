//! `/_emulator/kubeconfigs`: which kubeconfig a cluster hands out.

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::CLUSTER;
use super::credentials::KUBECONFIG;
use crate::arm::{Reply, ResourceId};
use crate::provider::OtherCall;
use crate::world::World;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Put {
    /// The cluster's id.
    cluster: ResourceId,
    /// The kubeconfig's text; null takes it away.
    kubeconfig: Option<String>,
}

/// Answers calls of the admin API; `None` for other paths.
pub(super) fn other(world: &mut World, call: &OtherCall<'_>) -> Option<Reply> {
    if call.path != "/_emulator/kubeconfigs" {
        return None;
    }
    let refuse = |status, text: String| Reply::json(status, json!({"error": {"code": "BadRequest", "message": text}}));
    if *call.method != Method::PUT {
        return Some(refuse(StatusCode::METHOD_NOT_ALLOWED, "/_emulator/kubeconfigs takes PUT.".to_owned()));
    }
    // Errors of serde could quote the kubeconfig; say where, not what.
    let put: Put = match serde_json::from_slice(call.body) {
        Ok(put) => put,
        Err(why) => {
            let text =
                format!("The body needs `cluster` (an id) and `kubeconfig` (text); line {} is wrong.", why.line());
            return Some(refuse(StatusCode::BAD_REQUEST, text));
        }
    };
    let Some(old) = world.store.get(&put.cluster).filter(|one| one.id.is(CLUSTER)).cloned() else {
        return Some(refuse(StatusCode::NOT_FOUND, format!("There is no cluster '{}'.", put.cluster)));
    };
    let mut new = (*old).clone();
    match put.kubeconfig {
        Some(text) => new.hidden.insert(KUBECONFIG.to_owned(), Value::String(text)),
        None => new.hidden.remove(KUBECONFIG),
    };
    world.store.amend(new);
    world.touch();
    Some(Reply::empty(StatusCode::NO_CONTENT))
}
