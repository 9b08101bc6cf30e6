//! Counts every request to the API server by verb and code, whoever sends it.

use std::fmt;
use std::sync::Arc;

use http::{Method, Request};
use kube::Client;
use kube::client::Body;

/// What a request asks for; the label `verb` of `teal_api_requests_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// `GET` of one object, a list or a discovery document.
    Read,
    /// A watch.
    Watch,
    /// Server-side apply.
    Apply,
    /// Any other patch.
    Patch,
    /// `POST`.
    Create,
    /// `PUT`.
    Update,
    /// `DELETE`.
    Delete,
}

impl Verb {
    /// The word in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Watch => "watch",
            Self::Apply => "apply",
            Self::Patch => "patch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// Whether the request changes anything; dry runs count as writes.
    #[must_use]
    pub fn writes(self) -> bool {
        !matches!(self, Self::Read | Self::Watch)
    }

    /// What a request asks for.
    #[must_use]
    pub fn of(request: &Request<Body>) -> Self {
        let applies = || {
            request
                .headers()
                .get(http::header::CONTENT_TYPE)
                .is_some_and(|kind| kind.as_bytes().starts_with(b"application/apply-patch"))
        };
        match *request.method() {
            Method::PATCH if applies() => Self::Apply,
            Method::PATCH => Self::Patch,
            Method::POST => Self::Create,
            Method::PUT => Self::Update,
            Method::DELETE => Self::Delete,
            _ if request.uri().query().is_some_and(|query| query.contains("watch=true")) => Self::Watch,
            _ => Self::Read,
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Called once a request: verb, path without the query, and the status code; 0 when no answer came.
pub type RequestHook = Arc<dyn Fn(Verb, &str, u16) + Send + Sync>;

/// Returns a client that sends through `client` and tells `hook` of each answer.
#[must_use]
pub fn counted(client: Client, hook: RequestHook) -> Client {
    let namespace = client.default_namespace().to_owned();
    let service = tower::service_fn(move |request: Request<Body>| {
        let (client, hook) = (client.clone(), hook.clone());
        async move {
            let (verb, path) = (Verb::of(&request), request.uri().path().to_owned());
            let answer = client.send(request).await;
            hook(verb, &path, answer.as_ref().map_or(0, |response| response.status().as_u16()));
            answer
        }
    });
    Client::new(service, namespace)
}
