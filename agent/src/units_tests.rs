use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Method, Request, Response};
use kube::client::Body;
use serde_json::Value;
use teal_api::unit::UnitState;

use super::*;

type Stored = Arc<Mutex<BTreeMap<String, Value>>>;

/// An API server that keeps Units, and is as strict as a real one about names, UIDs and controllers.
fn server(stored: &Stored) -> Client {
    let stored = Arc::clone(stored);
    let service = tower::service_fn(move |request: Request<Body>| {
        let stored = Arc::clone(&stored);
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect_bytes().await.unwrap_or_default();
            let body = serde_json::from_slice(&body).unwrap_or_default();
            let (code, answer) = answer(&mut stored.lock().unwrap(), &head.method, head.uri.path(), body);
            let answer = Response::builder().status(code).body(Body::from(answer.to_string().into_bytes()));
            answer.map_err(std::io::Error::other)
        }
    });
    Client::new(service, "default")
}

fn failure(code: u16, reason: &str) -> (u16, Value) {
    let details = json!({"group": "teal.dev", "kind": "units", "name": "shop-1"});
    (
        code,
        json!({"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": reason, "details": details}),
    )
}

fn answer(stored: &mut BTreeMap<String, Value>, method: &Method, path: &str, body: Value) -> (u16, Value) {
    let path = path.trim_start_matches("/apis/teal.dev/v1alpha1/units").trim_start_matches('/');
    let name = path.trim_end_matches("/status").to_owned();
    match (method.as_str(), stored.get_mut(&name)) {
        ("GET", None) if name.is_empty() => {
            (200, json!({"metadata": {"resourceVersion": "1"}, "items": stored.values().collect::<Vec<_>>()}))
        }
        ("POST", _) => {
            let name = body["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            if stored.contains_key(&name) {
                return failure(409, "AlreadyExists");
            }
            let mut made = body;
            made["metadata"]["uid"] = json!(format!("{name}-anew"));
            stored.insert(name, made.clone());
            (201, made)
        }
        (_, None) => failure(404, "NotFound"),
        ("GET", Some(found)) => (200, found.clone()),
        ("DELETE", Some(found)) if body["preconditions"]["uid"] != found["metadata"]["uid"] => failure(409, "Conflict"),
        ("DELETE", Some(_)) => (200, stored.remove(&name).unwrap_or_default()),
        (_, Some(found)) if path.ends_with("/status") => {
            found["status"] = body["status"].clone();
            (200, found.clone())
        }
        (_, Some(found)) => {
            let other = found["metadata"]["ownerReferences"][0]["uid"] != body["metadata"]["ownerReferences"][0]["uid"];
            if other {
                return failure(422, "Only one reference can have Controller set to true");
            }
            found["spec"] = body["spec"].clone();
            (200, found.clone())
        }
    }
}

fn sync(uid: &str) -> SyncObject {
    let spec = json!({"color": "blue", "source": {"url": "http://git.example/fleet", "path": ""}});
    let metadata = json!({"name": "main", "uid": uid});
    let sync = json!({"apiVersion": "teal.dev/v1alpha1", "kind": "Sync", "metadata": metadata, "spec": spec});
    serde_json::from_value(sync).unwrap()
}

fn ready() -> (UnitSpec, UnitStatus) {
    let spec = UnitSpec { sync: "main".into(), layer: "all".into(), path: "shop".into() };
    (spec, UnitStatus { state: UnitState::Ready, ..UnitStatus::default() })
}

async fn reporter(stored: &Stored, sync: &SyncObject) -> Reporter {
    let mut reporter = Reporter::new(server(stored), Duration::ZERO, Duration::ZERO);
    reporter.load(sync).await.unwrap();
    reporter
}

/// A Unit that was written for a Sync with this UID.
async fn written_for(uid: &str) -> Stored {
    let stored = Stored::default();
    let (spec, status) = ready();
    reporter(&stored, &sync(uid)).await.write_unit(&sync(uid), "shop-1", spec, status).await.unwrap();
    assert_eq!(owner(&stored), uid);
    stored
}

fn owner(stored: &Stored) -> Value {
    stored.lock().unwrap()["shop-1"]["metadata"]["ownerReferences"][0]["uid"].clone()
}

#[tokio::test]
async fn g6_a_unit_of_the_sync_before_is_none_of_its_namesakes_and_makes_room_for_it() {
    let stored = written_for("old").await;
    let same = reporter(&stored, &sync("old")).await;
    assert_eq!(same.written_units.keys().collect::<Vec<_>>(), ["shop-1"], "after a restart it is its own");
    let mut namesake = reporter(&stored, &sync("new")).await;
    assert!(namesake.written_units.is_empty() && !namesake.remembered().was_ready("shop-1"));
    let (spec, status) = ready();
    namesake.write_unit(&sync("new"), "shop-1", spec, status).await.unwrap();
    assert_eq!(owner(&stored), "new");
}

#[tokio::test]
async fn a_unit_that_went_before_anybody_watched_is_made_anew() {
    let stored = written_for("one").await;
    let mut reporter = reporter(&stored, &sync("one")).await;
    stored.lock().unwrap().clear();
    let (spec, mut status) = ready();
    status.objects = 7;
    reporter.write_unit(&sync("one"), "shop-1", spec, status.clone()).await.unwrap();
    assert_eq!(stored.lock().unwrap()["shop-1"]["status"]["objects"], 7);
    assert_eq!(reporter.written_units["shop-1"].1, status);
}

#[tokio::test]
async fn what_a_list_lacks_that_was_there_when_it_was_asked_for_is_gone() {
    let mut reporter = reporter(&written_for("one").await, &sync("one")).await;
    let knows = |reporter: &Reporter| reporter.written_units.contains_key("shop-1");
    reporter.hear(UnitNews::Listed(BTreeSet::new()));
    assert!(knows(&reporter), "it may have been written since the list was made");
    reporter.hear(UnitNews::Listing);
    reporter.hear(UnitNews::Listed(["shop-1".to_owned()].into()));
    assert!(knows(&reporter), "it is there");
    reporter.hear(UnitNews::Listing);
    reporter.hear(UnitNews::Listed(BTreeSet::new()));
    assert!(!knows(&reporter), "it went while nobody watched");
}
