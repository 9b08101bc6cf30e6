use http::{Request, Response};
use kube::client::Body;

use super::*;

/// An API server with one Sync, which refuses what names another UID, as a real one does.
fn server(uid: &'static str) -> Client {
    let service = tower::service_fn(move |request: Request<Body>| async move {
        let body = request.into_body().collect_bytes().await.unwrap_or_default();
        let asked: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let other =
            |one: &serde_json::Value| one["op"] == "test" && one["path"] == "/metadata/uid" && one["value"] != uid;
        let other = asked.as_array().is_some_and(|all| all.iter().any(other));
        let (code, answer) = if other {
            (
                422,
                json!({"kind": "Status", "status": "Failure", "code": 422, "reason": "Invalid", "message": "test failed"}),
            )
        } else {
            let spec = json!({"color": "blue", "source": {"url": "http://git.example/fleet", "path": ""}});
            (200, json!({"metadata": {"name": "main", "uid": uid}, "spec": spec}))
        };
        let answer = Response::builder().status(code).body(Body::from(answer.to_string().into_bytes()));
        answer.map_err(std::io::Error::other)
    });
    Client::new(service, "default")
}

#[tokio::test]
async fn g6_what_the_sync_before_achieved_is_never_told_of_its_namesake() {
    let spec = json!({"color": "blue", "source": {"url": "http://git.example/fleet", "path": ""}});
    let sync = |uid: &str| -> SyncObject {
        let metadata = json!({"name": "main", "uid": uid});
        serde_json::from_value(
            json!({"apiVersion": "teal.dev/v1alpha1", "kind": "Sync", "metadata": metadata, "spec": spec}),
        )
        .unwrap()
    };
    let status = SyncStatus { revision: Some("of the one before".to_owned()), ..SyncStatus::default() };
    let mut reporter = Reporter::new(server("new"), Duration::ZERO, Duration::ZERO);
    assert!(reporter.write_sync(&sync("old"), status.clone()).await.is_err());
    assert_eq!(reporter.status().revision, None);
    reporter.write_sync(&sync("new"), status.clone()).await.unwrap();
    assert_eq!(reporter.status(), status);
}
