//! `/api/status` of a switcher.

use anyhow::{Context, Result};
use teal_switcher::status::{Status, SwitchStatus};

use crate::exit::Unreachable;

/// Fetches the whole status.
pub(crate) async fn status(url: &str) -> Result<Status> {
    let address = format!("{}/api/status", url.trim_end_matches('/'));
    let client = reqwest::Client::builder().timeout(std::time::Duration::from_secs(10)).build()?;
    let hint = || Unreachable(format!("no switcher answers at {url}; name it with --switcher or TEAL_SWITCHER"));
    let response = client.get(&address).send().await.with_context(hint)?.error_for_status().with_context(hint)?;
    response.json().await.with_context(|| format!("{address} is not a switcher's status"))
}

/// The Switches a command speaks of: the named one, or all.
pub(crate) fn chosen<'a>(status: &'a Status, name: Option<&str>) -> Result<Vec<&'a SwitchStatus>> {
    let all: Vec<&SwitchStatus> = status.switches.iter().collect();
    let Some(name) = name else { return Ok(all) };
    let found: Vec<_> = all.iter().copied().filter(|one| one.name == name).collect();
    if found.is_empty() {
        let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
        anyhow::bail!(
            "there is no Switch {name}; there is {}",
            if names.is_empty() { "none".to_owned() } else { names.join(", ") }
        );
    }
    Ok(found)
}
