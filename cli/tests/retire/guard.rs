//! The guard: everything that still leads to blue is told, each with where and what to do, and nothing is touched.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::world::{AKS, DAEMON, GATEWAY, RETIRER, SUBSCRIPTION, TENANT, World, id, node};

fn reasons(text: &str) -> Result<Vec<(String, String)>> {
    let value: Value = serde_json::from_str(text)?;
    let word = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    Ok(value["findings"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| (word(one, "reason"), word(one, "place")))
        .collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_touched_while_anything_leads_to_blue_and_all_of_it_is_told() -> Result<()> {
    let front = "Microsoft.Cdn/profiles/front";
    let (classic, traffic) = ("Microsoft.Network/frontDoors/old", "Microsoft.Network/trafficManagerProfiles/tm");
    let inspect: Vec<String> = [front, classic, traffic].iter().map(|path| format!("      - {}\n", id(path))).collect();
    let world = World::new("").await?;
    world.colors("  executor: arm\n")?;
    let text = std::fs::read_to_string(world.file("colors.yaml"))?;
    std::fs::write(world.file("colors.yaml"), format!("{text}      inspect:\n{}", inspect.concat()))?;

    // A record, one that follows the ingress' address, an origin of either Front Door, an endpoint, a pool, a disk, traffic.
    world.record("www", "blue").await?;
    world.record("aks-blue", "blue").await?;
    let ingress = node("Microsoft.Network/publicIPAddresses/ingress");
    world.put(&ingress, json!({"location": "westeurope", "properties": {"ipAddress": "198.18.0.9"}})).await?;
    let alias = json!({"properties": {"TTL": 5, "targetResource": {"id": ingress}}});
    world.put(&id("Microsoft.Network/dnsZones/contoso.example/A/alias"), alias.clone()).await?;
    // An alias of blue's own name, and one of an address that is blue's by its number only, as an endpoint has it, too.
    let own = json!({"properties": {"TTL": 5, "targetResource": {"id": id("Microsoft.Network/dnsZones/contoso.example/A/aks-blue")}}});
    world.put(&id("Microsoft.Network/dnsZones/contoso.example/A/by-name"), own).await?;
    let outside = id("Microsoft.Network/publicIPAddresses/outside");
    world.put(&outside, json!({"location": "westeurope", "properties": {"ipAddress": world.ip("blue")}})).await?;
    let by_number = json!({"properties": {"TTL": 5, "targetResource": {"id": outside}}});
    world.put(&id("Microsoft.Network/dnsZones/contoso.example/A/by-number"), by_number).await?;
    // A zone that nobody lists.
    world.put(&id("Microsoft.Network/dnsZones/other.example"), json!({"location": "global"})).await?;
    world.put(&id("Microsoft.Network/dnsZones/other.example/A/alias"), alias).await?;
    front_door(&world, front).await?;
    classic_door(&world, classic).await?;
    profile(&world, traffic).await?;
    world.gateway(&[world.ip("green"), world.ip("blue")]).await?;
    world.put(&node("Microsoft.Compute/disks/data"), json!({"location": "westeurope"})).await?;
    world.requests(7.0).await?;

    let (code, text) = world.teal(&["retire", "blue", "--dry-run", "-o", "json"]).await?;
    ensure!(code == 1, "{code} {text}");
    let found = reasons(&text)?;
    for (reason, place) in [
        ("PointsThere", "zone contoso.example"),
        ("PointsThere", &format!("alias records of subscription {SUBSCRIPTION}")),
        ("PointsThere", "Front Door front"),
        ("PointsThere", "classic Front Door old"),
        ("PointsThere", "Traffic Manager profile tm"),
        ("PointsThere", "Application Gateway gw"),
        ("LiveTraffic", "drain of blue"),
        ("DataDies", "node resource group"),
        ("AddressDies", "node resource group"),
        ("OwnName", "zone contoso.example"),
        ("IdlePointer", "Front Door front"),
        ("IdlePointer", "Traffic Manager profile tm"),
    ] {
        ensure!(found.contains(&(reason.to_owned(), place.to_owned())), "{reason} at {place}: {text}");
    }
    for words in [
        "A record www.contoso.example points at blue",
        "A alias record alias.contoso.example",
        "origin blue of the group web",
        "backend of the pool web",
        "endpoint blue",
        "A alias record by-name.contoso.example",
        "A alias record by-number.contoso.example",
        "endpoint azure",
        "origin off of the group web",
        "pool web",
    ] {
        ensure!(text.contains(words), "{words}: {text}");
    }

    let (code, text) = world.teal(&["retire", "blue", "--yes"]).await?;
    ensure!(
        code == 4 && text.contains("blue stays as it is") && text.contains("let it point elsewhere"),
        "{code} {text}"
    );
    ensure!(world.ledger("contoso").await?.retirement().is_none() && world.cluster().await? == "Succeeded, Running");
    ensure!(world.asked("POST", "/aks-blue/stop").await? == 0 && world.asked("DELETE", "/aks-blue").await? == 0);
    Ok(())
}

async fn front_door(world: &World, front: &str) -> Result<()> {
    let settings = json!({"properties": {"loadBalancingSettings": {"sampleSize": 4, "successfulSamplesRequired": 3, "additionalLatencyInMilliseconds": 50}}});
    world.put(&id(front), json!({"location": "global", "sku": {"name": "Standard_AzureFrontDoor"}})).await?;
    let endpoint = json!({"location": "global", "properties": {"enabledState": "Enabled"}});
    world.put(&id(&format!("{front}/afdEndpoints/web")), endpoint).await?;
    for group in ["web", "unused"] {
        world.put(&id(&format!("{front}/originGroups/{group}")), settings.clone()).await?;
    }
    for (group, origin, enabled) in
        [("web", "blue", "Enabled"), ("web", "off", "Disabled"), ("unused", "blue", "Enabled")]
    {
        let body = json!({"properties": {"hostName": "aks-blue.contoso.example", "originHostHeader": "x.example", "httpPort": 80, "httpsPort": 443, "priority": 1, "weight": 1000, "enabledState": enabled}});
        world.put(&id(&format!("{front}/originGroups/{group}/origins/{origin}")), body).await?;
    }
    let route = json!({"properties": {"originGroup": {"id": id(&format!("{front}/originGroups/web"))}, "supportedProtocols": ["Http"], "patternsToMatch": ["/*"], "forwardingProtocol": "HttpOnly", "linkToDefaultDomain": "Enabled", "httpsRedirect": "Disabled", "enabledState": "Enabled"}});
    world.put(&id(&format!("{front}/afdEndpoints/web/routes/all")), route).await
}

async fn classic_door(world: &World, classic: &str) -> Result<()> {
    let part = |kind: &str, name: &str| json!({"id": format!("{}/{kind}/{name}", id(classic))});
    let backend = json!({"address": world.ip("blue"), "httpPort": 80, "httpsPort": 443, "enabledState": "Enabled", "priority": 1, "weight": 50, "backendHostHeader": "x.example"});
    let body = json!({"location": "global", "properties": {
        "enabledState": "Enabled",
        "frontendEndpoints": [{"name": "front", "properties": {"hostName": "old.azurefd.net"}}],
        "loadBalancingSettings": [{"name": "lb", "properties": {"sampleSize": 4, "successfulSamplesRequired": 2}}],
        "healthProbeSettings": [{"name": "probe", "properties": {"path": "/", "protocol": "Http", "intervalInSeconds": 30}}],
        "backendPools": [{"name": "web", "properties": {"backends": [backend], "loadBalancingSettings": part("loadBalancingSettings", "lb"), "healthProbeSettings": part("healthProbeSettings", "probe")}}],
        "routingRules": [{"name": "rule", "properties": {"frontendEndpoints": [part("frontendEndpoints", "front")], "acceptedProtocols": ["Http"], "patternsToMatch": ["/*"], "enabledState": "Enabled",
            "routeConfiguration": {"@odata.type": "#Microsoft.Azure.FrontDoor.Models.FrontdoorForwardingConfiguration", "forwardingProtocol": "HttpOnly", "backendPool": part("backendPools", "web")}}}],
    }});
    world.put(&id(classic), body).await
}

async fn profile(world: &World, traffic: &str) -> Result<()> {
    let endpoint = |name: &str, priority: u32, status: &str| {
        json!({"name": name, "type": "Microsoft.Network/trafficManagerProfiles/externalEndpoints",
        "properties": {"target": if name.starts_with("blue") { "aks-blue.contoso.example" } else { "aks-green.contoso.example" }, "endpointStatus": status, "priority": priority, "endpointLocation": "West Europe"}})
    };
    let second = json!({"name": "blue-ip", "type": "Microsoft.Network/trafficManagerProfiles/externalEndpoints", "properties": {"target": world.ip("blue"), "endpointStatus": "Disabled", "priority": 3}});
    let azure = json!({"name": "azure", "type": "Microsoft.Network/trafficManagerProfiles/azureEndpoints", "properties": {"targetResourceId": id("Microsoft.Network/publicIPAddresses/outside"), "endpointStatus": "Enabled", "priority": 4}});
    let body = json!({"location": "global", "properties": {
        "profileStatus": "Enabled", "trafficRoutingMethod": "Priority", "dnsConfig": {"relativeName": "teal-tm", "ttl": 30},
        "monitorConfig": {"protocol": "HTTP", "port": 80, "path": "/"},
        "endpoints": [endpoint("blue", 1, "Enabled"), endpoint("green", 2, "Enabled"), second, azure],
    }});
    world.put(&id(traffic), body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_refuses_and_a_missing_role_is_named_with_its_scope() -> Result<()> {
    let world = World::new("  executor: arm\n").await?;
    let access = |roles: &[(&str, String)]| {
        let assignments: Vec<Value> = roles
            .iter()
            .map(|(role, scope)| json!({"principal": RETIRER, "role": role, "scope": scope}))
            .chain([json!({"principal": DAEMON, "role": "Owner", "scope": "/"})])
            .collect();
        let clients = [RETIRER, DAEMON].map(|id| json!({"tenant": TENANT, "id": id, "secret": "s"}));
        json!({"strict": true, "tenants": [{"id": TENANT, "subscriptions": [SUBSCRIPTION]}], "clients": clients, "assignments": assignments})
    };
    // May read everything but the zone that is inspected, where the ledgers are, too.
    let cluster = ("Azure Kubernetes Service Contributor Role", id(AKS));
    world.tell("PUT", "access", access(&[cluster.clone(), ("Reader", id(GATEWAY))])).await?;
    let (code, text) = world.teal(&["retire", "blue", "--dry-run", "-o", "json"]).await?;
    let found = reasons(&text)?;
    let told: Vec<&str> = found.iter().map(|(reason, _)| reason.as_str()).collect();
    ensure!(
        code == 1 && ["LedgerUnreadable", "Unreadable", "TargetUnreadable"].iter().all(|one| told.contains(one)),
        "{code} {text}"
    );
    ensure!(text.contains("grant `DNS Zone Contributor` on") && text.contains("dnsZones/contoso.example"), "{text}");

    // May read all, and write the ledgers, but not stop the cluster.
    let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/rg");
    let zone = ("DNS Zone Contributor", group);
    let reader = ("Reader", format!("/subscriptions/{SUBSCRIPTION}"));
    world.tell("PUT", "access", access(&[zone.clone(), reader.clone()])).await?;
    let (code, text) = world.teal(&["retire", "blue", "--yes"]).await?;
    let role = format!("grant `Azure Kubernetes Service Contributor Role` on {}", id(AKS).to_ascii_lowercase());
    ensure!(code == 4 && text.to_ascii_lowercase().contains(&role.to_ascii_lowercase()), "{code} {text}");
    ensure!(
        world.ledger("contoso").await?.retirement().is_some() && world.cluster().await? == "Succeeded, Running",
        "no way back, and nothing stopped yet"
    );

    // The role is granted: it goes on.
    world.tell("PUT", "access", access(&[zone, reader, cluster])).await?;
    let (code, text) = world.teal(&["retire", "blue", "--yes"]).await?;
    ensure!(code == 1 && text.contains("teal retire blue --revive"), "{code} {text}");
    ensure!(world.asked("DELETE", "/aks-blue").await? == 0, "stopped only");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn switches_drain_and_identity_are_checked() -> Result<()> {
    let world = World::new("  executor: arm\n").await?;
    let (code, text) = world.teal(&["retire", "blue", "--dry-run"]).await?;
    ensure!(code == 0 && text.contains("drain: proved") && text.contains("scream time: 24h"), "{code} {text}");
    let (code, text) = world.teal(&["retire", "blue"]).await?;
    ensure!(code == 2 && text.contains("say --yes where nobody can be asked"), "{code} {text}");
    let (code, text) = world.teal(&["retire", "red", "--yes"]).await?;
    ensure!(code == 2 && text.contains("has no color red; it has blue"), "{code} {text}");

    // What is not measured is not drained.
    world.tell("DELETE", "metrics", Value::Null).await?;
    let refused = async |words: &str| -> Result<()> {
        let (code, text) = world.teal(&["retire", "blue", "--yes", "-o", "json"]).await?;
        ensure!(code == 4 && text.contains(words), "{words}: {code} {text}");
        Ok(())
    };
    refused("DrainUnknown").await?;
    world.requests(0.0).await?;

    // Git asks for blue; a Switch that no list names; a list that names a stranger; the daemon's own identity.
    let file = world.file("shop/switch.yaml");
    let before = std::fs::read_to_string(&file)?;
    std::fs::write(&file, before.replace("active: green", "active: blue"))?;
    refused("GitWantsIt").await?;
    std::fs::write(&file, before.replace(DAEMON, RETIRER))?;
    refused("SameIdentity").await?;
    std::fs::write(&file, &before)?;
    let colors = std::fs::read_to_string(world.file("colors.yaml"))?;
    std::fs::write(world.file("colors.yaml"), colors.replace("[contoso, shop]", "[contoso, legacy]"))?;
    refused("SwitchNotListed").await?;
    refused("SwitchMissing").await?;
    std::fs::write(world.file("colors.yaml"), colors.replace("retention: 0s", "retention: 1h"))?;
    refused("Retention").await?;
    std::fs::write(world.file("colors.yaml"), &colors)?;

    // The kill switch, and someone who works on the cluster.
    let (code, text) = world.teal(&["hold", "shop", "--file", "shop/switch.yaml", "--reason", "a storm"]).await?;
    ensure!(code == 0, "{code} {text}");
    refused("Ordered").await?;
    let (code, _) = world.teal(&["hold", "shop", "--file", "shop/switch.yaml", "--end"]).await?;
    ensure!(code == 0);
    ensure!(world.asked("POST", "/aks-blue/stop").await? == 0 && world.ledger("contoso").await?.retirement().is_none());
    Ok(())
}

/// An API server that knows one namespace and its UID.
async fn api_server(uid: &'static str) -> Result<String> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = vec![0; 4096];
            let read = stream.read(&mut asked).await.unwrap_or(0);
            let asked = String::from_utf8_lossy(&asked[..read]).into_owned();
            let body =
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system", "uid": uid}})
                    .to_string();
            let status =
                if asked.starts_with("GET /api/v1/namespaces/kube-system ") { "200 OK" } else { "404 Not Found" };
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
            stream.write_all(answer.as_bytes()).await.ok();
        }
    });
    let context = json!({"name": "c", "context": {"cluster": "c", "user": "u"}});
    let cluster = json!({"name": "c", "cluster": {"server": format!("http://{address}")}});
    let user = json!({"name": "u", "user": {"token": "t"}});
    Ok(json!({"apiVersion": "v1", "kind": "Config", "current-context": "c", "contexts": [context], "clusters": [cluster], "users": [user]}).to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_came_back_under_its_old_name_is_another_one() -> Result<()> {
    const BLUE: &str = "11111111-2222-3333-4444-555555555555";
    let world = World::new("  executor: arm\n").await?;
    let colors = std::fs::read_to_string(world.file("colors.yaml"))?;
    std::fs::write(world.file("colors.yaml"), format!("{colors}      uid: {BLUE}\n"))?;
    world.push()?;
    // The emulator's own kubeconfig leads nowhere.
    let (code, text) = world.teal(&["retire", "blue", "--yes", "-o", "json"]).await?;
    ensure!(code == 4 && text.contains("ClusterUnknown"), "{code} {text}");
    let put = async |uid: &'static str| {
        let body = json!({"cluster": id(AKS), "kubeconfig": api_server(uid).await?});
        world.tell("PUT", "kubeconfigs", body).await
    };
    put("99999999-2222-3333-4444-555555555555").await?;
    let (code, text) = world.teal(&["retire", "blue", "--yes"]).await?;
    ensure!(code == 4 && text.contains("it is another cluster of the same name"), "{code} {text}");
    put(BLUE).await?;
    let (code, text) = world.teal(&["retire", "blue", "--yes"]).await?;
    ensure!(code == 1 && world.cluster().await? == "Succeeded, Stopped", "{code} {text}");
    Ok(())
}
