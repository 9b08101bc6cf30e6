//! Tokens, discovery, managed identity, and strict mode.

use azure_emulator::Options;
use serde_json::{Value, json};

use crate::kit::{Answer, GROUP, Kit};

const TENANT: &str = "22222222-2222-2222-2222-222222222222";

/// Posts a form to a path.
async fn post(kit: &Kit, path: &str, form: &str) -> (u16, Value) {
    let ca = reqwest::Certificate::from_pem(kit.emulator.ca_pem.as_bytes()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([ca]).build().unwrap();
    let request = client.post(kit.emulator.url() + path).header("content-type", "application/x-www-form-urlencoded");
    let response = request.body(form.to_owned()).send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap())
}

pub(crate) async fn token(kit: &Kit, secret: &str) -> (u16, Value) {
    let form = format!(
        "grant_type=client_credentials&client_id=app&client_secret={secret}&scope=https%3A%2F%2Fmanagement.azure.com%2F.default"
    );
    post(kit, &format!("/{TENANT}/oauth2/v2.0/token"), &form).await
}

fn claims(token: &str) -> Value {
    use base64::Engine as _;
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[tokio::test]
async fn any_client_gets_a_token_with_the_right_claims() {
    let kit = Kit::start().await;
    let (status, body) = token(&kit, "whatever").await;
    assert_eq!((status, body["token_type"].as_str()), (200, Some("Bearer")));
    let claims = claims(body["access_token"].as_str().unwrap());
    assert_eq!(claims["aud"], "https://management.azure.com");
    assert_eq!((claims["tid"].as_str(), claims["appid"].as_str()), (Some(TENANT), Some("app")));
    assert!(claims["exp"].as_i64().unwrap() > jiff::Timestamp::now().as_second());
    let old = format!("/{TENANT}/oauth2/token");
    let (_, body) =
        post(&kit, &old, "grant_type=client_credentials&client_id=app&client_secret=x&resource=https%3A%2F%2Fx%2F")
            .await;
    assert!(body["expires_on"].is_string(), "{body}");
    for form in ["", "grant_type=client_credentials", "grant_type=nonsense&client_id=a"] {
        assert_eq!(post(&kit, &old, form).await.0, 400, "{form}");
    }
}

#[tokio::test]
async fn discovery_points_at_the_host_that_was_asked() {
    let kit = Kit::start().await;
    let base = kit.emulator.url();
    let cloud = kit.get("/metadata/endpoints?api-version=2022-09-01").await.body;
    assert_eq!(cloud["authentication"]["loginEndpoint"], base);
    assert!(cloud["suffixes"].is_object() && cloud["resourceManager"].as_str().unwrap().starts_with(&base));
    let listed = kit.get("/metadata/endpoints?api-version=2020-06-01").await.body;
    assert_eq!(listed[0]["authentication"]["loginEndpoint"], base, "versions in between list all clouds: {listed}");
    let openid = kit.get(&format!("/{TENANT}/v2.0/.well-known/openid-configuration")).await.body;
    assert_eq!(openid["token_endpoint"], format!("{base}/{TENANT}/oauth2/v2.0/token"));
    let instance =
        kit.get("/common/discovery/instance?authorization_endpoint=https://localhost/t/oauth2/v2.0/authorize").await;
    assert!(instance.body["tenant_discovery_endpoint"].is_string());
    let subscriptions = kit.get("/subscriptions?api-version=2022-12-01").await.body;
    assert_eq!(subscriptions["value"].as_array().unwrap().len(), 1);
    assert_eq!(kit.get("/tenants?api-version=2022-12-01").await.status, 200);
}

#[tokio::test]
async fn managed_identity_is_served_by_http_too() {
    let kit = Kit::with(Options { msi: Some(([127, 0, 0, 1], 0).into()), ..Options::default() }).await;
    let url = format!(
        "http://{}/msi/token?api-version=2019-08-01&resource=https://management.azure.com/",
        kit.emulator.msi.unwrap()
    );
    let client = reqwest::Client::new();
    let refused = client.get(&url).send().await.unwrap();
    assert_eq!(refused.status(), 401);
    let body: Value = client.get(&url).header("x-identity-header", "x").send().await.unwrap().json().await.unwrap();
    assert!(body["expires_on"].is_string() && body["access_token"].is_string(), "{body}");
    let secret = client.get(&url).header("secret", "x").send().await.unwrap();
    assert_eq!(secret.status(), 200, "as Azure ML and Service Fabric ask");
    let shell = client.post(format!("http://{}/msi/token", kit.emulator.msi.unwrap())).header("metadata", "true");
    let shell: Value = shell.body("resource=https%3A%2F%2Fx.dev%2F").send().await.unwrap().json().await.unwrap();
    assert_eq!(claims(shell["access_token"].as_str().unwrap())["aud"], "https://x.dev/", "as Cloud Shell asks");
    let other = client.get(format!("http://{}/subscriptions", kit.emulator.msi.unwrap())).send().await.unwrap();
    assert_eq!(other.status(), 404, "nothing but identity goes without TLS");
    let machine = kit
        .send("GET", "/metadata/identity/oauth2/token?resource=https://vault.azure.net", &[("metadata", "true")], None)
        .await;
    assert_eq!(claims(machine.body["access_token"].as_str().unwrap())["aud"], "https://vault.azure.net");
}

#[tokio::test]
async fn strict_mode_names_action_and_scope() {
    let kit = Kit::start().await;
    let subscription = "11111111-1111-1111-1111-111111111111";
    let access = json!({
        "strict": true,
        "tenants": [{"id": TENANT, "subscriptions": [subscription]}],
        "clients": [{"tenant": TENANT, "id": "app", "secret": "right"}],
        "assignments": [{"principal": "app", "role": "DNS Zone Contributor", "scope": format!("{GROUP}/providers/Microsoft.Network/dnsZones/contoso.dev")}],
    });
    assert_eq!(kit.send("PUT", "/_emulator/access", &[], Some(access)).await.status, 204);
    let (status, body) = token(&kit, "wrong").await;
    assert_eq!((status, body["error"].as_str()), (401, Some("invalid_client")));
    assert!(body["error_description"].as_str().unwrap().starts_with("AADSTS7000215"));
    let (_, body) = token(&kit, "right").await;
    let bearer = format!("Bearer {}", body["access_token"].as_str().unwrap());
    let call = async |method: &str, path: &str| -> Answer {
        let body = (method == "PUT").then(|| json!({"location": "global"}));
        kit.send(method, &format!("{GROUP}/providers/Microsoft.Network/{path}"), &[("authorization", &bearer)], body)
            .await
    };
    assert_eq!(call("PUT", "dnsZones/contoso.dev").await.status, 201);
    assert_eq!(call("GET", "dnsZones/contoso.dev/A").await.status, 200);
    let refused = call("PUT", "dnsZones/other.dev").await;
    assert_eq!((refused.status.as_u16(), refused.body["error"]["code"].as_str()), (403, Some("AuthorizationFailed")));
    let text = refused.body["error"]["message"].as_str().unwrap();
    assert!(text.contains("'Microsoft.Network/dnsZones/write'") && text.contains("/dnsZones/other.dev'"), "{text}");
    let nobody = kit.get(&format!("{GROUP}/providers/Microsoft.Network/dnsZones")).await;
    assert_eq!((nobody.status.as_u16(), nobody.body["error"]["code"].as_str()), (401, Some("AuthenticationFailed")));
    let elsewhere = "/subscriptions/33333333-3333-3333-3333-333333333333/providers/Microsoft.Network/dnsZones";
    let lost = kit.send("GET", elsewhere, &[("authorization", &bearer)], None).await;
    assert_eq!(lost.body["error"]["code"], "SubscriptionNotFound");
}

#[tokio::test]
async fn groups_live_by_themselves_and_providers_are_registered() {
    let kit = Kit::start().await;
    let version = "?api-version=2021-04-01";
    assert_eq!(kit.get(&format!("{GROUP}{version}")).await.status, 404);
    assert_eq!(kit.put(&format!("{GROUP}{version}"), json!({"location": "West Europe"})).await.status, 201);
    assert_eq!(kit.send("HEAD", &format!("{GROUP}{version}"), &[], None).await.status, 204);
    let zone = kit.zone("contoso.dev").await;
    let resources = kit.get(&format!("{GROUP}/resources{version}")).await;
    assert_eq!(resources.body["value"][0]["type"], "Microsoft.Network/dnszones");
    let begun = kit.delete(&format!("{GROUP}{version}")).await;
    assert_eq!(begun.status, 202);
    assert_eq!(kit.get(begun.header("location")).await.status, 204);
    assert_eq!(kit.get(&zone).await.status, 404);
    let namespace = "/subscriptions/11111111-1111-1111-1111-111111111111/providers/Microsoft.Network";
    assert_eq!(kit.get(&format!("{namespace}{version}")).await.body["registrationState"], "Registered");
    assert_eq!(kit.send("POST", &format!("{namespace}/register{version}"), &[], None).await.status, 200);
}
