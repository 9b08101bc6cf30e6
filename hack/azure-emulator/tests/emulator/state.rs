//! The state file and the dump.

use azure_emulator::Options;
use serde_json::json;

use crate::kit::Kit;

#[tokio::test]
async fn state_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options { state: Some(folder.path().join("state.json")), ..Options::default() };
    let kit = Kit::with(options()).await;
    let zone = kit.zone("contoso.dev").await;
    let etag = kit.address(&zone, "www", &["192.0.2.1"]).await.etag();
    kit.emulator.stop().await.unwrap();
    let kit = Kit::with(options()).await;
    assert_eq!(kit.get(&format!("{zone}/A/www")).await.etag(), etag);
    assert_eq!(kit.ask("www.contoso.dev.", hickory_proto::rr::RecordType::A).await, ["60 A 192.0.2.1"]);
    assert_ne!(kit.address(&zone, "www", &["192.0.2.2"]).await.etag(), etag, "the dice went on");
}

#[tokio::test]
async fn a_broken_state_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.json");
    std::fs::write(&file, "{").unwrap();
    let error = azure_emulator::Emulator::start(Options { state: Some(file), ..Options::default() }).await.unwrap_err();
    assert!(error.to_string().contains("state.json"), "{error}");
}

#[tokio::test]
async fn a_dump_can_be_loaded_and_holds_no_secret() {
    let kit = Kit::start().await;
    let zone = kit.zone("contoso.dev").await;
    let access = json!({"tenants": [{"id": "t"}], "clients": [{"tenant": "t", "id": "c", "secret": "hidden-word"}]});
    assert_eq!(kit.send("PUT", "/_emulator/access", &[], Some(access)).await.status, 204);
    let dump = kit.get("/_emulator/state").await.body;
    assert!(!dump.to_string().contains("hidden-word"));
    kit.send("POST", "/_emulator/reset", &[], None).await;
    assert_eq!(kit.get(&zone).await.status, 404);
    assert_eq!(kit.send("PUT", "/_emulator/state", &[], Some(dump)).await.status, 204);
    assert_eq!(kit.get(&zone).await.status, 200);
}
