//! Copies that the edge keeps for routes that cache.

use serde_json::json;

use crate::edge::Scene;

const ROUTE: &str = "/afdEndpoints/web/routes/all";

/// What a client gets: `X-Cache`, the color, `Age`.
async fn got(scene: &Scene, path: &str) -> (String, String, String) {
    let answer = scene.get(path).await;
    let header = |name: &str| answer.headers().get(name).map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
    let (cache, age) = (header("x-cache"), header("age"));
    (cache, answer.text().await.unwrap(), age)
}

async fn purge(scene: &Scene, body: serde_json::Value) -> u16 {
    let at = format!("{}/afdEndpoints/web/purge", scene.path);
    scene.kit.send("POST", &at, &[], Some(body)).await.status.as_u16()
}

fn three(cache: &str, color: &str, age: &str) -> (String, String, String) {
    (cache.to_owned(), color.to_owned(), age.to_owned())
}

#[tokio::test]
async fn a_copy_outlives_the_flip_until_it_runs_out_or_is_purged() {
    let scene = Scene::start().await;
    scene.kit.send("POST", "/_emulator/clock", &[], Some(json!({"scale": 0.0}))).await;
    assert_eq!(got(&scene, "/kept/600").await, three("CONFIG_NOCACHE", "blue", ""));
    let caching = json!({"cacheConfiguration": {"queryStringCachingBehavior": "IgnoreQueryString"}});
    assert_eq!(scene.patch(ROUTE, caching).await, 200);
    assert_eq!(got(&scene, "/kept/600").await, three("TCP_MISS", "blue", ""));
    scene.kit.advance(7.0).await;
    assert_eq!(got(&scene, "/kept/600?any=query").await, three("TCP_HIT", "blue", "7"));
    assert_eq!(got(&scene, "/kept/30").await, three("TCP_MISS", "blue", ""));

    let green = json!({"originGroup": {"id": format!("{}/originGroups/green", scene.path)}});
    assert_eq!(scene.patch(ROUTE, green).await, 200);
    assert_eq!(got(&scene, "/kept/600").await, three("TCP_HIT", "blue", "7"));
    assert_eq!(got(&scene, "/fresh").await, three("TCP_MISS", "green", ""));
    scene.kit.advance(31.0).await;
    assert_eq!(got(&scene, "/kept/30").await, three("TCP_MISS", "green", ""), "it ran out");
    assert_eq!(purge(&scene, json!({"contentPaths": ["/other/*"]})).await, 200);
    assert_eq!(got(&scene, "/kept/600").await, three("TCP_HIT", "blue", "38"));
    assert_eq!(purge(&scene, json!({"contentPaths": ["/*"], "domains": [scene.host.clone()]})).await, 200);
    assert_eq!(got(&scene, "/kept/600").await, three("TCP_MISS", "green", ""));

    let none = json!({"cacheConfiguration": null});
    assert_eq!(scene.patch(ROUTE, none).await, 200);
    assert_eq!(got(&scene, "/kept/600").await, three("CONFIG_NOCACHE", "green", ""));
}

#[tokio::test]
async fn a_purge_takes_the_time_it_is_told() {
    let scene = Scene::start().await;
    scene.kit.send("POST", "/_emulator/clock", &[], Some(json!({"scale": 0.0}))).await;
    let caching = json!({"cacheConfiguration": {"queryStringCachingBehavior": "UseQueryString"}});
    assert_eq!(scene.patch(ROUTE, caching).await, 200);
    assert_eq!(got(&scene, "/kept/6000?a=1").await.0, "TCP_MISS");
    assert_eq!(got(&scene, "/kept/6000?a=2").await.0, "TCP_MISS", "another query, another copy");
    scene
        .kit
        .settings(
            json!({"lro": {"kinds": {"Microsoft.Cdn/profiles/*": {"polls": 0, "seconds": 120.0, "retryAfter": 0}}}}),
        )
        .await;
    assert_eq!(purge(&scene, json!({"contentPaths": ["/kept/*"]})).await, 202);
    assert_eq!(got(&scene, "/kept/6000?a=1").await.0, "TCP_HIT", "not yet");
    scene.kit.advance(121.0).await;
    assert_eq!(got(&scene, "/kept/6000?a=1").await.0, "TCP_MISS");
}

#[tokio::test]
async fn a_rule_overrides_how_long_and_posts_always_go_on() {
    let scene = Scene::start().await;
    let rule = json!({"order": 1, "conditions": [], "actions": [{"name": "RouteConfigurationOverride", "parameters": {"cacheConfiguration": {
        "queryStringCachingBehavior": "IgnoreQueryString", "cacheBehavior": "OverrideAlways", "cacheDuration": "00:10:00"}}}]});
    assert_eq!(scene.put("/ruleSets/set", json!({})).await, 201);
    assert_eq!(scene.put("/ruleSets/set/rules/keep", rule).await, 201);
    let set = json!({"ruleSets": [{"id": format!("{}/ruleSets/set", scene.path)}]});
    assert_eq!(scene.patch(ROUTE, set).await, 200);
    assert_eq!(got(&scene, "/kept/0").await.0, "TCP_MISS");
    assert_eq!(got(&scene, "/kept/0").await.0, "TCP_HIT");
    let posted = scene.post("/kept/0").await;
    assert_eq!(posted.headers()["x-cache"], "CONFIG_NOCACHE");
}
