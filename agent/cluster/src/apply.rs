//! Server-side apply of bytes, and the few other requests Teal makes for one object. Answers are decoded to metadata.

use bytes::Bytes;
use http::{Method, Request};
use kube::Client;
use kube::client::Body;
use teal_agent_core::takeover::take_over;
use teal_api::names::{AGENT_MANAGER, SYNC_LABEL};

use crate::error::{ApiError, retry_after};
use crate::kinds::Kind;
use crate::limit::{DEFAULT_CONCURRENCY, Limiter};
use crate::meta::{Meta, Partial};

/// Asks for metadata instead of whole objects: a megabyte of CRD is not sent back to us.
pub(crate) const AS_METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
/// How often a request is tried that the server asked to send later.
const PATIENCE: usize = 8;

/// The agent's hands in one cluster. Cheap to clone.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    limiter: Limiter,
}

/// Where an object is: its kind at the version to speak, namespace (empty when cluster-scoped) and name.
#[derive(Debug, Clone, Copy)]
pub struct Address<'a> {
    /// Kind and version.
    pub kind: &'a Kind,
    /// Namespace; empty when cluster-scoped.
    pub namespace: &'a str,
    /// Name.
    pub name: &'a str,
    /// Its content is secret although it is no Secret.
    pub secret: bool,
}

impl Address<'_> {
    fn path(&self) -> String {
        self.kind.path(self.namespace, self.name)
    }

    /// The server may quote a Secret in its errors.
    fn is_secret(&self) -> bool {
        self.secret || self.kind.group.is_empty() && self.kind.kind == "Secret"
    }
}

/// An accepted apply.
#[derive(Debug, Clone)]
pub struct Applied {
    /// Metadata after it.
    pub meta: Meta,
    /// Whether it made the object.
    pub created: bool,
    /// The server's warnings.
    pub warnings: Vec<String>,
}

impl Cluster {
    /// Works through `client` with the default number of requests at once.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client, limiter: Limiter::new(DEFAULT_CONCURRENCY) }
    }

    /// The client underneath.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// How many requests may be under way at once.
    #[must_use]
    pub fn limiter(&self) -> &Limiter {
        &self.limiter
    }

    /// Applies `body` (JSON) as Teal. Unknown and duplicate fields are errors. `force` takes fields from other managers;
    /// allowed only to repair what was ours before: see [`teal_agent_core::plan`].
    ///
    /// # Errors
    /// Any [`ApiError`]; `Conflict` names each field and its owner.
    pub async fn apply(&self, at: Address<'_>, body: Bytes, force: bool) -> Result<Applied, ApiError> {
        let force = if force { "&force=true" } else { "" };
        let uri = format!("{}?fieldManager={AGENT_MANAGER}&fieldValidation=Strict{force}", at.path());
        match self.patch(at, &uri, "application/apply-patch+yaml", body.clone()).await {
            Err(ApiError::NoServerSideApply) => self.merge_or_create(at, body).await,
            answer => answer,
        }
    }

    /// For API servers without server-side apply (SYNC §4): a merge patch, or a first creation. Nobody tracks fields
    /// there, so there are no conflicts, and a field that git drops stays.
    async fn merge_or_create(&self, at: Address<'_>, body: Bytes) -> Result<Applied, ApiError> {
        let query = format!("fieldManager={AGENT_MANAGER}");
        let uri = format!("{}?{query}", at.path());
        match self.patch(at, &uri, "application/merge-patch+json", body.clone()).await {
            Err(ApiError::NotFound | ApiError::UnknownKind) => {}
            answer => return answer,
        }
        let uri = format!("{}?{query}", at.kind.collection(at.namespace));
        self.write(at, Method::POST, &uri, "application/json", body).await
    }

    /// As [`Cluster::apply`], changing nothing.
    ///
    /// # Errors
    /// As [`Cluster::apply`].
    pub async fn rehearse(&self, at: Address<'_>, body: Bytes) -> Result<Applied, ApiError> {
        let uri = format!("{}?fieldManager={AGENT_MANAGER}&fieldValidation=Strict&dryRun=All", at.path());
        self.patch(at, &uri, "application/apply-patch+yaml", body).await
    }

    /// Merges the fields of known predecessors (kubectl, Flux, Helm, Argo CD …) into our own entry, so that the apply that
    /// follows loses and resurrects nothing. Returns whether there was anything to take over.
    ///
    /// # Errors
    /// `Raced` when the object changed meanwhile; any other [`ApiError`].
    pub async fn take_over(&self, at: Address<'_>) -> Result<bool, ApiError> {
        let request = || Request::get(at.path()).header(http::header::ACCEPT, AS_METADATA).body(Body::empty());
        let live: serde_json::Value = read(&self.send(request, at.is_secret()).await?.body)?;
        let entries = live.pointer("/metadata/managedFields").and_then(serde_json::Value::as_array);
        let entries = entries.map(Vec::as_slice).unwrap_or_default();
        let Some(mut merged) = take_over(entries, AGENT_MANAGER, &at.kind.api_version()) else { return Ok(false) };
        // Our entry must not look as old as the object: that is how what we made ourselves is told after a crash.
        if let Some(ours) = merged.first_mut() {
            let made = live.pointer("/metadata/creationTimestamp").and_then(serde_json::Value::as_str);
            let made = made.and_then(|text| text.parse::<jiff::Timestamp>().ok()).unwrap_or_default();
            let later = made.checked_add(jiff::SignedDuration::from_secs(5)).unwrap_or(made);
            let seconds = jiff::Timestamp::now().max(later).as_second();
            ours["time"] = jiff::Timestamp::from_second(seconds).unwrap_or(later).to_string().into();
        }
        let patch = serde_json::json!([
            {"op": "test", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
            {"op": "replace", "path": "/metadata/managedFields", "value": merged},
        ]);
        let uri = format!("{}?fieldManager={AGENT_MANAGER}", at.path());
        self.patch(at, &uri, "application/json-patch+json", Bytes::from(patch.to_string())).await?;
        Ok(true)
    }

    /// Reads an object's metadata; `None` when there is no such object.
    ///
    /// # Errors
    /// Any [`ApiError`] but `NotFound`.
    pub async fn metadata(&self, at: Address<'_>) -> Result<Option<Meta>, ApiError> {
        let request = || Request::get(at.path()).header(http::header::ACCEPT, AS_METADATA).body(Body::empty());
        match self.send(request, at.is_secret()).await {
            Ok(answer) => Ok(Some(decode(&answer.body)?)),
            Err(ApiError::NotFound | ApiError::UnknownKind | ApiError::NoNamespace { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads a whole object; `None` when there is no such object.
    ///
    /// # Errors
    /// Any [`ApiError`] but `NotFound`.
    pub async fn object(&self, at: Address<'_>) -> Result<Option<serde_json::Value>, ApiError> {
        let request = || Request::get(at.path()).body(Body::empty());
        match self.send(request, at.is_secret()).await {
            Ok(answer) => read(&answer.body).map(Some),
            Err(ApiError::NotFound | ApiError::UnknownKind | ApiError::NoNamespace { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Deletes exactly the object with this UID, in the background; `false` when it was gone already.
    ///
    /// # Errors
    /// `Raced` when the object has another UID now; any other [`ApiError`].
    pub async fn delete(&self, at: Address<'_>, uid: &str) -> Result<bool, ApiError> {
        let options = serde_json::json!({
            "apiVersion": "v1", "kind": "DeleteOptions",
            "preconditions": {"uid": uid}, "propagationPolicy": "Background",
        });
        let body = Bytes::from(options.to_string());
        let request = || {
            Request::delete(at.path())
                .header(http::header::CONTENT_TYPE, "application/json")
                .header(http::header::ACCEPT, AS_METADATA)
                .body(Body::from(body.clone()))
        };
        match self.send(request, at.is_secret()).await {
            Ok(_) => Ok(true),
            Err(ApiError::NotFound | ApiError::UnknownKind) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// How many objects of this kind exist, in all namespaces; 0 when it is not served (any more).
    ///
    /// # Errors
    /// Any [`ApiError`].
    pub async fn instances(&self, kind: &Kind) -> Result<u64, ApiError> {
        let uri = format!("{}?limit=1", kind.collection(""));
        let accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
        let request = || Request::get(&uri).header(http::header::ACCEPT, accept).body(Body::empty());
        #[derive(serde::Deserialize)]
        struct List {
            #[serde(default)]
            metadata: Page,
            items: Option<Vec<serde::de::IgnoredAny>>,
        }
        #[derive(serde::Deserialize, Default)]
        #[serde(default, rename_all = "camelCase")]
        struct Page {
            remaining_item_count: u64,
        }
        match self.send(request, false).await {
            Ok(answer) => {
                let list: List = read(&answer.body)?;
                let shown = list.items.map_or(0, |items| items.len());
                Ok(list.metadata.remaining_item_count + u64::try_from(shown).unwrap_or(u64::MAX))
            }
            Err(ApiError::NotFound | ApiError::UnknownKind) => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Metadata of every object of a kind that carries `sync`'s label.
    ///
    /// # Errors
    /// Any [`ApiError`]; a kind that went away meanwhile has no objects.
    pub async fn labelled(&self, kind: &Kind, sync: &str) -> Result<Vec<Meta>, ApiError> {
        let uri = format!("{}?labelSelector={}%3D{sync}", kind.collection(""), SYNC_LABEL.replace('/', "%2F"));
        let accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
        let request = || Request::get(&uri).header(http::header::ACCEPT, accept).body(Body::empty());
        #[derive(serde::Deserialize)]
        struct List {
            // `null` when there are none.
            items: Option<Vec<Partial>>,
        }
        match self.send(request, false).await {
            Ok(answer) => Ok(read::<List>(&answer.body)?
                .items
                .unwrap_or_default()
                .into_iter()
                .map(|item| item.metadata)
                .collect()),
            Err(ApiError::NotFound | ApiError::UnknownKind) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    async fn patch(&self, at: Address<'_>, uri: &str, kind: &str, body: Bytes) -> Result<Applied, ApiError> {
        self.write(at, Method::PATCH, uri, kind, body).await
    }

    async fn write(
        &self,
        at: Address<'_>,
        method: Method,
        uri: &str,
        kind: &str,
        body: Bytes,
    ) -> Result<Applied, ApiError> {
        let request = || {
            Request::builder()
                .method(method.clone())
                .uri(uri)
                .header(http::header::CONTENT_TYPE, kind)
                .header(http::header::ACCEPT, AS_METADATA)
                .body(Body::from(body.clone()))
        };
        let answer = self.send(request, at.is_secret()).await?;
        Ok(Applied { meta: decode(&answer.body)?, created: answer.status == 201, warnings: answer.warnings })
    }

    /// Sends until the server takes it, as long as it only asks for patience.
    async fn send(
        &self,
        request: impl Fn() -> Result<Request<Body>, http::Error>,
        secret: bool,
    ) -> Result<Answer, ApiError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let request = request().map_err(|error| ApiError::Unreadable { message: error.to_string() })?;
            let place = self.limiter.place().await;
            let answer = exchange(&self.client, request, secret).await;
            drop(place);
            match answer {
                Err(ApiError::TooManyRequests { retry_after }) if tries < PATIENCE => {
                    self.limiter.too_many();
                    tokio::time::sleep(std::time::Duration::from_secs(u64::from(retry_after.clamp(1, 10)))).await;
                }
                Ok(answer) => {
                    self.limiter.went_well();
                    return Ok(answer);
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// What came back from a request that succeeded.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
    pub(crate) warnings: Vec<String>,
}

/// One request, one answer.
pub(crate) async fn exchange(client: &Client, request: Request<Body>, secret: bool) -> Result<Answer, ApiError> {
    let response = client.send(request).await.map_err(ApiError::from_transport)?;
    let (status, wait) = (response.status(), retry_after(&response));
    let warnings = response.headers().get_all(http::header::WARNING).iter().filter_map(warning).collect();
    let body = response.into_body().collect_bytes().await.map_err(ApiError::from_transport)?;
    if status.is_success() {
        Ok(Answer { status: status.as_u16(), body, warnings })
    } else {
        Err(ApiError::from_answer(status.as_u16(), &body, wait, secret))
    }
}

/// `299 - "text"`: the text.
fn warning(value: &http::HeaderValue) -> Option<String> {
    let text = value.to_str().ok()?;
    let quoted = text.splitn(3, ' ').nth(2)?.trim();
    Some(quoted.trim_matches('"').replace("\\\"", "\""))
}

fn decode(body: &[u8]) -> Result<Meta, ApiError> {
    Ok(read::<Partial>(body)?.metadata)
}

fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    // serde's message names a place in the answer, never its content.
    serde_json::from_slice(body).map_err(|error| ApiError::Unreadable { message: format!("line {}", error.line()) })
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use http::Response;
    use serde_json::json;

    use super::*;

    /// An API server that knows no server-side apply and tracks no fields.
    fn old_server(exists: bool) -> (Cluster, Arc<Mutex<Vec<String>>>) {
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let asked = log.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let kind = request.headers().get(http::header::CONTENT_TYPE).map(|kind| kind.to_str().unwrap().to_owned());
            let kind = kind.unwrap_or_default();
            asked.lock().unwrap().push(format!("{} {} {kind}", request.method(), request.uri().path()));
            let code = match (request.method(), kind.as_str()) {
                (&Method::PATCH, "application/merge-patch+json") if exists => 200,
                (&Method::PATCH, "application/merge-patch+json") => 404,
                (&Method::POST, _) => 201,
                _ => 415,
            };
            let body = match code {
                404 => json!({"kind": "Status", "code": 404, "details": {"name": "m", "kind": "metrics"}}),
                415 => json!({"kind": "Status", "code": 415, "reason": "UnsupportedMediaType"}),
                _ => {
                    json!({"metadata": {"name": "m", "uid": "u", "generation": 3, "annotations": {"teal.dev/owner": "main/u/old.example/Metric/shop/m"}}})
                }
            };
            let answer = Response::builder().status(code).body(Body::from(body.to_string().into_bytes())).unwrap();
            async move { Ok::<_, std::io::Error>(answer) }
        });
        (Cluster::new(Client::new(service, "default")), log)
    }

    #[tokio::test]
    async fn an_api_server_without_server_side_apply_gets_a_merge_patch_or_a_creation() {
        let kind = Kind {
            group: "old.example".into(),
            version: "v1".into(),
            kind: "Metric".into(),
            plural: "metrics".into(),
            namespaced: true,
            watchable: true,
            scalable: false,
        };
        let at = Address { kind: &kind, namespace: "shop", name: "m", secret: false };
        let one = "/apis/old.example/v1/namespaces/shop/metrics/m";
        let patches = |kind: &str| format!("PATCH {one} application/{kind}");
        let tries = [patches("apply-patch+yaml"), patches("merge-patch+json")];
        for exists in [true, false] {
            let (cluster, log) = old_server(exists);
            let applied = cluster.apply(at, Bytes::from_static(b"{}"), false).await.unwrap();
            assert_eq!(applied.created, !exists);
            assert!(applied.meta.own_fields().is_some(), "it is known again, by its generation");
            let mut want = tries.to_vec();
            want.extend((!exists).then(|| "POST /apis/old.example/v1/namespaces/shop/metrics application/json".into()));
            assert_eq!(*log.lock().unwrap(), want);
        }
    }
}
