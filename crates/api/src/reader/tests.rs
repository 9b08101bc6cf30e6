use super::*;

#[test]
fn near_words_are_suggested_and_far_ones_are_listed() {
    for (word, said) in [
        ("actve", "did you mean `active`?"),
        ("acitve", "did you mean `active`?"),
        ("Active", "did you mean `active`?"),
        ("target", "did you mean `targets`?"),
        ("banana", "known are active, targets"),
        ("", "known are active, targets"),
    ] {
        assert_eq!(nearest(word, &["active", "targets"]), said, "{word}");
    }
    assert_eq!(nearest("x", &[]), "nothing belongs here");
    assert_eq!(nearest(&"x".repeat(1 << 20), &["active"]), "known are active");
}

fn spoken(yaml: &str, read: impl Fn(&Spot<'_>) -> bool) -> Result<(), String> {
    let node = teal_yaml::read(yaml).unwrap().pop().unwrap();
    let log = Log::new("f", yaml);
    let right = read(&Spot::new(&node, "x", &log));
    let result = log.finish(right.then_some(()));
    result.map_err(|mistakes| mistakes.0[0].message.clone())
}

#[test]
fn addresses_are_what_they_should_be() {
    let url = |yaml: &str| spoken(yaml, |spot| spot.url().is_some());
    for good in ["http://10.0.0.1", "https://a.b:8443/x?y=1", "http://[::1]:80/", "https://a_b.c"] {
        assert_eq!(url(good), Ok(()), "{good}");
    }
    for bad in ["a.b/c", "ftp://a", "http://", "http://a:99999", "\"http://a b/\"", "https://u:p@a/", "http://a:0"] {
        assert!(url(bad).is_err(), "{bad}");
    }
    for secret in [
        "https://user:hunter2@a/",
        "ftp://user:hunter2@a/",
        "user:hunter2@a",
        "https://a/?token=hunter2 x",
        "https://a:x/?token=hunter2",
    ] {
        assert!(!url(&format!("\"{secret}\"")).unwrap_err().contains("hunter2"), "{secret}");
    }
    let server = |yaml: &str| spoken(yaml, |spot| spot.host_port().is_some());
    for good in
        ["10.0.0.10", "127.0.0.1:5353", "ns1.contoso.com", "ns1:53", "\"[fd00::1]:53\"", "\"fd00::1\"", "\"[::1]\""]
    {
        assert_eq!(server(good), Ok(()), "{good}");
    }
    for bad in ["a:b", "\"[::1\"", "-a", "a..b", "\"a:\"", "http://a"] {
        assert!(server(bad).is_err(), "{bad}");
    }
    assert!(!server("user:hunter2@ns1").unwrap_err().contains("hunter2"));
}

#[test]
fn a_canonical_text_is_free_of_order_and_format() {
    let canonical = |yaml: &str| canonical(&teal_yaml::read(yaml).unwrap()[0]);
    assert_eq!(canonical("b: [1, x]\na: {d: ~, c: yes}"), r#"{"a":{"c":true,"d":null},"b":[1,"x"]}"#);
    assert_eq!(
        canonical("{\"a\": {\"c\": true, \"d\": null}, \"b\": [1, \"x\"]} # note"),
        canonical("b: [1, x]\na: {d: ~, c: yes}")
    );
}
