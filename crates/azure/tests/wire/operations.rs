//! Long-running operations, as ARM runs them.

use std::time::Duration;

use teal_azure::front_door::Profile;
use teal_azure::{Operation, Progress, Request};

use crate::server::{Reply, Server, answer, with};

const UPDATING: &str = r#"{"id":"/x","name":"r","properties":{"provisioningState":"Updating"}}"#;

fn profile() -> Profile {
    Profile::new("sub", "rg", "front").unwrap()
}

fn flip() -> Request {
    let profile = profile();
    profile.patch_route("web", "default", &profile.id.child("originGroups", "green").unwrap())
}

async fn wait(server: &Server, operation: &Operation) -> Option<Progress> {
    let needs = flip().needs;
    let (every, patience) = (Duration::from_millis(5), Duration::from_secs(300));
    server.client().wait("frontDoor", operation, needs, every, patience).await.unwrap()
}

#[tokio::test]
async fn an_operation_is_polled_verbatim_to_its_end_and_after_a_restart() {
    let server = Server::start().await;
    let signed = format!("/operationresults/1?api-version=2025-06-01&t=638&c={}&s=a%2Fb%3D&h=x", "M".repeat(5000));
    let url = format!("{}{signed}", server.url());
    server.plan([
        with(202, &[("azure-asyncoperation", &url)], UPDATING),
        with(200, &[("retry-after", "0")], r#"{"status":"InProgress"}"#),
        answer(503, ""),
        answer(200, r#"{"status":"Succeeded"}"#),
    ]);
    let started = server.client().start(&flip()).await.unwrap().unwrap();
    // What another process finds in its store.
    let resumed = Operation::stored(&started.to_text()).unwrap();
    assert_eq!(wait(&server, &resumed).await, Some(Progress::Succeeded));
    let asked = server.asked();
    assert_eq!(
        asked[0].body,
        r#"{"properties":{"originGroup":{"id":"/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Cdn/profiles/front/originGroups/green"}}}"#
    );
    assert!(asked[1..].iter().all(|poll| poll.path == signed && poll.method == "GET"), "verbatim");
}

#[tokio::test]
async fn an_operation_that_fails_is_told_with_azures_words() {
    let server = Server::start().await;
    let operation = Operation::Asynchronous(format!("{}/op", server.url()));
    server.plan([answer(200, r#"{"status":"Failed","error":{"code":"Boom","message":"it broke"}}"#)]);
    let failed = Progress::Failed { code: "Boom".into(), message: "it broke".into() };
    assert_eq!(wait(&server, &operation).await, Some(failed));
}

#[tokio::test]
async fn an_operation_that_azure_forgot_is_lost_and_one_without_end_ends_here() {
    let server = Server::start().await;
    let operation = Operation::Asynchronous(format!("{}/op", server.url()));
    server.plan([answer(404, r#"{"error":{"code":"NotFound","message":"x"}}"#)]);
    assert_eq!(wait(&server, &operation).await, Some(Progress::Lost));
    server.plan(std::iter::repeat_n(answer(200, r#"{"status":"InProgress"}"#), 10_000));
    let (needs, every) = (flip().needs, Duration::from_millis(1));
    let patience = Duration::from_millis(50);
    assert_eq!(server.client().wait("frontDoor", &operation, needs, every, patience).await.unwrap(), None);
}

#[tokio::test]
async fn location_and_resource_are_followed_too() {
    let server = Server::start().await;
    let operation = Operation::Location(format!("{}/result", server.url()));
    server.plan([answer(202, ""), answer(204, "")]);
    assert_eq!(wait(&server, &operation).await, Some(Progress::Succeeded));

    server.plan([answer(202, UPDATING), answer(200, UPDATING), answer(200, &UPDATING.replace("Updating", "Failed"))]);
    let started = server.client().start(&flip()).await.unwrap().unwrap();
    assert!(matches!(started, Operation::Resource { .. }), "{started:?}");
    assert!(matches!(wait(&server, &started).await, Some(Progress::Failed { code, .. }) if code == "Failed"));
}

#[tokio::test]
async fn g1_a_flip_whose_answer_is_lost_is_not_sent_again() {
    let server = Server::start().await;
    server.plan([Reply::HangUp]);
    let error = server.client().start(&flip()).await.unwrap_err();
    assert!(error.outcome_unknown(), "{error}");
    assert_eq!(server.asked().len(), 1);
}
