//! Long-running operations: polls, time, failure, loss.

use serde_json::json;

use crate::kit::{GROUP, Kit, PRIVATE};

fn zone() -> String {
    format!("{GROUP}{PRIVATE}/corp.internal")
}

#[tokio::test]
async fn an_operation_takes_its_polls_and_its_time() {
    let kit = Kit::start().await;
    kit.send("POST", "/_emulator/clock", &[], Some(json!({"scale": 0.0}))).await;
    kit.settings(json!({"lro": {"default": {"polls": 2, "seconds": 30.0, "retryAfter": 7}}})).await;
    let begun = kit.put(&zone(), json!({"location": "global"})).await;
    assert_eq!(begun.header("retry-after"), "7");
    let (status, location) = (begun.header("azure-asyncoperation").to_owned(), begun.header("location").to_owned());
    for _ in 0..3 {
        assert_eq!(kit.get(&status).await.body["status"], "InProgress");
    }
    let running = kit.get(&location).await;
    assert_eq!((running.status.as_u16(), running.header("retry-after")), (202, "7"));
    assert_eq!(kit.get(&zone()).await.status, 404);
    kit.advance(30.0).await;
    assert_eq!(kit.get(&status).await.body["status"], "Succeeded");
    let done = kit.get(&location).await;
    assert_eq!((done.status.as_u16(), &done.body["name"]), (200, &json!("corp.internal")), "{}", done.body);
    assert_eq!(kit.get(&zone()).await.status, 200);
    let gone = kit.delete(&zone()).await;
    kit.advance(30.0).await;
    let polled = async || kit.get(gone.header("location")).await.status.as_u16();
    assert_eq!((polled().await, polled().await, polled().await), (202, 202, 204));
    assert_eq!(kit.get(&zone()).await.status, 404);
}

#[tokio::test]
async fn operations_fail_get_lost_or_never_end_as_told() {
    let kit = Kit::start().await;
    let rule = |fault: serde_json::Value| json!({"method": "PUT", "type": "Microsoft.Network/privateDnsZones", "times": 1, "fault": fault});
    kit.fault(rule(json!({"kind": "lroFails", "code": "Broken", "message": "It broke."}))).await;
    let begun = kit.put(&zone(), json!({"location": "global"})).await;
    let status = kit.get(begun.header("azure-asyncoperation")).await;
    assert_eq!(status.body["status"], "Failed");
    assert_eq!(status.body["error"]["code"], "Broken");
    assert_eq!(kit.get(&zone()).await.status, 404);

    kit.fault(rule(json!({"kind": "lroLost"}))).await;
    let begun = kit.put(&zone(), json!({"location": "global"})).await;
    assert_eq!(kit.get(begun.header("azure-asyncoperation")).await.status, 404);
    assert_eq!(kit.get(&zone()).await.status, 200, "the work itself was done");

    kit.fault(json!({"method": "DELETE", "times": 1, "fault": {"kind": "lroNeverEnds"}})).await;
    let begun = kit.delete(&zone()).await;
    kit.advance(1e6).await;
    assert_eq!(kit.get(begun.header("azure-asyncoperation")).await.body["status"], "InProgress");
    assert_eq!(kit.get(&zone()).await.status, 200);
}
