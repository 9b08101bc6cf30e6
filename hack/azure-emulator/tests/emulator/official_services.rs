//! Microsoft's own examples of the traffic services: every request is taken, and every field of their answers is in ours.

use serde_json::{Value, json};

use crate::kit::Kit;
use crate::official::{examples, missing, path};

/// The group of Front Door's examples.
const GROUP_RG: &str = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/RG";
/// What an answer may lack, with the reason.
const LACKS: &[(&str, &str)] = &[
    ("validationProperties", "a custom domain is approved at once, so there is no token to show"),
    ("azureDnsZone", "the reference is the caller's; the example shows an empty one"),
    ("preValidatedCustomDomainResourceId", "the same"),
    ("secret", "the same"),
    ("logScrubbing", SHOWN_UNASKED),
    ("customHeaders", SHOWN_UNASKED),
    ("modifiedQueryString", SHOWN_UNASKED),
    ("reroute", SHOWN_UNASKED),
    ("loadDistributionPolic", SHOWN_UNASKED),
    ("privateLinkConfigurations/0", SHOWN_UNASKED),
    ("urlPathMaps/0", SHOWN_UNASKED),
    ("verifyClientRevocation", SHOWN_UNASKED),
    ("clientCertIssuerDN", "read from a certificate that the example blanks out"),
    ("validatedCertData", "the same"),
    ("servers/0", "the example asks after a pool that its gateway doesn't have"),
    ("rulesEngines/0", SHOWN_UNASKED),
    ("isPreview", "no version on offer is a preview"),
    ("patchVersions", "other versions are on offer"),
];
/// The creating example doesn't send what the answer shows.
const SHOWN_UNASKED: &str = "the creating example doesn't send it";
/// What the emulator doesn't do at all.
const NOT_DONE: &[(&str, &str)] = &[("GetCommandResult", "commands in a cluster are not run")];

/// The examples' placeholder for a subscription, and for an endpoint's host, as they are here.
fn own(example: &Value, host: &str) -> Value {
    let text =
        example.to_string().replace("/subscriptions/subid/", "/subscriptions/11111111-1111-1111-1111-111111111111/");
    serde_json::from_str(&text.replace("endpoint1-abcdefghijklmnop.z01.azurefd.net", host)).unwrap()
}

async fn put(kit: &Kit, path: &str, body: &Value) {
    let answer = kit.put(path, body.clone()).await;
    assert!(answer.status.is_success(), "{path}: {} {}", answer.status, answer.body);
}

fn body_of(all: &[(String, Value)], name: &str) -> Value {
    let found = all.iter().find(|(known, _)| known == name);
    found.map(|(_, one)| one["request"]["body"].clone()).unwrap_or_else(|| panic!("no example {name}"))
}

/// The path up to and with the `n`th word after the type's first segment.
fn upto(path: &str, kind: &str, words: usize) -> Option<String> {
    let bare = path.split('?').next()?;
    let start = bare.to_lowercase().find(&format!("/{}/", kind.to_lowercase()))? + 1;
    let all: Vec<&str> = bare[start..].split('/').collect();
    (all.len() >= words).then(|| format!("{}{}", &bare[..start], all[..words].join("/")))
}

async fn run(service: &str, prepare: impl AsyncFn(&Kit, &[(String, Value)], &str, &Value)) {
    let Some(examples) = examples(service) else {
        println!("skipped: there are no ../shared/azure-examples/{service} beside this clone");
        return;
    };
    let kit = Kit::start().await;
    let mut wrong = Vec::new();
    let examples: Vec<(String, Value)> = examples.into_iter().map(|(name, one)| (name, own(&one, "{host}"))).collect();
    for (name, example) in &examples {
        if NOT_DONE.iter().any(|(part, _)| name.contains(part)) {
            continue;
        }
        kit.send("POST", "/_emulator/reset", &[], None).await;
        prepare(&kit, &examples, name, example).await;
        let endpoint = format!("{GROUP_RG}/providers/Microsoft.Cdn/profiles/profile1/afdEndpoints/endpoint1");
        let host = kit.get(&endpoint).await.body["properties"]["hostName"].as_str().unwrap_or_default().to_owned();
        let example = &serde_json::from_str::<Value>(&example.to_string().replace("{host}", &host)).unwrap();
        let path = path(example).replace(' ', "%20");
        let method = example["request"]["method"].as_str().unwrap();
        let body = Some(example["request"]["body"].clone()).filter(|body| !body.is_null());
        let answer = kit.send(method, &path, &[], body).await;
        if !answer.status.is_success() {
            wrong.push(format!("{name}: {method} {path}: {} {}", answer.status, answer.body));
            continue;
        }
        let mut shown = answer.body;
        if answer.status == 202 && method == "POST" && answer.headers.contains_key("location") {
            shown = kit.get(answer.headers["location"].to_str().unwrap()).await.body;
        }
        if !example["response"].is_null() {
            let lacks = missing(&example["response"]["body"], &shown, "");
            let known = |lack: &String| LACKS.iter().any(|(field, _)| lack.contains(&format!("/{field}")));
            wrong.extend(lacks.iter().filter(|lack| !known(lack)).map(|lack| format!("{name}: lacks {lack}")));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test]
async fn traffic_manager_takes_every_official_request() {
    run("trafficmanager", async |kit, all, name, example| {
        let path = path(example);
        let method = example["request"]["method"].as_str().unwrap();
        let kind = "trafficmanagerprofiles";
        let create = body_of(all, "Profiles_CreateOrUpdate_profilePutWithEndpoints");
        if name.contains("NotAvailable") {
            let mut taken = create;
            taken["properties"]["dnsConfig"]["relativeName"] = example["request"]["body"]["name"].clone();
            put(kit, "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/trafficManagerProfiles/p", &taken)
                .await;
            return;
        }
        if name.contains("List") {
            let scope = path.split("/providers/").next().unwrap();
            let scope =
                if scope.contains("/resourceGroups/") { scope.to_owned() } else { format!("{scope}/resourceGroups/g") };
            put(kit, &format!("{scope}/providers/Microsoft.Network/{kind}/p"), &create).await;
            return;
        }
        let Some(profile) = upto(&path, kind, 2) else { return };
        let endpoint = upto(&path, kind, 4);
        if endpoint.is_some() {
            let mut empty = create;
            empty["properties"]["endpoints"] = json!([]);
            empty["properties"]["trafficRoutingMethod"] = json!("Priority");
            put(kit, &profile, &empty).await;
        } else if method != "PUT" {
            let mut body = create;
            body["properties"]["trafficViewEnrollmentStatus"] = json!("Enabled");
            body["tags"] = json!({});
            put(kit, &profile, &body).await;
        }
        if let Some(endpoint) = endpoint.filter(|_| method != "PUT") {
            let alike = name.rsplit("External").next().filter(|_| name.contains("With")).unwrap_or("WithLocation");
            let body = body_of(all, &format!("Endpoints_CreateOrUpdate_endpointPutExternal{alike}"));
            put(kit, &endpoint, &body).await;
        }
    })
    .await;
}

#[tokio::test]
async fn front_door_takes_every_official_request() {
    run("cdn-frontdoor", async |kit, all, name, example| {
        let path = path(example);
        let scope = path.split("/providers/").next().unwrap();
        let scope = if scope.contains("/resourceGroups/") { scope.to_owned() } else { format!("{scope}/resourceGroups/RG") };
        if name == "Profiles_Create" {
            return;
        }
        let profile = format!("{scope}/providers/Microsoft.Cdn/profiles/profile1");
        put(kit, &profile, &body_of(all, "Profiles_Create")).await;
        put(kit, &format!("{profile}/afdEndpoints/endpoint1"), &body_of(all, "AFDEndpoints_Create")).await;
        let group = json!({"properties": {"loadBalancingSettings": {"sampleSize": 3, "successfulSamplesRequired": 3},
            "healthProbeSettings": {"probeIntervalInSeconds": 10, "probePath": "/path1", "probeProtocol": "Http", "probeRequestType": "HEAD"},
            "trafficRestorationTimeToHealedOrNewEndpointsInMinutes": 5}});
        put(kit, &format!("{profile}/originGroups/originGroup1"), &group).await;
        put(kit, &format!("{profile}/originGroups/originGroup1/origins/origin1"), &body_of(all, "AFDOrigins_Create")).await;
        put(kit, &format!("{profile}/customDomains/domain1"), &body_of(all, "AFDCustomDomains_Create")).await;
        put(kit, &format!("{profile}/ruleSets/ruleSet1"), &json!({})).await;
        if name.starts_with("Routes") && name != "Routes_Create" {
            put(kit, &format!("{profile}/afdEndpoints/endpoint1/routes/route1"), &body_of(all, "Routes_Create")).await;
        }
    })
    .await;
}

#[tokio::test]
async fn classic_front_door_takes_every_official_request() {
    run("frontdoor-classic", async |kit, all, name, example| {
        if name != "FrontDoors_CreateOrUpdate" {
            let scope = path(example).split("/providers/").next().unwrap().to_owned();
            let scope = if scope.contains("/resourceGroups/") { scope } else { format!("{scope}/resourceGroups/rg1") };
            let door = format!("{scope}/providers/Microsoft.Network/frontDoors/frontDoor1");
            let own = body_of(all, "FrontDoors_CreateOrUpdate")
                .to_string()
                .replace("/subscriptions/subid/resourceGroups/rg1", &scope);
            put(kit, &door, &serde_json::from_str(&own).unwrap()).await;
        }
    })
    .await;
}

#[tokio::test]
async fn application_gateway_takes_every_official_request() {
    run("applicationgateway", async |kit, all, name, example| {
        if name != "ApplicationGateways_CreateOrUpdate" {
            let scope = path(example).split("/providers/").next().unwrap().to_owned();
            let scope = if scope.contains("/resourceGroups/") { scope } else { format!("{scope}/resourceGroups/rg1") };
            let gateway = upto(&path(example), "applicationGateways", 2);
            let gateway =
                gateway.unwrap_or_else(|| format!("{scope}/providers/Microsoft.Network/applicationGateways/appgw"));
            put(kit, &gateway, &body_of(all, "ApplicationGateways_CreateOrUpdate")).await;
        }
    })
    .await;
}

#[tokio::test]
async fn aks_takes_every_official_request() {
    run("containerservice", async |kit, all, name, example| {
        if name.contains("KubernetesVersions") {
            return;
        }
        let cluster = &all.iter().find(|(known, _)| known == "ManagedClusters_Get").unwrap().1["response"]["body"];
        let mut body =
            json!({"location": cluster["location"], "tags": cluster["tags"], "properties": cluster["properties"]});
        body["properties"]["agentPoolProfiles"][0]["name"] = json!("agentpool1");
        // The example's version has long had its day.
        body["properties"]["kubernetesVersion"] = json!("1.34.0");
        body["properties"]["agentPoolProfiles"][0]["orchestratorVersion"] = json!("1.34.0");
        let scope = path(example).split("/providers/").next().unwrap().to_owned();
        let scope = if scope.contains("/resourceGroups/") { scope } else { format!("{scope}/resourceGroups/rg1") };
        put(kit, &format!("{scope}/providers/Microsoft.ContainerService/managedClusters/clustername1"), &body).await;
    })
    .await;
}
