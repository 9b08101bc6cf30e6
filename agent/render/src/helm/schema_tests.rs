use std::sync::Arc;

use super::*;

/// What is refused of a chart with this schema.
fn refused(schema: &str) -> Option<String> {
    let files = ChartFiles::from([("values.schema.json".to_owned(), Arc::from(schema.as_bytes()))]);
    let error = refuse_leading_out(&files).err()?;
    assert_eq!(error.reason, ChartError::SCHEMA);
    Some(error.message)
}

#[test]
fn whatever_leads_out_is_refused_by_its_place() {
    for (schema, place) in [
        (r#"{"$ref": "file:///etc/passwd"}"#, "/$ref"),
        (r#"{"$ref": "FILE:///etc/passwd"}"#, "/$ref"),
        (r#"{"$ref": "/etc/passwd"}"#, "/$ref"),
        (r#"{"$ref": "other.json#/a"}"#, "/$ref"),
        (r#"{"$ref": "https://example.com/x.json"}"#, "/$ref"),
        (r#"{"$ref": "http://169.254.169.254/metadata#"}"#, "/$ref"),
        (r##"{"$schema": "file:///etc/passwd#"}"##, "/$schema"),
        (r#"{"$schema": "http://json-schema.org/draft-07/schema#x"}"#, "/$schema"),
        (r#"{"$schema": "http://json-schema.org/draft-03/schema"}"#, "/$schema"),
        (r#"{"$schema": "http://json-schema.org.evil/draft-07/schema"}"#, "/$schema"),
        (r#"{"$ref": "http://json-schema.org/draft-07/../../x/schema"}"#, "/$ref"),
        (r##"{"$id": "file:///etc/", "properties": {"a": {"$ref": "#/b"}}}"##, "/$id"),
        (r#"{"id": " File:///etc/x"}"#, "/id"),
        (r#"{"$dynamicRef": "file:///x#y"}"#, "/$dynamicRef"),
        (r#"{"$recursiveRef": "x"}"#, "/$recursiveRef"),
        (r#"{"properties": {"a": {"items": [{"not": {"$ref": "file:///x"}}]}}}"#, "/properties/a/items/0/not/$ref"),
        // No schema there, until a pointer leads to it.
        (r##"{"$ref": "#/default/x~1y", "default": {"x/y": {"$ref": "file:///x"}}}"##, "/default/x~1y/$ref"),
        (r#"{"enum": [{"$ref": "file:///x"}]}"#, "/enum/0/$ref"),
        // The last of two keys counts, here and for Helm.
        (r##"{"$ref": "#", "$ref": "file:///x"}"##, "/$ref"),
        ("{\"\\u0024ref\": \"file:///x\"}", "/$ref"),
        ("\u{feff}{\"$ref\": \"file:///x\"}", "/$ref"),
        // The root does not give itself this address: older drafts overlook it, or name it otherwise.
        (r#"{"$id": "https://a.example/s", "$ref": "https://a.example/s"}"#, "/$ref"),
        (
            r#"{"$schema": "http://json-schema.org/draft-04/schema#", "$id": "https://a.example/s", "not": {"$ref": "https://a.example/s"}}"#,
            "/not/$ref",
        ),
        (r#"{"not": {"$id": "https://a.example/s", "not": {"$ref": "https://a.example/s"}}}"#, "/not/not/$ref"),
    ] {
        let message = refused(schema).unwrap_or_else(|| panic!("{schema} is taken"));
        assert!(message.contains(&format!("values.schema.json: {place} leads out of it")), "{schema}: {message}");
        assert!(!message.contains("etc"), "not whereto: {message}");
    }
}

#[test]
fn what_stays_inside_is_taken() {
    for schema in [
        "{}",
        "true",
        "null",
        r#"{"$schema": "http://json-schema.org/draft-07/schema#", "$id": "https://example.com/values.json"}"#,
        r#"{"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "values.schema.json"}"#,
        r#"{"$schema": "http://json-schema.org/schema#"}"#,
        r##"{"properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"$anchor": "x"}, "b": {"$ref": "#x"}}}"##,
        r##"{"$ref": "#"}"##,
        r#"{"not": {"$ref": "https://json-schema.org/draft/2019-09/meta/core"}}"#,
        r#"{"$ref": "urn:example:anything"}"#,
        r#"{"$id": "https://a.example/s#", "not": {"$ref": "https://a.example/s#/$defs/x"}, "$defs": {"x": {}}}"#,
        // A property that is called like a keyword.
        r#"{"properties": {"$ref": {"type": "string"}, "$schema": {"type": "string"}, "id": {"type": "string"}}}"#,
    ] {
        assert_eq!(refused(schema), None, "{schema}");
    }
}

#[test]
fn charts_in_the_chart_count_and_all_places_are_told() {
    let bad = |count: usize| -> Arc<[u8]> {
        let refs: Vec<_> = (0..count).map(|_| serde_json::json!({"$ref": "file:///x"})).collect();
        serde_json::json!({ "allOf": refs }).to_string().into_bytes().into()
    };
    let files = ChartFiles::from([
        ("charts/a/charts/b/values.schema.json".to_owned(), bad(1)),
        ("charts/c/values.schema.json".to_owned(), bad(12)),
        ("values.yaml".to_owned(), Arc::from(&b"$ref: file:///x"[..])),
    ]);
    let message = refuse_leading_out(&files).unwrap_err().message;
    assert!(message.starts_with("charts/a/charts/b/values.schema.json: /allOf/0/$ref leads out of it; charts/c/"));
    assert!(message.contains("/allOf/8/$ref") && message.contains(" and 3 more; "), "{message}");
}

#[test]
fn what_is_no_json_or_too_deep_is_refused_before_helm_sees_it() {
    let deep = "{\"not\":".repeat(5_000) + "true" + &"}".repeat(5_000);
    for schema in ["", "canary", "{\"a\": canary}", "{} {}", "{'a': 1}", deep.as_str()] {
        let message = refused(schema).unwrap_or_else(|| panic!("{schema} is taken"));
        assert!(message.contains("values.schema.json:1:") && !message.contains("canary"), "{message}");
    }
}
