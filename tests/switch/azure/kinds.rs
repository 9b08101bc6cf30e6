//! Every kind of target through the whole switcher: names and IPv6 addresses, origins of a Front Door, a classic one, and
//! a gateway's pool, each behind the record that keeps the ledger.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use teal_switcher::status::SwitchStatus;
use teal_testkit::http::Mode;

use super::cloud::{Azure, Shape};
use crate::switch::clusters::{pair, run};
use crate::switch::world::steady_on;

fn all_on(one: &SwitchStatus, color: &str) -> bool {
    one.targets.iter().all(|target| target.routes == color)
}

#[test]
fn a_name_that_keeps_the_ledger_and_an_ipv6_address_behind_it_move_and_are_seen() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let azure = Azure::new(&pair).await?;
        let (blue, green) = (azure.world.blue_color(), azure.world.green_color());
        let shape = Shape::of(format!("{}{}", azure.name_target().await?, azure.ipv6_target().await?));
        let mut switcher = azure.steady_on_blue(&shape).await?;
        azure.commit(green, &shape)?;
        let steady = switcher.until("steady on green", steady_on(green)).await?;
        ensure!(all_on(&steady, green), "{:?}", steady.targets);
        ensure!(
            steady.targets.iter().all(|target| target.unproven.is_none()),
            "both were asked for: {:?}",
            steady.targets
        );
        ensure!(azure.holds("CNAME", "www").await? == json!({"cname": format!("{green}.contoso.test")}));
        ensure!(azure.holds("AAAA", "six").await? == json!([{"ipv6Address": "fd00::2"}]));
        ensure!(azure.ledger(&shape).await?.active.as_str() == green, "kept by the name");
        azure.commit(blue, &shape)?;
        let steady = switcher.until("steady on blue again", steady_on(blue)).await?;
        ensure!(all_on(&steady, blue), "{:?}", steady.targets);
        switcher.end().await
    })
}

#[test]
fn origins_a_classic_front_door_and_a_gateways_pool_follow_the_record_there_and_back() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let mut azure = Azure::new(&pair).await?;
        let followers = [azure.origins().await?, azure.classic().await?, azure.gateway().await?].concat();
        // Long enough that the failure below meets a move that is not over.
        let shape =
            Shape::of(format!("{}{followers}", azure.record_target())).by("{ttl: {steady: 2s, moving: 1s}, soak: 10m}");
        let (blue, green) = (azure.world.blue_color().to_owned(), azure.world.green_color().to_owned());
        let mut switcher = azure.steady_on_blue(&shape).await?;
        ensure!(azure.served_by("both").await? == blue);
        azure.commit(&green, &shape)?;
        let moved = switcher.until("soaking on green", |one| one.phase == "Soaking").await?;
        ensure!(all_on(&moved, &green), "{:?}", moved.targets);
        ensure!(azure.served_by("both").await? == green, "the edge");
        ensure!(
            azure.classic_backends().await?
                == [(format!("{blue}.origin.test"), false), (format!("{green}.origin.test"), true)]
        );
        ensure!(azure.pool().await? == json!([{"ipAddress": azure.world.green_door.ip()}]));
        let ends =
            |one: &SwitchStatus| one.targets.iter().flat_map(|target| target.warnings.clone()).collect::<Vec<_>>();
        ensure!(ends(&moved).iter().any(|text| text.contains("ends on 2027-03-31")), "{:?}", ends(&moved));

        azure.world.green_door.set(Mode::Errors).await?;
        let parked = switcher.until("parked on blue", |one| one.phase == "Parked").await?;
        ensure!(all_on(&parked, &blue), "{:?}", parked.targets);
        ensure!(azure.served_by("both").await? == blue, "the edge");
        ensure!(azure.pool().await? == json!([{"ipAddress": azure.world.blue_door.ip()}]));
        let writes: Vec<Value> =
            ["Microsoft.Network/frontDoors", "Microsoft.Network/applicationGateways"].map(Value::from).into();
        for kind in &writes {
            let puts = azure.asked("PUT", kind.as_str().unwrap_or_default()).await?;
            ensure!(puts == 3, "made, there and back: {kind} {puts}");
        }
        switcher.end().await
    })
}
