//! A registry (OCI distribution) that hands out tokens to whoever knows the password, and nothing without one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::{Answer, Asked, Web, sha256};

/// The token it hands out.
const TOKEN: &str = "registry-token";

/// Manifests by `path:tag`, blobs by digest.
#[derive(Default)]
struct State {
    manifests: BTreeMap<(String, String), String>,
    blobs: BTreeMap<String, Vec<u8>>,
}

/// The registry. Dropping it stops it.
pub struct Registry {
    web: Web,
    state: Arc<Mutex<State>>,
}

impl Registry {
    /// Starts an empty one that knows one user.
    ///
    /// # Errors
    /// When there is no port.
    pub fn start(user: &str, password: &str) -> Result<Self> {
        let state = Arc::new(Mutex::new(State::default()));
        let (served, url) = (Arc::clone(&state), Arc::new(OnceLock::<String>::new()));
        let (own, basic) = (Arc::clone(&url), format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))));
        let web = Web::start(move |asked| {
            let state = served.lock().unwrap_or_else(PoisonError::into_inner);
            answer(asked, &state, own.get().map(String::as_str).unwrap_or_default(), &basic)
        })?;
        let _ = url.set(web.url());
        Ok(Self { web, state })
    }

    /// Pushes a chart, as `helm push` does. Returns the digest of its archive.
    pub fn put(&self, path: &str, version: &str, packed: Vec<u8>) -> String {
        let digest = sha256(&packed);
        let manifest = json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": sha256(b"{}"), "size": 2},
            "layers": [{"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", "digest": digest, "size": packed.len()}],
        });
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.manifests.insert((path.to_owned(), version.replace('+', "_")), manifest.to_string());
        state.blobs.insert(digest.clone(), packed);
        digest
    }

    /// Answers a digest with other bytes, as no honest registry does.
    pub fn falsify(&self, digest: &str, bytes: &[u8]) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).blobs.insert(digest.to_owned(), bytes.to_vec());
    }

    /// `127.0.0.1:port`.
    #[must_use]
    pub fn host(&self) -> String {
        self.web.host()
    }

    /// The server underneath.
    #[must_use]
    pub fn web(&self) -> &Web {
        &self.web
    }
}

fn answer(asked: &Asked, state: &State, url: &str, basic: &str) -> Answer {
    if asked.path.starts_with("/token") {
        return match asked.authorization.as_deref() == Some(basic) {
            true => Answer::ok(json!({"token": TOKEN}).to_string()),
            false => Answer::status(401),
        };
    }
    if let Some(digest) = asked.path.strip_prefix("/storage/") {
        return match state.blobs.get(digest) {
            // Real storage refuses a request that is signed twice.
            Some(blob) if asked.authorization.is_none() => Answer::ok(blob.clone()),
            Some(_) => Answer::status(400),
            None => Answer::status(404),
        };
    }
    if asked.authorization.as_deref() != Some(&format!("Bearer {TOKEN}")) {
        let challenge = format!("Bearer realm=\"{url}/token\",service=\"testkit\",scope=\"repository:charts:pull\"");
        return Answer::status(401).with("www-authenticate", &challenge);
    }
    let path = asked.path.strip_prefix("/v2/").unwrap_or_default();
    if let Some((name, _)) = path.split_once("/tags/list") {
        let tags: Vec<&str> =
            state.manifests.keys().filter(|(found, _)| found == name).map(|(_, tag)| tag.as_str()).collect();
        // Two pages, so that a client must follow.
        let (from, to) = if path.contains("last=") { (1.min(tags.len()), tags.len()) } else { (0, 1.min(tags.len())) };
        let page = Answer::ok(json!({"name": name, "tags": &tags[from..to]}).to_string());
        let next = format!("</v2/{name}/tags/list?n=1&last=x>; rel=\"next\"");
        return if to < tags.len() { page.with("link", &next) } else { page };
    }
    if let Some((name, tag)) = path.split_once("/manifests/") {
        let found = state.manifests.get(&(name.to_owned(), tag.to_owned()));
        return found.map_or_else(|| Answer::status(404), |manifest| Answer::ok(manifest.as_bytes()));
    }
    match path.split_once("/blobs/") {
        // As the big ones do: the bytes are on another server, to which the token must not go.
        Some((_, digest)) => Answer::redirect(&format!("{}/storage/{digest}", url.replace("127.0.0.1", "localhost"))),
        None => Answer::status(404),
    }
}
