//! Front Door, classic Front Door, Traffic Manager and Application Gateway under the followers' contract.

mod bodies;
mod front_door;
mod own;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use teal_api::switch::{
    Affinity, ApplicationGateway, Destination, FrontDoor, FrontDoorBy, FrontDoorClassic, Provider, TrafficManager,
};
use teal_targets::Target;

use crate::azure::{Azure, GROUP, SUBSCRIPTION, id};
use crate::followers::{Following, follower_contract};
use bodies::{backend, classic, endpoint, front, gateway, group, named, names, profile, route};

const FRONT: &str = "2025-06-01";
const TM: &str = "2022-04-01";
const CLASSIC: &str = "2021-06-01";
const GATEWAY: &str = "2024-05-01";

/// What a bench moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Groups,
    Origins,
    Classic,
    Priority,
    Weighted,
    Gateway,
}

struct FollowBench {
    azure: Azure,
    what: What,
}

impl FollowBench {
    async fn start(what: What) -> Self {
        let azure = Azure::start().await;
        let bench = Self { azure, what };
        match what {
            What::Groups | What::Origins => bench.front_door().await,
            What::Classic => {
                let backends = json!([backend("blue", "Enabled"), backend("green", "Disabled")]);
                bench.put("Microsoft.Network/frontDoors/classic", CLASSIC, classic(&backends)).await;
            }
            What::Priority | What::Weighted => {
                let method = if what == What::Priority { "Priority" } else { "Weighted" };
                let green = if what == What::Priority { "Enabled" } else { "Disabled" };
                let endpoints = [endpoint("ep-blue", 1, "Enabled"), endpoint("ep-green", 2, green)];
                bench.put("Microsoft.Network/trafficmanagerprofiles/contoso", TM, profile(method, &endpoints)).await;
            }
            What::Gateway => {
                bench
                    .put(
                        "Microsoft.Network/applicationGateways/gw",
                        GATEWAY,
                        gateway(&["blue.contoso.test"], &json!({})),
                    )
                    .await;
            }
        }
        bench
    }

    async fn put(&self, path: &str, version: &'static str, body: Value) {
        self.azure.put(&id(path), version, body).await;
    }

    async fn front_door(&self) {
        let put = |path: String, body: Value| async move { self.azure.put(&front(&path), FRONT, body).await };
        put(String::new(), json!({"location": "global", "sku": {"name": "Standard_AzureFrontDoor"}})).await;
        put("/afdEndpoints/web".into(), json!({"location": "global"})).await;
        for name in ["g-blue", "g-green", "sorry", "both"] {
            put(format!("/originGroups/{name}"), group(500)).await;
        }
        let origin = |name: &str, state: &str| json!({"properties": {"hostName": format!("{name}.contoso.test"), "enabledState": state, "weight": 1000}});
        for name in ["g-blue", "g-green", "sorry"] {
            put(format!("/originGroups/{name}/origins/one"), origin(name, "Enabled")).await;
        }
        put("/originGroups/both/origins/o-blue".into(), origin("blue", "Enabled")).await;
        put("/originGroups/both/origins/o-green".into(), origin("green", "Disabled")).await;
        let used = if self.what == What::Groups { "g-blue" } else { "both" };
        put("/afdEndpoints/web/routes/all".into(), route(used)).await;
    }

    fn provider(&self, name: &str) -> (Provider, BTreeMap<String, Destination>) {
        let (subscription, resource_group) = (SUBSCRIPTION.to_owned(), GROUP.to_owned());
        let front = |by| {
            Provider::FrontDoor(FrontDoor {
                subscription: SUBSCRIPTION.into(),
                resource_group: GROUP.into(),
                profile: if name.is_empty() { "front".into() } else { name.to_owned() },
                by,
                purge: Vec::new(),
                affinity: Affinity::Refuse,
            })
        };
        let or = |own: &str| if name.is_empty() { own.to_owned() } else { name.to_owned() };
        match self.what {
            What::Groups => {
                (front(FrontDoorBy::Groups { endpoint: "web".into(), route: "all".into() }), named("g-blue", "g-green"))
            }
            What::Origins => (front(FrontDoorBy::Origins { group: "both".into() }), named("o-blue", "o-green")),
            What::Classic => {
                let front_door = or("classic");
                let provider = FrontDoorClassic { subscription, resource_group, front_door, pool: "web".into() };
                (Provider::FrontDoorClassic(provider), names("blue.contoso.test", "green.contoso.test"))
            }
            What::Priority | What::Weighted => {
                let profile = or("contoso");
                (
                    Provider::TrafficManager(TrafficManager { subscription, resource_group, profile }),
                    named("ep-blue", "ep-green"),
                )
            }
            What::Gateway => {
                let gateway = or("gw");
                let provider = ApplicationGateway { subscription, resource_group, gateway, pool: "web".into() };
                (Provider::ApplicationGateway(provider), names("blue.contoso.test", "green.contoso.test"))
            }
        }
    }

    fn of(&self, name: &str) -> Target {
        let (provider, to) = self.provider(name);
        self.azure.target(&provider, &to)
    }
}

impl Following for FollowBench {
    fn azure(&self) -> &Azure {
        &self.azure
    }

    fn target(&self) -> Target {
        self.of("")
    }

    fn hasty(&self) -> Target {
        let (provider, to) = self.provider("");
        self.azure.hasty(&provider, &to)
    }

    fn missing(&self) -> Target {
        self.of("nowhere")
    }

    fn method(&self) -> &'static str {
        match self.what {
            What::Classic | What::Gateway => "PUT",
            _ => "PATCH",
        }
    }

    fn kind(&self) -> &'static str {
        match self.what {
            What::Groups | What::Origins => "Microsoft.Cdn/profiles/*",
            What::Classic => "Microsoft.Network/frontDoors",
            What::Priority | What::Weighted => "Microsoft.Network/trafficManagerProfiles",
            What::Gateway => "Microsoft.Network/applicationGateways",
        }
    }

    fn role(&self) -> &'static str {
        match self.what {
            What::Groups | What::Origins => "CDN Profile Contributor",
            What::Classic | What::Gateway => "Network Contributor",
            What::Priority | What::Weighted => "Traffic Manager Contributor",
        }
    }

    fn writes(&self) -> usize {
        if self.what == What::Origins { 3 } else { 1 }
    }

    fn slow(&self) -> bool {
        !matches!(self.what, What::Priority | What::Weighted)
    }

    async fn stranger(&self) {
        match self.what {
            What::Groups => drop(self.azure.put(&front("/afdEndpoints/web/routes/all"), FRONT, route("sorry")).await),
            What::Origins => {
                let stranger = json!({"properties": {"hostName": "sorry.contoso.test", "enabledState": "Enabled"}});
                self.azure.put(&front("/originGroups/both/origins/sorry"), FRONT, stranger).await;
            }
            What::Classic => {
                let backends =
                    json!([backend("blue", "Enabled"), backend("green", "Disabled"), backend("sorry", "Enabled")]);
                self.put("Microsoft.Network/frontDoors/classic", CLASSIC, classic(&backends)).await;
            }
            What::Priority | What::Weighted => {
                let method = if self.what == What::Priority { "Priority" } else { "Weighted" };
                let endpoints = [
                    endpoint("sorry", 1, "Enabled"),
                    endpoint("ep-blue", 2, "Enabled"),
                    endpoint("ep-green", 3, "Enabled"),
                ];
                self.put("Microsoft.Network/trafficmanagerprofiles/contoso", TM, profile(method, &endpoints)).await;
            }
            What::Gateway => {
                let body = gateway(&["sorry.contoso.test"], &json!({}));
                self.put("Microsoft.Network/applicationGateways/gw", GATEWAY, body).await;
            }
        }
    }
}

async fn groups() -> FollowBench {
    FollowBench::start(What::Groups).await
}

async fn origins() -> FollowBench {
    FollowBench::start(What::Origins).await
}

async fn classic_pool() -> FollowBench {
    FollowBench::start(What::Classic).await
}

async fn priority() -> FollowBench {
    FollowBench::start(What::Priority).await
}

async fn weighted() -> FollowBench {
    FollowBench::start(What::Weighted).await
}

async fn pool() -> FollowBench {
    FollowBench::start(What::Gateway).await
}

follower_contract!(front_door_by_groups, crate::azure_followers::groups);
follower_contract!(front_door_by_origins, crate::azure_followers::origins);
follower_contract!(front_door_classic, crate::azure_followers::classic_pool);
follower_contract!(traffic_manager_by_priority, crate::azure_followers::priority);
follower_contract!(traffic_manager_by_weight, crate::azure_followers::weighted);
follower_contract!(application_gateway, crate::azure_followers::pool);
