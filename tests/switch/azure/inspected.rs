//! What is found before a move, and what nobody can see.

use anyhow::{Result, ensure};
use serde_json::json;
use teal_switcher::status::SwitchStatus;

use super::cloud::{Azure, DNS, Shape, ZONE};
use super::parts::own_ledger;
use crate::switch::clusters::{pair, run};
use crate::switch::world::steady_on;

fn told(reason: &'static str) -> impl Fn(&SwitchStatus) -> bool {
    move |one| one.attention.iter().any(|item| item.reason == reason)
}

#[test]
fn a_record_of_external_dns_holds_the_move_before_anything_is_written() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let azure = Azure::new(&pair).await?;
        let heritage = "heritage=external-dns,external-dns/owner=blue,external-dns/resource=service/shop/web";
        let body = json!({"properties": {"TTL": 300, "TXTRecords": [{"value": [format!("\"{heritage}\"")]}]}});
        azure.put(&format!("Microsoft.Network/dnsZones/{ZONE}/TXT/a-shop"), DNS, body).await?;
        let shape = Shape::of(azure.record_target());
        let mut switcher = azure.steady_on_blue(&shape).await?;
        azure.commit(azure.world.green_color(), &shape)?;
        let held = switcher.until("the ledger's own target is refused", told("TargetRefused")).await?;
        ensure!(held.phase == "Steady", "nothing was claimed: {}", held.phase);
        let message =
            &held.attention.iter().find(|item| item.reason == "TargetRefused").map(|item| item.message.clone());
        let words = [
            "the record:",
            "shop.contoso.test belongs to external-dns (owner `blue` for service/shop/web, TXT at a-shop)",
            "take the host name out of its sources",
        ];
        ensure!(words.iter().all(|words| message.as_ref().is_some_and(|text| text.contains(words))), "{message:?}");
        ensure!(held.targets[0].warnings.iter().any(|text| text.contains("external-dns")), "{:?}", held.targets);
        switcher.end().await
    })
}

#[test]
fn a_private_zone_without_a_vantage_moves_and_says_that_it_is_unproven() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let azure = Azure::new(&pair).await?;
        let shape = Shape::of(azure.private_target().await?);
        let mut switcher = azure.steady_on_blue(&shape).await?;
        azure.commit(azure.world.green_color(), &shape)?;
        let steady = switcher.until("steady on green", steady_on(azure.world.green_color())).await?;
        let why = steady.targets[0].unproven.clone().unwrap_or_default();
        ensure!(why.contains("declare a resolver there under `vantages`"), "{why}");
        ensure!(steady.history.iter().any(|entry| entry.why.starts_with("unproven: ")), "{:#?}", steady.history);
        let metrics = reqwest::get(format!("{}/metrics", switcher.url)).await?.text().await?;
        let unproven = metrics.lines().find(|line| line.starts_with("teal_target_unproven{"));
        ensure!(unproven.is_some_and(|line| line.ends_with(" 1.0")), "{metrics}");
        let page = reqwest::get(&switcher.url).await?.text().await?;
        ensure!(page.contains("shop.priv.contoso.test is unproven"), "{page}");
        switcher.end().await
    })
}

#[test]
fn an_alias_whose_answers_tell_no_color_is_moved_and_told_as_unproven() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let azure = Azure::new(&pair).await?;
        let shape = Shape::of(azure.alias_target().await?);
        let mut switcher = azure.steady_on_blue(&shape).await?;
        azure.commit(azure.world.green_color(), &shape)?;
        let steady = switcher.until("steady on green", steady_on(azure.world.green_color())).await?;
        let why = steady.targets[0].unproven.clone().unwrap_or_default();
        ensure!(why.contains("the alias follows a Traffic Manager profile"), "{why}");
        let told = steady.history.iter().find(|entry| entry.why.starts_with("unproven: "));
        ensure!(told.is_some_and(|entry| entry.why.contains("no answer tells a color")), "{:#?}", steady.history);
        ensure!(!steady.dns.is_empty() && steady.dns.iter().all(|one| one.color.is_none()), "{:?}", steady.dns);
        ensure!(steady.dns.iter().all(|one| one.answer.contains("the alias follows")), "{:?}", steady.dns);
        switcher.end().await
    })
}

#[test]
fn a_record_of_external_dns_with_a_prefix_is_held_and_one_of_another_record_is_not() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let azure = Azure::new(&pair).await?;
        let text = async |name: &str| {
            let heritage = "heritage=external-dns,external-dns/owner=green,external-dns/resource=service/shop/web";
            let body = json!({"properties": {"TTL": 300, "TXTRecords": [{"value": [heritage]}]}});
            azure.put(&format!("Microsoft.Network/dnsZones/{ZONE}/TXT/{name}"), DNS, body).await
        };
        text("externaldns-a-shop").await?;
        text("externaldns-a-other").await?;
        let shape = Shape::of(azure.record_target());
        let mut switcher = azure.steady_on_blue(&shape).await?;
        azure.commit(azure.world.green_color(), &shape)?;
        let held = switcher.until("refused", told("TargetRefused")).await?;
        let message = held.attention.iter().find(|item| item.reason == "TargetRefused").map(|item| &item.message);
        let words = "(owner `green` for service/shop/web, TXT at externaldns-a-shop)";
        ensure!(held.phase == "Steady" && message.is_some_and(|text| text.contains(words)), "{message:?}");
        let gone = format!("Microsoft.Network/dnsZones/{ZONE}/TXT/externaldns-a-shop");
        azure.delete(&gone, DNS).await?;
        switcher.until("steady on green", steady_on(azure.world.green_color())).await?;
        switcher.end().await
    })
}

#[test]
fn a_text_record_of_someone_else_is_no_place_for_a_ledger() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let azure = Azure::new(&pair).await?;
        let body = json!({"properties": {"TTL": 300, "TXTRecords": [{"value": ["v=spf1 -all"]}]}});
        let path = format!("Microsoft.Network/dnsZones/{ZONE}/TXT/_teal");
        azure.put(&path, DNS, body).await?;
        let before = azure.get(&path, DNS).await?;
        let shape = Shape::of(azure.traffic_manager("Priority").await?).and(own_ledger());
        azure.commit(azure.world.blue_color(), &shape)?;
        let mut switcher = azure.start("one").await?;
        let told = |one: &SwitchStatus| one.attention.iter().any(|item| item.message.contains("_teal.contoso.test"));
        switcher.until("told", told).await?;
        ensure!(azure.get(&path, DNS).await? == before, "it is left as it was");
        switcher.end().await
    })
}

#[test]
fn a_record_of_another_switch_is_left_alone_and_named() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let azure = Azure::new(&pair).await?;
        let shape = Shape::of(azure.record_target());
        azure.steady_on_blue(&shape).await?.end().await?;
        let before = azure.record().await?;
        let name = &azure.world.name;
        let other = azure.text(azure.world.green_color(), &shape).replace(&format!("name: {name}}}"), "name: other}");
        azure.world.commit_text(azure.world.green_color(), &other)?;
        let mut switcher = azure.start("two").await?;
        let held = switcher.until("told", told("LedgerForeign")).await?;
        let message =
            &held.attention.iter().find(|item| item.reason == "LedgerForeign").map(|item| item.message.clone());
        let words = format!(
            "the ledger of another Switch, `{name}`: one record is moved by one Switch; leave it out of `other`, or of `{name}`"
        );
        ensure!(message.as_ref().is_some_and(|text| text.contains(&words)), "{message:?}");
        ensure!(held.name == "other" && azure.record().await? == before, "nothing is written");
        switcher.end().await
    })
}

#[test]
fn g3_no_move_begins_before_its_target_was_looked_at_and_a_missing_role_is_told_and_holds_nothing() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let azure = Azure::new(&pair).await?;
        let shape = Shape::of(azure.record_target());
        // What external-dns leaves beside a record can't be read: Azure has a bad minute. At rest that holds nothing.
        let fault = |status: u16, code: &str| json!({"method": "GET", "path": "*/TXT*", "fault": {"kind": "error", "status": status, "code": code}});
        azure.fault(fault(503, "ServerBusy")).await?;
        let mut switcher = azure.steady_on_blue(&shape).await?;
        azure.commit(azure.world.green_color(), &shape)?;
        let waits =
            |one: &SwitchStatus| one.wait.as_ref().is_some_and(|wait| wait.message.contains("could not be looked at"));
        let held = switcher.until("the move waits for a look", waits).await?;
        let wait = held.wait.as_ref().map(|wait| (wait.reason.as_str(), wait.until.is_some()));
        ensure!(held.phase == "Steady" && wait == Some(("gate", true)), "{} {:?}", held.phase, held.wait);
        // The writer's role is scoped to the record set: what lies beside it is not for it to read.
        azure.admin(reqwest::Method::DELETE, "faults", serde_json::Value::Null).await?;
        azure.fault(fault(403, "AuthorizationFailed")).await?;
        let steady = switcher.until("steady on green", steady_on(azure.world.green_color())).await?;
        let warnings = &steady.targets[0].warnings;
        ensure!(warnings.iter().any(|text| text.contains("it could not be looked at")), "{warnings:?}");
        switcher.end().await
    })
}
