//! A registry (OCI distribution): the newest tag that fits, its manifest, the chart's layer by digest.

use reqwest::Url;
use reqwest::header::{LINK, WWW_AUTHENTICATE};
use serde_json::Value;
use teal_render::helm::ChartError;

use super::credentials::Auth;
use super::http::{Answer, Browser, no, shown};
use super::range::{Range, is_exact, newest};
use super::{failed, sha256};
use crate::archive::{MAX_PACKED, tame};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CHART_LAYER: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
/// Most bytes of a manifest, as registries themselves have it.
const MAX_MANIFEST: u64 = 4 << 20;
/// Most bytes of one page of tags, and of a token.
const MAX_LIST: u64 = 1 << 20;
/// Most pages of tags.
const MAX_PAGES: usize = 50;

/// Fetches the newest version of the chart at `place` that `wanted` allows: its version and archive.
///
/// # Errors
/// `FETCH`, `LIMIT`, `DIGEST` when the layer is not what the manifest says.
pub(crate) fn fetch(browser: &Browser, place: &str, wanted: &str) -> Result<(String, Vec<u8>), ChartError> {
    let (host, path) = place.split_once('/').ok_or_else(|| failed("the registry's address has no path"))?;
    let mut registry = Registry { browser, host, path, pass: None };
    let version = match is_exact(wanted) {
        true => wanted.to_owned(),
        false => {
            let range = Range::parse(wanted).map_err(failed)?;
            let tags = registry.tags()?.into_iter().map(|tag| tag.replace('_', "+"));
            newest(tags, &range).ok_or_else(|| failed(format!("no version fits `{wanted}`")))?
        }
    };
    // A tag can't hold the sign that begins a build.
    let manifest = registry.get(&format!("manifests/{}", version.replace('+', "_")), MANIFEST, MAX_MANIFEST)?;
    let manifest: Value = serde_json::from_slice(&manifest.body)
        .map_err(|_| failed(format!("the manifest of version {version} is no JSON")))?;
    let layers = manifest.get("layers").and_then(Value::as_array);
    let layer = layers.into_iter().flatten().find(|layer| layer["mediaType"] == CHART_LAYER);
    let layer = layer
        .ok_or_else(|| failed(format!("version {version} is no Helm chart: its manifest has no layer of that kind")))?;
    let digest = layer["digest"].as_str().unwrap_or_default();
    let hex = digest.strip_prefix("sha256:").unwrap_or_default();
    if hex.len() != 64 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(failed(format!("the manifest names the chart by `{}`, which is no SHA-256 digest", tame(digest))));
    }
    if let Some(size) = layer["size"].as_u64().filter(|size| *size > MAX_PACKED) {
        return Err(ChartError::new(
            ChartError::LIMIT,
            format!("version {version} has {size} bytes, and at most {MAX_PACKED} are fetched"),
        ));
    }
    let blob = registry.get(&format!("blobs/{digest}"), "*/*", MAX_PACKED)?.body;
    let found = sha256(&blob);
    if found != digest.to_ascii_lowercase() {
        return Err(ChartError::new(
            ChartError::DIGEST,
            format!("version {version}: the registry sends {found} under the digest {digest}"),
        ));
    }
    Ok((version, blob))
}

struct Registry<'a> {
    browser: &'a Browser,
    host: &'a str,
    path: &'a str,
    /// What the registry let us in with.
    pass: Option<Auth>,
}

impl Registry<'_> {
    fn tags(&mut self) -> Result<Vec<String>, ChartError> {
        let mut tags = Vec::new();
        let mut url = self.url("tags/list?n=1000")?;
        for _ in 0..MAX_PAGES {
            let answer = self.ask(&url, "application/json", MAX_LIST)?;
            let page: Value =
                serde_json::from_slice(&answer.body).map_err(|_| failed("the list of tags is no JSON"))?;
            let found = page["tags"].as_array().map(Vec::as_slice).unwrap_or_default();
            tags.extend(found.iter().filter_map(Value::as_str).map(str::to_owned));
            let link = answer.headers.get(LINK).and_then(|link| link.to_str().ok());
            let next = link
                .filter(|link| link.contains("rel=\"next\""))
                .and_then(|link| link.strip_prefix('<')?.split('>').next());
            let Some(next) = next else { return Ok(tags) };
            let next = url.join(next).map_err(|_| failed("the list of tags goes on at what is no address"))?;
            if next.origin() != url.origin() {
                return Err(failed(format!("the list of tags goes on at another host, {}", shown(&next))));
            }
            url = next;
        }
        Err(ChartError::new(ChartError::LIMIT, format!("more than {MAX_PAGES} pages of tags; name one version")))
    }

    fn get(&mut self, what: &str, accept: &str, most: u64) -> Result<Answer, ChartError> {
        let url = self.url(what)?;
        self.ask(&url, accept, most)
    }

    fn url(&self, what: &str) -> Result<Url, ChartError> {
        let address = |scheme: &str| Url::parse(&format!("{scheme}://{}/v2/{}/{what}", self.host, self.path));
        let wrong = |_| failed("the registry's address is none");
        let secure = address("https").map_err(wrong)?;
        if self.browser.speaks_plainly(&secure) { address("http").map_err(wrong) } else { Ok(secure) }
    }

    /// Asks, and asks once more with a pass when the registry wants one.
    fn ask(&mut self, url: &Url, accept: &str, most: u64) -> Result<Answer, ChartError> {
        let answer = self.browser.get(url, self.pass.as_ref(), accept, most)?;
        let answer = if answer.status.as_u16() == 401 {
            self.pass = Some(self.pass_for(url, &answer)?);
            self.browser.get(url, self.pass.as_ref(), accept, most)?
        } else {
            answer
        };
        if answer.status.is_success() { Ok(answer) } else { Err(no(url, &answer, self.browser.auth().is_some())) }
    }

    /// Gets the pass that the registry's 401 asks for.
    fn pass_for(&self, url: &Url, answer: &Answer) -> Result<Auth, ChartError> {
        let challenge = answer.headers.get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (scheme, rest) = challenge.split_once(' ').unwrap_or((challenge, ""));
        if !scheme.eq_ignore_ascii_case("bearer") {
            return self.browser.auth().cloned().ok_or_else(|| no(url, answer, false));
        }
        if let Some(bearer @ Auth::Bearer(_)) = self.browser.auth() {
            return Ok(bearer.clone());
        }
        let part = |key: &str| parameter(rest, key);
        let realm = part("realm").and_then(|realm| Url::parse(&realm).ok());
        let mut realm =
            realm.ok_or_else(|| failed(format!("{} asks for a token and does not say where", shown(url))))?;
        if url.scheme() == "https" && realm.scheme() != "https" {
            return Err(failed(format!(
                "{} sends credentials to an address without TLS, {}",
                shown(url),
                shown(&realm)
            )));
        }
        for key in ["service", "scope"] {
            if let Some(value) = part(key) {
                realm.query_pairs_mut().append_pair(key, &value);
            }
        }
        let answer = self.browser.get(&realm, self.browser.auth(), "application/json", MAX_LIST)?;
        if !answer.status.is_success() {
            return Err(no(&realm, &answer, self.browser.auth().is_some()));
        }
        let token: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let token = token["token"].as_str().or(token["access_token"].as_str());
        token
            .map(|token| Auth::Bearer(token.to_owned()))
            .ok_or_else(|| failed(format!("{} gives no token", shown(&realm))))
    }
}

/// A parameter of a challenge: `key="value"`, in which commas may stand.
fn parameter(challenge: &str, key: &str) -> Option<String> {
    let mut rest = challenge;
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim_matches([' ', ',']);
        let (value, behind) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_once(',').unwrap_or((after, "")),
        };
        if name.eq_ignore_ascii_case(key) {
            return Some(value.to_owned());
        }
        rest = behind;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_read_by_its_quotes() {
        let challenge =
            r#"realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push""#;
        assert_eq!(parameter(challenge, "realm").as_deref(), Some("https://auth.example/token"));
        assert_eq!(parameter(challenge, "scope").as_deref(), Some("repository:a/b:pull,push"));
        assert_eq!(parameter(challenge, "service").as_deref(), Some("registry.example"));
        assert_eq!(parameter(challenge, "none"), None);
        assert_eq!(parameter("realm=\"never ends", "realm"), None);
    }
}
