//! Public zones and their record sets by ARM.

use serde_json::{Value, json};

use crate::kit::{GROUP, Kit, ZONES};

#[tokio::test]
async fn a_zone_comes_with_its_apex_and_counts_its_sets() {
    let kit = Kit::start().await;
    let zone = kit.zone("contoso.dev").await;
    let shown = kit.get(&zone).await;
    assert_eq!(shown.body["type"], "Microsoft.Network/dnszones");
    assert_eq!(shown.body["id"], format!("{GROUP}/providers/Microsoft.Network/dnszones/contoso.dev"));
    assert_eq!(shown.body["properties"]["numberOfRecordSets"], 2);
    assert_eq!(shown.body["properties"]["nameServers"].as_array().unwrap().len(), 4);
    for kind in ["NS", "SOA"] {
        assert_eq!(kit.get(&format!("{zone}/{kind}/@")).await.status, 200);
        let refused = kit.delete(&format!("{zone}/{kind}/@")).await;
        assert_eq!((refused.status.as_u16(), refused.body["code"].as_str()), (400, Some("BadRequest")));
    }
    let wildcard = json!({"properties": {"TTL": 60, "NSRecords": [{"nsdname": "ns.contoso.dev"}]}});
    for (name, status) in [("*", 400), ("*.below", 400), ("below", 201)] {
        assert_eq!(kit.put(&format!("{zone}/NS/{name}"), wildcard.clone()).await.status, status, "{name}");
    }
    kit.delete(&format!("{zone}/NS/below")).await;
    kit.address(&zone, "www", &["192.0.2.1"]).await;
    assert_eq!(kit.get(&zone).await.body["properties"]["numberOfRecordSets"], 3);
    // Another put of the same zone keeps its sets and counts.
    assert_eq!(kit.put(&zone, json!({"location": "Global", "tags": {"a": "b"}})).await.status, 200);
    assert_eq!(kit.get(&format!("{zone}/A/www")).await.status, 200);
    kit.delete(&format!("{zone}/A/www")).await;
    assert_eq!(kit.get(&zone).await.body["properties"]["numberOfRecordSets"], 2);
    assert_eq!(kit.delete(&zone).await.status, 202);
    assert_eq!(kit.get(&zone).await.status, 404);
    assert_eq!(kit.delete(&zone).await.status, 204);
}

#[tokio::test]
async fn put_replaces_patch_merges_and_metadata_follows() {
    let kit = Kit::start().await;
    let zone = kit.zone("contoso.dev").await;
    let www = format!("{zone}/A/www");
    let whole =
        json!({"properties": {"TTL": 60, "metadata": {"teal": "1"}, "ARecords": [{"ipv4Address": "192.0.2.1"}]}});
    let made = kit.put(&www, whole).await;
    assert_eq!(made.status, 201);
    let properties = &made.body["properties"];
    assert_eq!(properties["fqdn"], "www.contoso.dev.");
    assert_eq!(properties["targetResource"], json!({}));
    assert_eq!(properties["provisioningState"], "Succeeded");
    assert_eq!(made.body["type"], "Microsoft.Network/dnszones/A");

    let patched = kit.send("PATCH", &www, &[], Some(json!({"properties": {"TTL": 30}}))).await;
    assert_eq!(patched.body["properties"]["TTL"], 30);
    assert_eq!(patched.body["properties"]["metadata"], json!({"teal": "1"}));
    assert_ne!(patched.etag(), made.etag());
    let patched = kit.send("PATCH", &www, &[], Some(json!({"properties": {"metadata": {"other": "2"}}}))).await;
    assert_eq!(patched.body["properties"]["metadata"], json!({"other": "2"}));

    // As Terraform does: a whole set without metadata.
    let put = kit.address(&zone, "www", &["192.0.2.2"]).await;
    assert_eq!(put.status, 200);
    assert_eq!(put.body["properties"].get("metadata"), None);
}

#[tokio::test]
async fn conditions_guard_every_write() {
    let kit = Kit::start().await;
    let zone = kit.zone("contoso.dev").await;
    let www = format!("{zone}/A/www");
    let body = || Some(json!({"properties": {"TTL": 60, "ARecords": [{"ipv4Address": "192.0.2.1"}]}}));
    assert_eq!(kit.send("PUT", &www, &[("if-match", "*")], body()).await.status, 412);
    assert_eq!(kit.send("PUT", &www, &[("if-none-match", "*")], body()).await.status, 201);
    let refused = kit.send("PUT", &www, &[("if-none-match", "*")], body()).await;
    assert_eq!(refused.status, 412);
    assert_eq!(refused.body["code"], "PreconditionFailed", "bare: {}", refused.body);
    let first = kit.get(&www).await.etag();
    assert_eq!(kit.send("PUT", &www, &[("if-match", &first)], body()).await.status, 200);
    for method in ["PUT", "PATCH", "DELETE"] {
        assert_eq!(kit.send(method, &www, &[("if-match", &first)], body()).await.status, 412, "{method}");
    }
    let quoted = format!("\"{}\"", kit.get(&www).await.etag());
    assert_eq!(kit.send("DELETE", &www, &[("if-match", &quoted)], None).await.status, 200);
    assert_eq!(kit.delete(&www).await.status, 204);
}

#[tokio::test]
async fn ids_have_no_case_and_keep_their_spelling() {
    let kit = Kit::start().await;
    let zone = kit.zone("Contoso.dev").await;
    kit.address(&zone, "WWW", &["192.0.2.1"]).await;
    let other = zone.to_uppercase().replace("/SUBSCRIPTIONS", "/subscriptions") + "/a/www";
    let shown = kit.get(&other).await;
    assert_eq!((shown.status.as_u16(), shown.body["name"].as_str()), (200, Some("WWW")));
}

#[tokio::test]
async fn what_is_wrong_is_refused_in_the_services_own_shape() {
    let kit = Kit::start().await;
    let zone = kit.zone("contoso.dev").await;
    kit.address(&zone, "www", &["192.0.2.1"]).await;
    let a = |ttl: Value, address: &str| json!({"properties": {"TTL": ttl, "ARecords": [{"ipv4Address": address}]}});
    let many: Vec<Value> = (0..21).map(|at| json!({"ipv4Address": format!("192.0.2.{at}")})).collect();
    for (path, body, status) in [
        ("A/x", a(json!(0), "192.0.2.1"), 400),
        ("A/x", a(json!(2_147_483_648_u64), "192.0.2.1"), 400),
        ("A/x", a(Value::Null, "192.0.2.1"), 400),
        ("A/x", a(json!(60), "not an address"), 400),
        ("A/x", json!({"properties": {"TTL": 60, "ARecords": many}}), 400),
        ("A/x", json!({}), 400),
        ("A/a..b", a(json!(60), "192.0.2.1"), 400),
        ("A/a*", a(json!(60), "192.0.2.1"), 400),
        ("CNAME/@", json!({"properties": {"TTL": 60, "CNAMERecord": {"cname": "x.dev"}}}), 400),
        ("CNAME/www", json!({"properties": {"TTL": 60, "CNAMERecord": {"cname": "x.dev"}}}), 409),
        ("SOA/www", json!({"properties": {"TTL": 60}}), 400),
        ("NS/@", json!({"properties": {"TTL": 60, "NSRecords": [{"nsdname": "ns.x.dev"}]}}), 400),
        ("TXT/x", json!({"properties": {"TTL": 60, "TXTRecords": [{"value": ["x".repeat(256)]}]}}), 400),
        ("A/x", json!({"properties": {"TTL": 60, "metadata": {"a": 1}, "ARecords": []}}), 400),
        ("HINFO/x", json!({"properties": {"TTL": 60}}), 400),
    ] {
        let answer = kit.put(&format!("{zone}/{path}"), body.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{path} {body}: {}", answer.body);
        assert!(answer.body["code"].is_string() && answer.body["message"].is_string(), "{}", answer.body);
    }
    let cname =
        kit.put(&format!("{zone}/CNAME/c"), json!({"properties": {"TTL": 1, "CNAMERecord": {"cname": "x.dev"}}})).await;
    assert_eq!(cname.status, 201);
    assert_eq!(kit.address(&zone, "c", &["192.0.2.1"]).await.status, 409);
    // What the resource manager says itself is wrapped.
    let lost = kit.get(&format!("{GROUP}{ZONES}/nowhere.dev")).await;
    assert_eq!((lost.status.as_u16(), lost.body["error"]["code"].as_str()), (404, Some("ResourceNotFound")));
    let orphan = kit.address(&format!("{GROUP}{ZONES}/nowhere.dev"), "www", &["192.0.2.1"]).await;
    assert_eq!(orphan.body["error"]["code"], "ParentResourceNotFound");
    assert_eq!(kit.get(&format!("{zone}/A/absent")).await.body["code"], "NotFound");
    let old = kit.get(&format!("{zone}?api-version=2015-01-01")).await;
    assert_eq!(old.body["error"]["code"], "NoRegisteredProviderFound");
    let none = kit.get(&format!("{zone}?api-version=")).await;
    assert_eq!(none.body["error"]["code"], "MissingApiVersionParameter");
}

#[tokio::test]
async fn lists_come_in_pages_with_absolute_links() {
    let kit = Kit::start().await;
    let zone = kit.zone("contoso.dev").await;
    for at in 0..5 {
        kit.address(&zone, &format!("h{at}.east"), &["192.0.2.1"]).await;
    }
    let mut names = Vec::new();
    let mut next = Some(format!("{zone}/recordsets?$top=3"));
    let mut pages = 0;
    while let Some(url) = next {
        let page = kit.get(&url).await;
        assert_eq!(page.status, 200);
        let members = page.body["value"].as_array().unwrap();
        assert!(members.len() <= 3);
        names.extend(members.iter().map(|one| one["name"].as_str().unwrap().to_owned()));
        next = page.body["nextLink"].as_str().map(str::to_owned);
        assert!(next.as_ref().is_none_or(|link| link.starts_with(&kit.emulator.url())), "{next:?}");
        pages += 1;
    }
    assert_eq!((pages, names.len()), (3, 7));
    let suffix = kit.get(&format!("{zone}/all?$recordsetnamesuffix=4.east")).await;
    assert_eq!(suffix.body["value"].as_array().unwrap().len(), 1);
    assert_eq!(kit.get(&format!("{zone}/A")).await.body["value"].as_array().unwrap().len(), 5);
    kit.zone("other.dev").await;
    let zones = kit
        .get("/subscriptions/11111111-1111-1111-1111-111111111111/providers/Microsoft.Network/dnszones?$top=1")
        .await;
    assert!(zones.body["nextLink"].is_string());
    assert_eq!(kit.get(&format!("{GROUP}{ZONES}")).await.body["value"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_alias_has_no_records_and_empties_with_its_target() {
    let kit = Kit::start().await;
    let zone = kit.zone("contoso.dev").await;
    let target = kit.address(&zone, "aks-blue", &["192.0.2.1"]).await.body["id"].clone();
    let alias = json!({"properties": {"TTL": 60, "targetResource": {"id": target}}});
    let made = kit.put(&format!("{zone}/A/aks"), alias.clone()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.body["properties"].get("ARecords"), None);
    assert_eq!(made.body["properties"]["targetResource"]["id"], target);
    // Both at once is refused, and so are targets of another kind.
    let both = json!({"properties": {"TTL": 60, "targetResource": {"id": target}, "ARecords": [{"ipv4Address": "192.0.2.2"}]}});
    assert_eq!(kit.put(&format!("{zone}/A/aks"), both).await.status, 400);
    let profile = json!({"id": format!("{GROUP}/providers/Microsoft.Cdn/profiles/fd")});
    let whole_profile = json!({"properties": {"TTL": 60, "targetResource": profile}});
    assert_eq!(kit.put(&format!("{zone}/A/aks"), whole_profile).await.status, 400);
    let references = json!({"properties": {"targetResources": [{"id": target}]}});
    let path =
        "/subscriptions/11111111-1111-1111-1111-111111111111/providers/Microsoft.Network/getDnsResourceReference";
    let found = kit.send("POST", path, &[], Some(references)).await;
    let ids = &found.body["properties"]["dnsResourceReferences"][0]["dnsResources"];
    assert_eq!(ids.as_array().unwrap().len(), 1, "{}", found.body);

    kit.delete(&format!("{zone}/A/aks-blue")).await;
    let emptied = kit.get(&format!("{zone}/A/aks")).await;
    assert_eq!(emptied.body["properties"]["targetResource"], json!({}));
    assert_eq!(emptied.body["properties"]["ARecords"], json!([]));
    assert_ne!(emptied.etag(), made.etag());
}

#[tokio::test]
async fn unknown_fields_are_kept_and_names_of_fields_have_no_case() {
    let kit = Kit::start().await;
    let zone = kit.zone("contoso.dev").await;
    let body = json!({"properties": {"ttl": 5, "aRecords": [{"ipv4Address": "192.0.2.1"}], "trafficManagementProfile": {"id": "x"}}});
    let made = kit.put(&format!("{zone}/A/www"), body).await;
    assert_eq!(made.body["properties"]["TTL"], 5, "{}", made.body);
    assert_eq!(made.body["properties"]["trafficManagementProfile"], json!({"id": "x"}));
}

#[tokio::test]
async fn a_list_begins_at_the_apex_and_sets_may_be_empty() {
    let kit = Kit::start().await;
    let zone = kit.zone("contoso.dev").await;
    for name in ["*", "1", "_sip", "www"] {
        kit.address(&zone, name, &["192.0.2.1"]).await;
    }
    let listed = kit.get(&format!("{zone}/all")).await.body;
    let names: Vec<&str> = listed["value"].as_array().unwrap().iter().filter_map(|one| one["name"].as_str()).collect();
    assert_eq!(names, ["@", "@", "*", "1", "_sip", "www"]);
    // As `az network dns record-set cname create` makes one, to be filled later.
    assert_eq!(kit.put(&format!("{zone}/CNAME/c"), json!({"properties": {"TTL": 1}})).await.status, 201);
    let nothing = kit.get(&format!("{}/A/x", zone.replace("/rg/", "/nowhere/"))).await;
    assert_eq!(nothing.body["error"]["code"], "ResourceGroupNotFound");
}
