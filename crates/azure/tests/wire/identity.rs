//! Each credential against a token endpoint: what it sends, and what its failures mean.

use std::io::Write;

use teal_azure::credential::Hidden;
use teal_azure::dns::{Zone, ZoneKind};
use teal_azure::{Client, Credential};

use crate::server::{Reply, Server, answer};

const TOKEN: &str = r#"{"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":"issued"}"#;
const ZONE: &str = r#"{"properties":{}}"#;
const PEM: &str = include_str!("../data/client-certificate.pem");

fn zone() -> Zone {
    Zone::new(ZoneKind::Public, "sub", "rg", "contoso.com").unwrap()
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn workload(token: &tempfile::NamedTempFile) -> Credential {
    let token_file = Some(token.path().to_owned());
    Credential::WorkloadIdentity { tenant: Some("tenant".into()), client: Some("app".into()), token_file }
}

fn secret() -> Credential {
    Credential::ClientSecret { tenant: "tenant".into(), client: "app".into(), secret: Hidden::new("hunter2\n") }
}

fn certificate() -> Credential {
    let pem = Hidden::new(PEM);
    Credential::ClientCertificate { tenant: "tenant".into(), client: "app".into(), pem, send_chain: true }
}

#[tokio::test]
async fn each_credential_signs_in_as_entra_wants_it_and_its_token_is_used_and_kept() {
    let federated = file("eyJ.federated.token");
    for (credential, sends) in [
        (workload(&federated), "client_assertion=eyJ.federated.token"),
        (secret(), "client_secret=hunter2&"),
        (certificate(), "client_assertion=eyJ"),
    ] {
        let kind = credential.kind();
        let server = Server::start().await;
        server.plan([answer(200, TOKEN), answer(200, ZONE), answer(200, ZONE)]);
        let client = Client::new(server.settings(credential)).unwrap();
        client.zone(&zone()).await.unwrap();
        client.zone(&zone()).await.unwrap();
        let asked = server.asked();
        assert_eq!(asked.len(), 3, "{kind}: one token for both calls");
        assert_eq!((asked[0].method.as_str(), asked[0].path.as_str()), ("POST", "/tenant/oauth2/v2.0/token"), "{kind}");
        let scope = format!("scope=https%3A%2F%2Flocalhost%3A{}%2F.default", server.port);
        for part in [sends, "client_id=app", "grant_type=client_credentials", &scope] {
            assert!(asked[0].body.contains(part), "{kind}: {part}: {}", asked[0].body);
        }
        assert_eq!(asked[1].header("authorization"), Some("Bearer issued"), "{kind}");
    }
}

#[tokio::test]
async fn what_entra_refuses_is_told_in_words_at_once_and_without_the_secret() {
    let federated = file("eyJ.federated.token");
    for (credential, code, told) in [
        (workload(&federated), 700_024, "federated token file that has expired"),
        (secret(), 7_000_215, "the client secret is wrong"),
        (certificate(), 700_027, "not one of the application's"),
        (secret(), 90_002, "no such tenant"),
    ] {
        let server = Server::start().await;
        let body =
            format!(r#"{{"error":"invalid_client","error_description":"AADSTS{code}: no.","error_codes":[{code}]}}"#);
        server.plan([answer(401, &body)]);
        let error = Client::new(server.settings(credential)).unwrap().zone(&zone()).await.unwrap_err();
        assert_eq!(error.reason(), "NoToken", "{error}");
        assert!(error.to_string().contains(told) && !error.to_string().contains("hunter2"), "{error}");
        assert_eq!(server.asked().len(), 1, "nothing is sent to ARM, and nothing is asked again");
    }
}

#[tokio::test]
async fn an_identity_service_that_fails_is_asked_again_even_for_a_write() {
    let server = Server::start().await;
    server.plan([Reply::HangUp, answer(200, TOKEN), answer(200, "{}")]);
    let client = Client::new(server.settings(secret())).unwrap();
    let request = zone().get().write(teal_azure::Method::Put, None, "writing");
    client.send(&request).await.unwrap();
    assert_eq!(server.asked().len(), 3);
}

#[test]
fn a_token_file_that_is_missing_or_empty_is_named_before_the_first_request() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let cloud = teal_azure::Cloud::public();
    let empty = file(" \n");
    for (path, why) in [("/no/such/token".into(), "No such file"), (empty.path().to_owned(), "it is empty")] {
        let credential =
            Credential::WorkloadIdentity { tenant: Some("t".into()), client: Some("c".into()), token_file: Some(path) };
        let error = Client::new(teal_azure::Settings::new(cloud.clone(), credential)).unwrap_err().to_string();
        assert!(error.contains(why) && error.contains("can't be read"), "{error}");
    }
}

#[tokio::test]
async fn a_token_for_an_api_server_has_its_own_audience() {
    let server = Server::start().await;
    server.plan([answer(200, TOKEN)]);
    let token = Client::new(server.settings(secret())).unwrap().cluster_token().await.unwrap();
    assert_eq!(token.expose(), "issued");
    assert!(token.expires > 0 && !format!("{token:?}").contains("issued"));
    assert!(server.asked()[0].body.contains("scope=6dae42f8-4368-4678-94ff-3960e28e3630%2F.default"));
}
