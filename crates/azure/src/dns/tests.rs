use serde_json::json;

use super::*;
use crate::request::Answer;

fn zone(kind: ZoneKind) -> Zone {
    Zone::new(kind, "s", "rg", "contoso.com").unwrap()
}

fn body() -> SetBody {
    SetBody {
        ttl: 60,
        metadata: [("teal".to_owned(), "x".to_owned())].into(),
        records: Records::A(vec!["10.1.0.4".parse().unwrap()]),
        target: None,
    }
}

#[test]
fn both_services_get_their_own_keys_and_versions() {
    let put = |kind| zone(kind).put_set(RecordType::A, "aks", &body(), Condition::IfMatch("e1".into()));
    let public = put(ZoneKind::Public);
    assert_eq!(
        public.path(),
        "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/dnsZones/contoso.com/A/aks"
    );
    assert_eq!(public.version, "2018-05-01");
    let properties = json!({"TTL": 60, "metadata": {"teal": "x"}, "ARecords": [{"ipv4Address": "10.1.0.4"}]});
    assert_eq!(public.body.unwrap(), json!({"properties": properties}));
    let private = put(ZoneKind::Private);
    assert_eq!(private.version, "2024-06-01");
    let properties = json!({"ttl": 60, "metadata": {"teal": "x"}, "aRecords": [{"ipv4Address": "10.1.0.4"}]});
    assert_eq!(private.body.unwrap(), json!({"properties": properties}));
    assert!(put(ZoneKind::Private).writes() && !zone(ZoneKind::Public).get_set(RecordType::A, "@").writes());
}

#[test]
fn an_alias_is_written_as_one_and_read_as_one() {
    let target: ResourceId =
        "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/publicIPAddresses/blue".parse().unwrap();
    let alias = SetBody { records: Records::None, target: Some(target.clone()), ..body() };
    let request = zone(ZoneKind::Public).put_set(RecordType::A, "aks", &alias, Condition::IfAbsent);
    let properties = &request.body.unwrap()["properties"];
    assert_eq!(properties["targetResource"]["id"], target.as_str());
    assert!(properties.get("ARecords").is_none());

    let read = |properties: Value| {
        let body =
            json!({"etag": "e", "name": "aks", "type": "Microsoft.Network/dnszones/A", "properties": properties});
        RecordSet::read(ZoneKind::Public, &Answer { status: 200, body, ..Answer::default() }, "reading")
    };
    // As real answers have it: lower-cased id, no ARecords.
    let set = read(json!({"TTL": 60, "targetResource": {"id": target.lower()}})).unwrap();
    assert_eq!((set.target, set.records), (Some(target), Records::None));
    // As plain sets come back.
    let set = read(json!({"TTL": 60, "ARecords": [{"ipv4Address": "10.1.0.4"}], "targetResource": {}})).unwrap();
    assert_eq!((set.target, set.metadata.len()), (None, 0));
}

#[test]
fn odd_answers_are_errors_and_never_panics() {
    let read = |body: Value| RecordSet::of(ZoneKind::Private, &body, None, "reading");
    for body in [
        Value::Null,
        json!([]),
        json!({"etag": "e"}),
        json!({"etag": "e", "type": "x/A", "properties": {"ttl": -1}}),
        json!({"etag": "e", "type": "x/A", "properties": {"ttl": 1, "aRecords": [{"ipv4Address": "300.1.1.1"}]}}),
        json!({"etag": "e", "type": "x/A", "properties": {"ttl": 1, "aRecords": [7]}}),
        json!({"etag": "e", "type": "x/A", "properties": {"ttl": 1, "targetResource": {"id": "blue"}}}),
        json!({"type": "x/A", "properties": {"ttl": 1}}),
    ] {
        let error = read(body.clone()).unwrap_err();
        assert_eq!(error.reason(), "Odd", "{body}: {error}");
    }
    let other = read(json!({"etag": "e", "type": "Microsoft.Network/privateDnsZones/MX", "properties": {"ttl": 1}}));
    assert_eq!(other.unwrap().records, Records::Other("MX".into()));
}
