//! Endpoints of a Traffic Manager profile that lead to the color.

use teal_azure::traffic_manager::{Endpoint, Profile};
use teal_azure::{Client, ResourceId};
use teal_switcher_core::retire::{Pointer, Weight};

use super::{Belongings, Found, followed};

pub(super) async fn search(client: &Client, id: ResourceId, belongings: &Belongings) -> Found {
    let profile = client.traffic_manager(&Profile { id }).await?;
    let on = !profile.profile_status.eq_ignore_ascii_case("Disabled");
    let endpoints: Vec<Endpoint> = profile.endpoints.iter().map(Endpoint::of).collect();
    let followed = endpoints.iter().filter_map(|one| one.resource.as_ref());
    let belongings = &followed::with(client, followed, belongings).await?;
    let ours = endpoints.into_iter().filter(|one| {
        belongings.has_address(&one.target) || one.resource.as_ref().is_some_and(|id| belongings.has_resource(id))
    });
    let pointer = |one: Endpoint| {
        // What does not tell is on.
        let off = one.status.eq_ignore_ascii_case("Disabled");
        let weight = if on && !off { Weight::Live } else { Weight::Idle };
        let to = one.resource.map_or(one.target, |id| id.to_string());
        Pointer { what: format!("endpoint {}", one.name), to, weight }
    };
    Ok(ours.map(pointer).collect())
}
