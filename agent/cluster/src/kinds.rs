//! Which kinds this cluster serves, from the aggregated discovery documents.
//!
//! kube's discovery fails as a whole when one group does, so the map is our own: a group whose document the server
//! could not refresh is *unknown*. That holds prune and parity and fails nothing else (SYNC §6).

use std::collections::{BTreeMap, BTreeSet};

use http::Request;
use kube::Client;
use kube::core::ApiResource;
use serde::Deserialize;
use teal_agent_core::{GroupKind, ObjectId};

use crate::error::ApiError;

const ACCEPT: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// One kind at one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// API group; empty for the core group.
    pub group: String,
    /// Version, such as `v1`.
    pub version: String,
    /// Kind, such as `Deployment`.
    pub kind: String,
    /// Plural name in URLs.
    pub plural: String,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// Whether it can be listed and watched.
    pub watchable: bool,
    /// Whether it has a `scale` subresource.
    pub scalable: bool,
}

impl Kind {
    /// `apiVersion` of its objects.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// Its identity without the version.
    #[must_use]
    pub fn group_kind(&self) -> GroupKind {
        GroupKind::new(self.group.clone(), self.kind.clone())
    }

    /// The form kube's `Api` wants.
    #[must_use]
    pub fn api_resource(&self) -> ApiResource {
        ApiResource {
            group: self.group.clone(),
            version: self.version.clone(),
            api_version: self.api_version(),
            kind: self.kind.clone(),
            plural: self.plural.clone(),
        }
    }

    /// Path of one object. `namespace` is ignored for cluster-scoped kinds.
    #[must_use]
    pub fn path(&self, namespace: &str, name: &str) -> String {
        format!("{}/{}", self.collection(namespace), encode(name))
    }

    /// Path of the collection in `namespace`; of all namespaces when it is empty.
    #[must_use]
    pub fn collection(&self, namespace: &str) -> String {
        let root = if self.group.is_empty() {
            format!("/api/{}", self.version)
        } else {
            format!("/apis/{}/{}", self.group, self.version)
        };
        if self.namespaced && !namespace.is_empty() {
            format!("{root}/namespaces/{}/{}", encode(namespace), self.plural)
        } else {
            format!("{root}/{}", self.plural)
        }
    }
}

/// Names may hold `%` and other characters that mean something in a URL; everything but the usual is escaped.
fn encode(segment: &str) -> String {
    let mut out = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            out.push(byte as char);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// What the map says of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup<'a> {
    /// Served.
    Served(&'a Kind),
    /// The group is served, the kind is, but not at this version.
    OtherVersions(Vec<&'a str>),
    /// Not served now; it may be later.
    NotServed,
    /// The group's document is stale: nobody knows.
    Unknown,
}

/// Every kind this cluster serves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KindMap {
    /// Versions in the server's order of preference.
    kinds: BTreeMap<GroupKind, Vec<Kind>>,
    stale: BTreeSet<String>,
}

impl KindMap {
    /// Asks the server: two requests, however many groups there are.
    ///
    /// # Errors
    /// `Unreachable` and its like; a single bad group is no error.
    pub async fn discover(client: &Client) -> Result<Self, ApiError> {
        let mut map = Self::default();
        for path in ["/api", "/apis"] {
            map.add(fetch(client, path).await?);
        }
        Ok(map)
    }

    /// Looks up `kind` at exactly this version.
    #[must_use]
    pub fn lookup(&self, group: &str, version: &str, kind: &str) -> Lookup<'_> {
        match self.kinds.get(&GroupKind::new(group, kind)) {
            Some(served) => match served.iter().find(|kind| kind.version == version) {
                Some(kind) => Lookup::Served(kind),
                None if self.stale.contains(group) => Lookup::Unknown,
                None => Lookup::OtherVersions(served.iter().map(|kind| kind.version.as_str()).collect()),
            },
            None if self.stale.contains(group) => Lookup::Unknown,
            None => Lookup::NotServed,
        }
    }

    /// The preferred version of a kind; `None` when it is not served.
    #[must_use]
    pub fn preferred(&self, kind: &GroupKind) -> Option<&Kind> {
        self.kinds.get(kind).and_then(|versions| versions.first())
    }

    /// The kind that a CustomResourceDefinition defines, as served: definitions are named `<plural>.<group>`. `None` for
    /// any other object, and while the kind is not served.
    #[must_use]
    pub fn defined_by(&self, id: &ObjectId) -> Option<&Kind> {
        if id.group != "apiextensions.k8s.io" || id.kind != "CustomResourceDefinition" {
            return None;
        }
        let (plural, group) = id.name.split_once('.')?;
        self.kinds.values().flatten().find(|kind| kind.group == group && kind.plural == plural)
    }

    /// Every kind that is watched and listed, at its preferred version.
    pub fn watchable(&self) -> impl Iterator<Item = &Kind> {
        self.kinds.values().filter_map(|versions| versions.iter().find(|kind| kind.watchable))
    }

    /// Whether `group`'s document is stale, so that nobody knows what it serves.
    #[must_use]
    pub fn is_stale(&self, group: &str) -> bool {
        self.stale.contains(group)
    }

    /// Every `version`, `group/version` and `group/version/Kind`, sorted: what charts may ask about.
    #[must_use]
    pub fn api_versions(&self) -> Vec<String> {
        let mut found = BTreeSet::new();
        for kind in self.kinds.values().flatten() {
            let version = kind.api_version();
            found.insert(format!("{version}/{}", kind.kind));
            found.insert(version);
        }
        found.into_iter().collect()
    }

    /// Groups whose documents are stale.
    #[must_use]
    pub fn stale(&self) -> &BTreeSet<String> {
        &self.stale
    }

    /// How many kinds are served.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    /// Whether nothing is served, which no real cluster says.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    fn add(&mut self, document: Document) {
        for group in document.items {
            let name = group.metadata.name;
            for version in group.versions {
                if version.freshness.as_deref() == Some("Stale") {
                    self.stale.insert(name.clone());
                }
                for resource in version.resources {
                    let Some(kind) = resource.into_kind(&name, &version.version) else { continue };
                    self.kinds.entry(kind.group_kind()).or_default().push(kind);
                }
            }
        }
    }
}

async fn fetch(client: &Client, path: &str) -> Result<Document, ApiError> {
    let request = Request::get(path)
        .header(http::header::ACCEPT, ACCEPT)
        .body(kube::client::Body::empty())
        .map_err(|error| ApiError::Unreachable { message: error.to_string() })?;
    let response = client.send(request).await.map_err(ApiError::from_transport)?;
    let (status, retry_after) = (response.status(), crate::error::retry_after(&response));
    let body = response.into_body().collect_bytes().await.map_err(ApiError::from_transport)?;
    if !status.is_success() {
        return Err(ApiError::from_answer(status.as_u16(), &body, retry_after, false));
    }
    serde_json::from_slice(&body).map_err(|error| ApiError::Unreadable { message: format!("{path}: {error}") })
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    items: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    metadata: GroupName,
    #[serde(default)]
    versions: Vec<Version>,
}

#[derive(Deserialize, Default)]
struct GroupName {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Version {
    version: String,
    #[serde(default)]
    freshness: Option<String>,
    #[serde(default)]
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    resource: String,
    #[serde(default)]
    response_kind: Option<ResponseKind>,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    verbs: Vec<String>,
    #[serde(default)]
    subresources: Vec<Subresource>,
}

#[derive(Deserialize)]
struct ResponseKind {
    kind: String,
}

#[derive(Deserialize)]
struct Subresource {
    subresource: String,
}

impl Resource {
    /// `None` for what can't be applied, such as reviews that are only created.
    fn into_kind(self, group: &str, version: &str) -> Option<Kind> {
        let has = |verb: &str| self.verbs.iter().any(|found| found == verb);
        if !has("get") || !has("patch") && !has("update") {
            return None;
        }
        Some(Kind {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: self.response_kind?.kind,
            namespaced: self.scope == "Namespaced",
            watchable: self.verbs.iter().any(|verb| verb == "watch") && self.verbs.iter().any(|verb| verb == "list"),
            scalable: self.subresources.iter().any(|found| found.subresource == "scale"),
            plural: self.resource,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> KindMap {
        let mut map = KindMap::default();
        map.add(
            serde_json::from_value(serde_json::json!({"items": [
                {"metadata": {"name": "apps"}, "versions": [{"version": "v1", "freshness": "Current", "resources": [
                    {"resource": "deployments", "responseKind": {"kind": "Deployment"}, "scope": "Namespaced",
                     "verbs": ["get", "list", "patch", "watch"], "subresources": [{"subresource": "scale"}]}]}]},
                {"metadata": {"name": "custom.metrics.k8s.io"}, "versions": [{"version": "v1beta1", "freshness": "Stale"}]},
                {"metadata": {"name": "authentication.k8s.io"}, "versions": [{"version": "v1", "resources": [
                    {"resource": "tokenreviews", "responseKind": {"kind": "TokenReview"}, "scope": "Cluster", "verbs": ["create"]}]}]}
            ]}))
            .unwrap(),
        );
        map
    }

    #[test]
    fn each_answer_has_its_own_meaning() {
        let map = map();
        let Lookup::Served(found) = map.lookup("apps", "v1", "Deployment") else { panic!("a served kind is found") };
        assert_eq!(found.path("shop", "web"), "/apis/apps/v1/namespaces/shop/deployments/web");
        assert!(found.scalable && found.watchable && found.namespaced);
        for (rule, (group, version, kind), want) in [
            ("another version is named", ("apps", "v2", "Deployment"), Lookup::OtherVersions(vec!["v1"])),
            ("a kind may come later", ("shop.example", "v1", "Order"), Lookup::NotServed),
            ("a stale group is unknown, not absent", ("custom.metrics.k8s.io", "v1beta1", "X"), Lookup::Unknown),
            ("what can't be applied is no kind", ("authentication.k8s.io", "v1", "TokenReview"), Lookup::NotServed),
        ] {
            assert_eq!(map.lookup(group, version, kind), want, "{rule}");
        }
    }

    #[test]
    fn odd_names_are_escaped_in_paths() {
        assert_eq!(encode("system:node"), "system:node");
        assert_eq!(encode("50%/?"), "50%25%2F%3F");
    }
}
