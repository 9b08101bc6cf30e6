//! The edge of Front Door: a proxy that serves every endpoint's host names as their profiles, as far as they have arrived,
//! say.

mod cookies;
mod copies;
mod decide;
mod forward;
mod headers;
mod health;
mod recorder;
mod serve;
mod upstream;

use anyhow::Result;

use crate::provider::Background;

/// What the HTTP listener is announced as.
pub(crate) const LISTENER: &str = "front-door";
/// What the HTTPS listener is announced as.
pub(crate) const TLS_LISTENER: &str = "front-door-tls";

pub(crate) use copies::purge;
pub(crate) use health::origin_health;
pub(crate) use serve::Edge;

/// Starts the listeners that were asked for, and the probing of origins.
pub(crate) async fn start(background: &Background) -> Result<()> {
    if let Some(address) = background.options.front_door {
        serve::listen(background, address, false).await?;
    }
    if let Some(address) = background.options.front_door_tls {
        serve::listen(background, address, true).await?;
    }
    background.tasks.spawn(crate::probe::run::<health::Health>(background.clone()));
    Ok(())
}
