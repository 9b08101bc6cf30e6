//! A Switch whose record is on a name server of one's own, with a sealed ledger beside it, and whose cluster is Azure's.

use anyhow::{Result, ensure};
use teal_switcher_core::step::Write;
use teal_switcher_core::{Ledger, Phase};
use teal_testkit::dns::{DnsServer, Key, Zone};

use crate::world::{AKS, World, id};

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_ledger_beside_a_record_of_ones_own_name_server_ends_with_the_others() -> Result<()> {
    let world = World::new("  executor: arm\n  scream: 0s\n").await?;
    let key = Key::generate("teal")?;
    let green = world.ip("green");
    let zone = Zone::new("intranet.test").address("shop", 5, &[green.parse()?]);
    let dns = DnsServer::start(&zone, std::slice::from_ref(&key)).await?;
    std::fs::create_dir_all(world.folder.path().join("dns"))?;
    std::fs::write(world.folder.path().join("dns/secret"), key.base64())?;
    std::fs::write(world.folder.path().join("dns/ledger"), "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=")?;
    std::fs::create_dir_all(world.file("intranet"))?;
    let text = std::fs::read_to_string(world.file("contoso/switch.yaml"))?;
    let from = text.find("  targets:").unwrap_or(text.len());
    let target = format!(
        "  targets:\n  - rfc2136: {{server: \"{}\", zone: intranet.test, record: shop, tsig: {{name: teal, algorithm: hmac-sha256, secret: dns}}}}\n    to: {{blue: {{ip: {}}}, green: {{ip: {green}}}}}\n",
        dns.address(),
        world.ip("blue"),
    );
    let text = text[..from].replace("name: contoso", "name: intranet") + &target;
    std::fs::write(world.file("intranet/switch.yaml"), text)?;
    let (route, _) = world.route("intranet")?;
    let (routed, _) = route.read(false).await?;
    let (lineage, owner) = ("intranet".to_owned(), "intranet".to_owned());
    let first = Ledger { lineage, owner, ..world.ledger("contoso").await? };
    route.write(&routed, &Write { next: first, change: None }).await?;

    let (code, text) = world.teal(&["retire", "blue", "--yes", "--secrets", ".."]).await?;
    ensure!(
        code == 4 && text.contains("it names this cluster as blue, and `switches` does not list it"),
        "{code} {text}"
    );
    let colors = std::fs::read_to_string(world.file("colors.yaml"))?;
    std::fs::write(world.file("colors.yaml"), colors.replace("[contoso, shop]", "[contoso, shop, intranet]"))?;
    world.push()?;
    // Without the keys the ledger can't be read, and what can't be read refuses.
    let (code, text) = world.teal(&["retire", "blue", "--yes", "--secrets", "/nowhere"]).await?;
    ensure!(code == 4 && text.contains("Secret dns: key secret can't be read"), "{code} {text}");
    ensure!(world.asked("POST", &format!("{}/stop", id(AKS)).to_ascii_lowercase()).await? == 0);
    let (code, text) = world.teal(&["retire", "blue", "--yes", "--secrets", ".."]).await?;
    ensure!(
        code == 0 && text.contains("intranet: no way back any more") && text.contains("intranet: Steady"),
        "{code} {text}"
    );
    let ledger = world.ledger("intranet").await?;
    ensure!(ledger.phase == Phase::Steady && ledger.course.is_none() && ledger.lineage == "intranet", "{ledger:?}");
    ensure!(world.cluster().await? == "gone");
    Ok(())
}
