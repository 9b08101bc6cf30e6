//! Asks the API server, as an ordinary user and without changing anything, whether a change would be admitted.

use http::Request;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use teal_api::names::PROBE_USER;

use crate::apply::exchange;
use crate::error::ApiError;
use crate::freeze::policy::DENIAL;

/// What a probe found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// Refused by the freeze, in these words.
    Denied(String),
    /// An ordinary change would have been made.
    Admitted,
    /// Neither is proven: no answer, or refused by something else.
    Unclear(String),
}

/// Where the probes' connections come from. A pooled connection ends at one API server of several, so each probe has its own.
#[derive(Clone)]
pub enum Connections {
    /// A new client, thus a new connection, a probe.
    Fresh(Box<kube::Config>),
    /// The client at hand, for want of a configuration; each request asks for its connection to be closed.
    Pooled(Client),
}

impl Connections {
    fn client(&self) -> Result<Client, ApiError> {
        match self {
            Self::Fresh(config) => Client::try_from((**config).clone()).map_err(ApiError::from_transport),
            Self::Pooled(client) => Ok(client.clone()),
        }
    }
}

/// Asks once: in turn for a Deployment and for a Namespace, so that both scopes are covered.
pub(crate) async fn probe(connections: &Connections, round: u32) -> Probe {
    let (path, body) = if round.is_multiple_of(2) { deployment() } else { namespace() };
    let client = match connections.client() {
        Ok(client) => client,
        Err(error) => return Probe::Unclear(error.to_string()),
    };
    let request = Request::post(format!("{path}?dryRun=All&fieldManager=teal-freeze-probe"))
        .header(http::header::CONTENT_TYPE, "application/json")
        .header(http::header::CONNECTION, "close")
        .header("Impersonate-User", PROBE_USER)
        .body(Body::from(body.to_string().into_bytes()));
    let request = match request {
        Ok(request) => request,
        Err(error) => return Probe::Unclear(error.to_string()),
    };
    match exchange(&client, request, false).await {
        Ok(_) => Probe::Admitted,
        Err(ApiError::Forbidden { message }) if message.contains(DENIAL) => Probe::Denied(message),
        Err(error) => Probe::Unclear(error.to_string()),
    }
}

fn deployment() -> (&'static str, Value) {
    let labels = json!({"app": "teal-freeze-probe"});
    let spec = json!({
        "replicas": 0, "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "probe", "image": "probe"}]}},
    });
    let metadata = json!({"generateName": "teal-freeze-probe-"});
    let body = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec});
    ("/apis/apps/v1/namespaces/default/deployments", body)
}

fn namespace() -> (&'static str, Value) {
    (
        "/api/v1/namespaces",
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"generateName": "teal-freeze-probe-"}}),
    )
}
