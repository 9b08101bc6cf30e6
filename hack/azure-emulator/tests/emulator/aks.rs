//! AKS, public addresses, metrics of other resources.

use hickory_proto::rr::RecordType;
use serde_json::json;

use crate::kit::{GROUP, Kit};

const CLUSTERS: &str = "/providers/Microsoft.ContainerService/managedClusters";

#[tokio::test]
async fn a_cluster_that_goes_takes_its_addresses_with_it() {
    let kit = Kit::start().await;
    let path = format!("{GROUP}{CLUSTERS}/blue");
    let body = json!({"location": "westeurope", "properties": {"agentPoolProfiles": [{"name": "sys", "count": 3}]}});
    let made = kit.put(&path, body.clone()).await;
    assert_eq!(
        (made.status.as_u16(), &made.body["properties"]["provisioningState"]),
        (201, &json!("Succeeded")),
        "{}",
        made.body
    );
    assert_eq!(made.body["properties"]["powerState"]["code"], "Running");
    let nodes = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/MC_rg_blue_westeurope";
    let address = format!("{nodes}/providers/Microsoft.Network/publicIPAddresses/ingress");
    let label = json!({"location": "westeurope", "properties": {"ipAddress": "198.18.0.9", "dnsSettings": {"domainNameLabel": "ingress"}}});
    assert_eq!(kit.put(&address, label).await.status, 201);
    assert_eq!(kit.ask("ingress.westeurope.cloudapp.azure.com.", RecordType::A).await, ["10 A 198.18.0.9"]);
    let zone = kit.zone("contoso.dev").await;
    let alias = json!({"properties": {"TTL": 5, "targetResource": {"id": address}}});
    assert!(kit.put(&format!("{zone}/A/aks"), alias).await.status.is_success());
    assert_eq!(kit.ask("aks.contoso.dev.", RecordType::A).await, ["5 A 198.18.0.9"]);

    let stale = kit.send("DELETE", &path, &[("if-match", "stale")], None).await;
    assert_eq!(stale.status, 412);
    let current = kit.get(&path).await.body["eTag"].as_str().unwrap().to_owned();
    assert_eq!(kit.send("DELETE", &path, &[("if-match", &current)], None).await.status, 202);
    assert_eq!(kit.get(&path).await.status, 404);
    assert_eq!(kit.delete(&path).await.status, 204);
    assert_eq!(kit.get(&address).await.status, 404);
    assert!(kit.ask("aks.contoso.dev.", RecordType::A).await.is_empty(), "the alias emptied with its target");
}

#[tokio::test]
async fn one_operation_at_a_time_and_power() {
    let kit = Kit::start().await;
    let path = format!("{GROUP}{CLUSTERS}/blue");
    kit.put(&path, json!({"location": "westeurope"})).await;
    kit.settings(json!({"lro": {"default": {"polls": 1}}})).await;
    let post = async |action: &str| kit.send("POST", &format!("{path}/{action}"), &[], None).await;
    let begun = post("stop").await;
    assert_eq!(begun.status, 202);
    assert_eq!(kit.get(&path).await.body["properties"]["provisioningState"], "Stopping");
    let busy = kit.delete(&path).await;
    assert_eq!((busy.status.as_u16(), busy.body["error"]["code"].as_str().unwrap()), (409, "OperationNotAllowed"));
    assert!(busy.body.to_string().contains("Another operation (Stop) is in progress"), "{}", busy.body);
    assert_eq!(kit.get(begun.header("azure-asyncoperation")).await.body["status"], "InProgress");
    assert_eq!(kit.get(begun.header("azure-asyncoperation")).await.body["status"], "Succeeded");
    let stopped = kit.get(&path).await.body;
    assert_eq!(
        (&stopped["properties"]["powerState"]["code"], &stopped["properties"]["provisioningState"]),
        (&json!("Stopped"), &json!("Succeeded"))
    );
    post("start").await;
    assert_eq!(post("abort").await.status, 202);
    let aborted = kit.get(&path).await.body;
    assert_eq!(
        (&aborted["properties"]["powerState"]["code"], &aborted["properties"]["provisioningState"]),
        (&json!("Stopped"), &json!("Canceled"))
    );
}

#[tokio::test]
async fn node_pools_come_and_go_but_the_last_of_the_system() {
    let kit = Kit::start().await;
    let path = format!("{GROUP}{CLUSTERS}/blue");
    let pools = json!([{"name": "sys", "count": 3, "mode": "System"}]);
    // The Azure CLI leaves the choice of a version to the service so.
    let properties = json!({"kubernetesVersion": "", "agentPoolProfiles": pools});
    let body = json!({"location": "westeurope", "identity": {"type": "SystemAssigned"}, "properties": properties});
    let made = kit.put(&path, body).await.body;
    assert!(made["identity"]["principalId"].is_string(), "{made}");
    assert!(made["properties"]["identityProfile"]["kubeletidentity"]["objectId"].is_string(), "{made}");
    let user = format!("{path}/agentPools/user");
    let made = kit.put(&user, json!({"properties": {"count": 1, "mode": "User"}})).await;
    assert_eq!((made.status.as_u16(), &made.body["properties"]["provisioningState"]), (201, &json!("Succeeded")));
    let body = json!({"properties": {"count": 4, "mode": "User"}});
    assert_eq!(kit.send("PUT", &user, &[("if-match", "stale")], Some(body.clone())).await.status, 412);
    assert_eq!(kit.put(&user, body).await.body["properties"]["count"], 4);
    let shown = kit.get(&path).await.body;
    let names: Vec<&str> = shown["properties"]["agentPoolProfiles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["sys", "user"]);
    assert_eq!(shown["properties"]["kubernetesVersion"], "1.34.2");
    let region =
        "/subscriptions/11111111-1111-1111-1111-111111111111/providers/Microsoft.ContainerService/locations/westeurope";
    let old =
        kit.get(&format!("{region}/orchestrators?api-version=2019-08-01&resource-type=managedClusters")).await.body;
    let first = &old["properties"]["orchestrators"][0];
    assert_eq!(
        (&first["orchestratorVersion"], &first["upgrades"][0]["orchestratorVersion"]),
        (&json!("1.33.4"), &json!("1.33.6"))
    );
    let new = kit.get(&format!("{region}/kubernetesVersions")).await.body;
    assert_eq!(new["values"][0]["version"], "1.33");

    kit.settings(json!({"lro": {"default": {"polls": 1}}})).await;
    let begun = kit.delete(&user).await;
    assert_eq!(begun.status, 202);
    assert_eq!(kit.get(&user).await.body["properties"]["provisioningState"], "Deleting");
    assert_eq!(kit.delete(&format!("{path}/agentPools/sys")).await.status, 409, "one operation at a time");
    let status = async || kit.get(begun.header("azure-asyncoperation")).await.body["status"].clone();
    assert_eq!((status().await, status().await), (json!("InProgress"), json!("Succeeded")));
    assert_eq!((kit.get(&user).await.status.as_u16(), kit.delete(&user).await.status.as_u16()), (404, 204));
    let last = kit.delete(&format!("{path}/agentPools/sys")).await;
    assert!(last.status == 400 && last.body.to_string().contains("at least one system node pool"), "{}", last.body);
    assert_eq!(kit.get(&path).await.body["properties"]["provisioningState"], "Succeeded");
}

#[tokio::test]
async fn a_cluster_hands_out_the_kubeconfig_it_was_given() {
    let kit = Kit::start().await;
    let path = format!("{GROUP}{CLUSTERS}/blue");
    kit.put(&path, json!({"location": "westeurope"})).await;
    let given = kit
        .send("PUT", "/_emulator/kubeconfigs", &[], Some(json!({"cluster": path, "kubeconfig": "kind: Config"})))
        .await;
    assert_eq!(given.status, 204);
    for action in ["listClusterUserCredential", "listClusterAdminCredential"] {
        let body = kit.send("POST", &format!("{path}/{action}"), &[], None).await.body;
        assert_eq!(body["kubeconfigs"][0]["value"], "a2luZDogQ29uZmln", "{body}");
    }
    assert!(!kit.get(&path).await.body.to_string().contains("kind: Config"));
    kit.put(&path, json!({"location": "westeurope", "tags": {"a": "b"}})).await;
    let body = kit.send("POST", &format!("{path}/listClusterUserCredential"), &[], None).await.body;
    assert_eq!(body["kubeconfigs"][0]["value"], "a2luZDogQ29uZmln", "an update keeps it");
    let nobody = json!({"cluster": path.replace("blue", "none"), "kubeconfig": "secret"});
    let refused = kit.send("PUT", "/_emulator/kubeconfigs", &[], Some(nobody)).await;
    assert!(refused.status == 404 && !refused.body.to_string().contains("secret"));
}

#[tokio::test]
async fn metrics_are_put_in_and_fail_inside_a_200() {
    let kit = Kit::start().await;
    let path = format!("{GROUP}{CLUSTERS}/blue");
    kit.put(&path, json!({"location": "westeurope"})).await;
    let put = async |body| kit.send("PUT", "/_emulator/metrics", &[], Some(body)).await.status;
    let values = json!([{"value": 40.0, "dimensions": {"node": "a"}}, {"value": 60.0, "dimensions": {"node": "b"}}]);
    assert_eq!(put(json!({"resource": path, "metric": "node_cpu_usage_percentage", "values": values})).await, 204);
    let at = format!(
        "{path}/providers/Microsoft.Insights/metrics?api-version=2024-02-01&interval=FULL&timespan=PT1H&metricnames=node_cpu_usage_percentage"
    );
    let body = kit.get(&at).await.body;
    assert_eq!(body["value"][0]["timeseries"][0]["data"][0]["average"], 50.0, "{body}");
    assert_eq!(
        (&body["value"][0]["errorCode"], &body["namespace"]),
        (&json!("Success"), &json!("microsoft.containerservice/managedclusters"))
    );
    let error = json!({"code": "InvalidSamplingType", "message": "Sampling type is not found."});
    assert_eq!(put(json!({"resource": path, "metric": "node_cpu_usage_percentage", "error": error})).await, 204);
    let failing = kit.get(&at).await;
    assert_eq!((failing.status.as_u16(), &failing.body["value"][0]["errorCode"]), (200, &json!("InvalidSamplingType")));
    assert_eq!(put(json!({"resource": path, "metric": "node_cpu_usage_percentage", "error": null})).await, 204);
    assert_eq!(kit.get(&at).await.body["value"][0]["errorCode"], "Success");
    for (query, words) in [
        ("metricnames=nope", "Valid metrics"),
        ("interval=PT7M", "time grain"),
        ("$filter=x", "filter"),
        ("$filter=Nope%20eq%20'*'", "dimension"),
        ("timespan=x", "timespan"),
    ] {
        let url = format!("{path}/providers/Microsoft.Insights/metrics?api-version=2024-02-01&{query}");
        let answer = kit.get(&url).await;
        assert!(
            answer.status == 400 && answer.body["error"]["message"].as_str().unwrap().contains(words),
            "{query}: {}",
            answer.body
        );
    }
}

#[tokio::test]
async fn many_resources_are_asked_at_once() {
    let kit = Kit::start().await;
    let zones = [kit.zone("one.dev").await, kit.zone("two.dev").await];
    kit.address(&zones[1], "www", &["192.0.2.1"]).await;
    let start = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(1);
    let url = format!(
        "/subscriptions/11111111-1111-1111-1111-111111111111/metrics:getBatch?api-version=2024-02-01&interval=FULL\
         &starttime={start}&aggregation=maximum&metricnamespace=Microsoft.Network/dnszones&metricnames=RecordSetCount"
    );
    let ask = async |ids: serde_json::Value| kit.send("POST", &url, &[], Some(json!({"resourceids": ids}))).await;
    let answer = ask(json!(zones)).await.body;
    let seen = |at: usize| answer["values"][at]["value"][0]["timeseries"][0]["data"][0]["maximum"].as_f64();
    assert_eq!((seen(0), seen(1)), (Some(2.0), Some(3.0)), "{answer}");
    assert_eq!(answer["values"][1]["resourceid"], json!(zones[1]));
    for ids in [json!([]), json!(["x"]), json!([format!("{}x", zones[0])])] {
        assert!(ask(ids.clone()).await.status.is_client_error(), "{ids}");
    }
}
