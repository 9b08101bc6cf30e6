use std::collections::BTreeMap;

use super::*;

const ZONE: &str = "contoso.test";

fn absolute(name: &str) -> String {
    if name == "@" { ZONE.to_owned() } else { format!("{name}.{ZONE}") }
}

fn told(name: &str, record: &str, kind: RecordType, others: &[&str]) -> Owns {
    let (host, others) = (absolute(record), others.iter().map(|name| absolute(name)).collect::<Vec<_>>());
    owns(&absolute(name), &Host { name: &host, kind }, others.iter().map(String::as_str))
}

#[test]
fn a_text_is_its_records_whatever_prefix_and_suffix_were_chosen() {
    for (setting, names) in [
        ("none", &["aks", "a-aks"][..]),
        ("--txt-prefix=externaldns-", &["externaldns-aks", "externaldns-a-aks"]),
        ("--txt-prefix=_extdns.", &["_extdns.aks", "_extdns.a-aks"]),
        ("--txt-prefix=extdns, without a mark at its end", &["extdnsa-aks"]),
        ("--txt-prefix=%{record_type}-externaldns-", &["a-externaldns-aks"]),
        ("--txt-prefix=externaldns-%{record_type}.", &["externaldns-a.aks"]),
        ("--txt-suffix=-externaldns", &["aks-externaldns", "a-aks-externaldns"]),
        ("--txt-suffix=-%{record_type}-externaldns", &["aks-a-externaldns"]),
        ("--txt-prefix=blue-", &["blue-aks", "blue-a-aks"]),
    ] {
        for name in names {
            let others = ["blue", "green", "other", "www"];
            assert_eq!(told(name, "aks", RecordType::A, &others), Owns::This, "{setting}: {name}");
        }
    }
}

#[test]
fn the_text_of_another_record_is_none_of_ours() {
    let blue = ["aks-blue", "aks-green", "other", "other-aks", "web.aks", "extra-aks", "web", "aks.shop"];
    for (rule, name) in [
        ("another name", "externaldns-a-other"),
        ("a longer name", "a-aks-blue"),
        ("a longer name, old", "aks-blue"),
        ("a longer name with a prefix", "externaldns-a-aks-green"),
        ("a name that ends so", "a-other-aks"),
        ("a name that ends so, with a prefix", "externaldns-a-other-aks"),
        ("a name that ends so, with a type before it by chance", "extra-aks"),
        ("a name below ours", "a-web.aks"),
        ("a name below ours, with a prefix", "externaldns-a-web.aks"),
        ("the same label below another name", "a-aks.shop"),
        ("a prefix that is ours", "aks-a-web"),
        ("a prefix that is ours, old", "aks-web"),
        ("only letters in common", "aksother"),
        ("only letters in common, before it", "otheraks"),
        ("the zone's own", "@"),
    ] {
        assert_eq!(told(name, "aks", RecordType::A, &blue), Owns::Nothing, "{rule}: {name}");
    }
    let below = ["aks"];
    assert_eq!(told("a-aks", "aks.shop", RecordType::A, &below), Owns::Nothing, "the record above");
    assert_eq!(told("a-aks.shop", "aks.shop", RecordType::A, &below), Owns::This);
}

#[test]
fn another_type_at_the_same_name_is_told_apart() {
    for name in ["aaaa-aks", "cname-aks", "externaldns-aaaa-aks", "aaaa-externaldns-aks", "aks-cname-externaldns"] {
        assert_eq!(told(name, "aks", RecordType::A, &[]), Owns::OtherType, "{name}");
    }
    assert_eq!(told("aaaa-aks", "aks", RecordType::Aaaa, &[]), Owns::This);
    assert_eq!(told("x-cname-aks", "aks", RecordType::Cname, &[]), Owns::This);
}

#[test]
fn the_zones_own_record_has_texts_below_it() {
    let others = ["aks", "aks-blue", "www"];
    for (rule, name, want) in [
        ("old", "@", Owns::This),
        ("a prefix with a dot", "extdns", Owns::This),
        ("the same with a type", "extdns-a", Owns::This),
        ("another record's", "a-aks", Owns::Nothing),
        ("another record's, old", "www", Owns::Nothing),
        ("another record's with a prefix", "externaldns-a-aks-blue", Owns::Nothing),
    ] {
        assert_eq!(told(name, "@", RecordType::A, &others), want, "{rule}");
    }
    assert_eq!(told("a-*", "*", RecordType::A, &others), Owns::This, "a wildcard");
}

#[test]
fn names_that_need_no_guess_are_told_from_those_that_do() {
    let host = absolute("aks");
    let host = Host { name: &host, kind: RecordType::A };
    for (name, want) in [("aks", false), ("a-aks", false), ("x-a-aks", true), ("aks-x", true), ("other", false)] {
        assert_eq!(guessed(&absolute(name), &host), want, "{name}");
    }
}

fn set(name: &str, texts: &[&[&str]]) -> RecordSet {
    let records = texts.iter().map(|pieces| pieces.iter().map(|piece| (*piece).to_owned()).collect()).collect();
    RecordSet {
        etag: "e".into(),
        name: name.into(),
        kind: "TXT".into(),
        ttl: 300,
        metadata: BTreeMap::new(),
        records: Records::Txt(records),
        hosts: Vec::new(),
        target: None,
        auto_registered: false,
    }
}

#[test]
fn owner_and_resource_are_read_from_a_text_of_external_dns_alone() {
    let plain = "heritage=external-dns,external-dns/owner=prod,external-dns/resource=ingress/shop/web";
    let quoted = format!("\"{plain}\"");
    let (first, second) = plain.split_at(30);
    for texts in [&[&[plain][..]][..], &[&[&quoted]], &[&["v=spf1 -all"], &[first, second]]] {
        let found = text(&set("A-AKS", texts)).unwrap();
        assert_eq!((found.name.as_str(), found.owner.as_str()), ("a-aks", "prod"), "{texts:?}");
        assert_eq!(found.resource, "ingress/shop/web", "{texts:?}");
    }
    assert_eq!(text(&set("aks", &[&["v=spf1 include:external-dns/owner=x -all"]])), None);
    assert_eq!(text(&set("aks", &[&["heritage=external-dns"]])).unwrap().owner, "");
}
