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

    let java = [("user-agent", "azsdk-java-azure-security-keyvault-keys/4.10.0")];
    let named = async || kit.send("GET", "/keys", &java, None).await.header("www-authenticate").to_owned();
    assert!(named().await.contains("/00000000-0000-0000-0000-0000000000aa\""), "it needs a tenant: {}", named().await);
    crate::identity::token(&kit, "any").await;
    assert!(named().await.contains("/22222222-2222-2222-2222-222222222222\""), "the last: {}", named().await);

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
        ("POST", "/keys/ec/create".to_owned(), json!({"kty": "EC", "crv": "P-999"}), 400),
        ("POST", "/keys/oct/create".to_owned(), json!({"kty": "oct"}), 400),
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

#[tokio::test]
async fn keys_on_curves_sign_and_do_nothing_else() {
    let kit = Kit::start().await;
    let send = async |method: &str, path: &str, body: Option<Value>| kit.send(method, path, TOKEN, body).await;
    let digest = "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg";
    for (curve, algorithm) in [("P-256", "ES256"), ("P-256K", "ES256K")] {
        let made =
            send("POST", &format!("/keys/{algorithm}/create"), Some(json!({"kty": "EC-HSM", "crv": curve}))).await;
        assert_eq!(made.status, 200, "{}", made.body);
        let key = &made.body["key"];
        assert_eq!(
            (&key["kty"], &key["crv"], &key["key_ops"], &key["n"]),
            (&json!("EC-HSM"), &json!(curve), &json!(["sign", "verify"]), &Value::Null)
        );
        let at = format!("/keys/{algorithm}");
        let signed = send("POST", &format!("{at}/sign"), Some(json!({"alg": algorithm, "value": digest}))).await.body;
        let mut check = json!({"alg": algorithm, "digest": digest, "value": signed["value"]});
        assert_eq!(send("POST", &format!("{at}/verify"), Some(check.clone())).await.body["value"], true);
        check["digest"] = json!("AAAAgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg");
        assert_eq!(send("POST", &format!("{at}/verify"), Some(check)).await.body["value"], false);
        for (action, alg) in [("wrapkey", "RSA-OAEP"), ("sign", "RS256")] {
            let refused = send("POST", &format!("{at}/{action}"), Some(json!({"alg": alg, "value": digest}))).await;
            assert!(refused.status.is_client_error(), "{action}: {}", refused.body);
        }
        let rotated = send("POST", &format!("{at}/rotate"), None).await.body;
        assert_eq!((&rotated["key"]["crv"], &rotated["key"]["kty"]), (&json!(curve), &json!("EC-HSM")));
        assert_ne!(rotated["key"]["x"], key["x"]);
    }
}

#[tokio::test]
async fn a_key_has_a_policy_a_time_and_a_backup() {
    let kit = Kit::start().await;
    let send = async |method: &str, path: &str, body: Option<Value>| kit.send(method, path, TOKEN, body).await;
    assert_eq!(send("GET", "/keys/k/rotationpolicy", None).await.status, 404);
    send("POST", "/keys/k/create", Some(json!({"kty": "EC"}))).await;
    let second = send("POST", "/keys/k/create", Some(json!({"kty": "EC"}))).await.body;
    let usual = send("GET", "/keys/k/rotationpolicy", None).await.body;
    assert_eq!(usual["lifetimeActions"][0]["action"]["type"], "Notify");
    let policy = json!({"lifetimeActions": [{"trigger": {"timeAfterCreate": "P30D"}, "action": {"type": "Rotate"}}],
        "attributes": {"expiryTime": "P90D"}});
    let kept = send("PUT", "/keys/k/rotationpolicy", Some(policy.clone())).await;
    assert_eq!((kept.status.as_u16(), &kept.body["lifetimeActions"]), (200, &policy["lifetimeActions"]));
    assert_eq!(send("GET", "/keys/k/rotationpolicy", None).await.body["attributes"]["expiryTime"], "P90D");
    for wrong in [
        json!({"attributes": {"expiryTime": "soon"}}),
        json!({"lifetimeActions": [{"trigger": {"timeAfterCreate": "P1D"}, "action": {"type": "Dance"}}]}),
        json!({"lifetimeActions": [{"trigger": {}, "action": {"type": "Rotate"}}]}),
    ] {
        assert_eq!(send("PUT", "/keys/k/rotationpolicy", Some(wrong.clone())).await.status, 400, "{wrong}");
    }

    let backup = send("POST", "/keys/k/backup", None).await.body;
    assert_eq!(send("POST", "/keys/restore", Some(backup.clone())).await.status, 409, "it is still there");
    send("DELETE", "/keys/k", None).await;
    let deleted = send("GET", "/deletedkeys", None).await.body;
    assert!(deleted["value"][0]["recoveryId"].as_str().is_some_and(|id| id.ends_with("/deletedkeys/k")), "{deleted}");
    assert_eq!(send("POST", "/keys/restore", Some(backup.clone())).await.status, 409, "its name is not free");
    send("DELETE", "/deletedkeys/k", None).await;
    let restored = send("POST", "/keys/restore", Some(backup)).await;
    assert_eq!((restored.status.as_u16(), &restored.body["key"]), (200, &second["key"]), "the newest version");
    assert_eq!(send("GET", "/keys/k/versions", None).await.body["value"].as_array().unwrap().len(), 2);
    assert_eq!(send("POST", "/keys/restore", Some(json!({"value": "AAAA"}))).await.status, 400);

    let attributes = json!({"kty": "EC", "attributes": {"nbf": 4_000_000_000_i64}});
    send("POST", "/keys/later/create", Some(attributes)).await;
    let sign = json!({"alg": "ES256", "value": "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"});
    assert_eq!(send("POST", "/keys/later/sign", Some(sign)).await.status, 403, "not valid yet");
}
