//! Key Vault's keys as its clients and SOPS use them.

use serde_json::{Value, json};

use crate::kit::Kit;

const TOKEN: &[(&str, &str)] = &[("authorization", "Bearer any")];

#[tokio::test]
async fn a_key_is_made_used_and_deleted() {
    let kit = Kit::start().await;
    let send = async |method: &str, path: &str, body: Option<Value>| kit.send(method, path, TOKEN, body).await;
    let challenge = kit.send("POST", "/keys/sops/create", &[], Some(json!({"kty": "RSA"}))).await;
    assert_eq!(challenge.status, 401);
    let words = challenge.header("www-authenticate");
    assert!(
        words.starts_with("Bearer authorization=\"https://localhost:")
            && words.contains("resource=\"https://vault.azure.net\""),
        "{words}"
    );

    let made = send("POST", "/keys/sops/create", Some(json!({"kty": "RSA", "key_size": 2048}))).await;
    assert_eq!(made.status, 200, "{}", made.body);
    let kid = made.body["key"]["kid"].as_str().unwrap().to_owned();
    assert!(kid.starts_with(&format!("{}/keys/sops/", kit.emulator.url())), "{kid}");
    let at = kid.trim_start_matches(&kit.emulator.url()).to_owned();
    let wrapped =
        send("POST", &format!("{at}/wrapkey"), Some(json!({"alg": "RSA-OAEP-256", "value": "a2V5"}))).await.body;
    let unwrap = json!({"alg": "RSA-OAEP-256", "value": wrapped["value"]});
    assert_eq!(send("POST", &format!("{at}/unwrapkey"), Some(unwrap.clone())).await.body["value"], "a2V5");
    assert_eq!(
        send("POST", "/keys/sops/decrypt", Some(unwrap.clone())).await.body["value"],
        "a2V5",
        "without a version: the newest"
    );
    let other = send("POST", "/vault/second/keys/sops/create", Some(json!({"kty": "RSA"}))).await;
    assert_eq!(other.status, 200);
    assert_eq!(
        send("POST", "/vault/second/keys/sops/unwrapkey", Some(unwrap.clone())).await.status,
        400,
        "another vault, another key"
    );

    for (method, path, body, status) in [
        ("POST", format!("{at}/wrapkey"), json!({"alg": "A128KW", "value": "a2V5"}), 400),
        ("POST", format!("{at}/wrapkey"), json!({"alg": "RSA-OAEP", "value": "!"}), 400),
        ("POST", "/keys/none/wrapkey".to_owned(), json!({"alg": "RSA-OAEP", "value": "a2V5"}), 404),
        ("POST", "/keys/ec/create".to_owned(), json!({"kty": "EC"}), 400),
        ("POST", "/keys/a_b/create".to_owned(), json!({"kty": "RSA"}), 400),
        ("PUT", "/keys/in".to_owned(), json!({"key": {"kty": "RSA", "n": "AQAB"}}), 400),
    ] {
        assert_eq!(send(method, &path, Some(body)).await.status, status, "{method} {path}");
    }
    assert_eq!(send("PATCH", &at, Some(json!({"attributes": {"enabled": false}}))).await.status, 200);
    assert_eq!(send("POST", &format!("{at}/unwrapkey"), Some(unwrap)).await.status, 403);
    assert_eq!(send("DELETE", "/keys/sops", None).await.status, 200);
    assert_eq!(send("GET", "/keys/sops", None).await.status, 404);
    assert_eq!(send("POST", "/deletedkeys/sops/recover", None).await.status, 200);
    assert_eq!(send("GET", "/keys/sops", None).await.status, 200);
    // What is kept for the state file never shows the private key.
    assert!(!send("GET", "/keys/sops", None).await.body.to_string().contains("PRIVATE"));
    assert!(!kit.get("/_emulator/state").await.body.to_string().contains("PRIVATE"));
}

#[tokio::test]
async fn keys_sign_come_in_pages_and_keep_their_name_while_deleted() {
    let kit = Kit::start().await;
    let send = async |method: &str, path: &str, body: Option<Value>| kit.send(method, path, TOKEN, body).await;
    for name in ["a", "b", "c"] {
        assert_eq!(send("POST", &format!("/keys/{name}/create"), Some(json!({"kty": "RSA"}))).await.status, 200);
    }
    let digest = "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg";
    let signed = send("POST", "/keys/a/sign", Some(json!({"alg": "PS256", "value": digest}))).await.body;
    let check = json!({"alg": "PS256", "digest": digest, "value": signed["value"]});
    assert_eq!(send("POST", "/keys/a/verify", Some(check.clone())).await.body["value"], true);
    assert_eq!(send("POST", "/keys/b/verify", Some(check)).await.body["value"], false, "another key");

    let first = send("GET", "/keys?maxresults=2", None).await.body;
    assert_eq!(first["value"].as_array().unwrap().len(), 2);
    let second = send("GET", first["nextLink"].as_str().unwrap(), None).await.body;
    assert_eq!((second["value"].as_array().unwrap().len(), &second["nextLink"]), (1, &Value::Null));
    assert_eq!(send("GET", "/keys?maxresults=0", None).await.status, 400);

    assert_eq!(send("DELETE", "/keys/a", None).await.status, 200);
    let taken = send("POST", "/keys/a/create", Some(json!({"kty": "RSA"}))).await;
    assert_eq!(
        (taken.status.as_u16(), &taken.body["error"]["innererror"]["code"]),
        (409, &json!("ObjectIsDeletedButRecoverable"))
    );
    assert_eq!(send("DELETE", "/deletedkeys/a", None).await.status, 204);
    assert_eq!(send("POST", "/keys/a/create", Some(json!({"kty": "RSA"}))).await.status, 200);
}
