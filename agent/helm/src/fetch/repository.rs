//! A chart repository: its index, the newest entry that fits, its archive.

use reqwest::Url;
use teal_render::helm::ChartError;

use super::http::{Browser, no, shown};
use super::index::{self, Entry};
use super::range::Range;
use super::{failed, sha256};
use crate::archive::{MAX_PACKED, tame};

/// Most bytes of an index; the largest public ones have some twenty million.
const MAX_INDEX: u64 = 64 << 20;

/// Fetches the newest version of `name` that `wanted` allows: its version and archive.
///
/// # Errors
/// `FETCH`, `LIMIT`, `DIGEST` when the archive is not what the index says.
pub(crate) fn fetch(
    browser: &Browser,
    repository: &str,
    name: &str,
    wanted: &str,
) -> Result<(String, Vec<u8>), ChartError> {
    // Nobody is asked for what no answer could fit.
    Range::parse(wanted).map_err(failed)?;
    let base = Url::parse(&format!("{}/", repository.trim_end_matches('/')));
    let base = base.map_err(|_| failed(format!("`{}` is no address", tame(repository))))?;
    let place = base.join("index.yaml").map_err(|_| failed("the repository's address can't be extended"))?;
    let answer = browser.get(&place, browser.auth(), "application/yaml, text/yaml, */*", MAX_INDEX)?;
    if !answer.status.is_success() {
        return Err(no(&place, &answer, browser.auth().is_some()));
    }
    let chosen =
        index::choose(&answer.body, name, wanted).map_err(|problem| failed(format!("{}: {problem}", shown(&place))))?;
    let Entry { version, address, digest } = chosen;
    if address.starts_with("oci://") {
        return Err(failed(format!(
            "the index sends {name} to a registry; write `oci: {}` in its place",
            tame(&address)
        )));
    }
    let url = base.join(&address).map_err(|_| failed(format!("the index's address for {name} {version} is none")))?;
    // Credentials are for the repository: an archive elsewhere gets none.
    let auth = browser.auth().filter(|_| url.origin() == base.origin());
    let answer = browser.get(&url, auth, "*/*", MAX_PACKED)?;
    if !answer.status.is_success() {
        return Err(no(&url, &answer, auth.is_some()));
    }
    let found = sha256(&answer.body);
    if let Some(said) = digest.filter(|said| format!("sha256:{}", said.trim_start_matches("sha256:")) != found) {
        let said = tame(&said);
        return Err(ChartError::new(
            ChartError::DIGEST,
            format!("version {version}: the index says its digest is {said}, and {} has {found}", shown(&url)),
        ));
    }
    Ok((version, answer.body))
}
