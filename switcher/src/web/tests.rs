use std::sync::Arc;

use super::*;
use crate::status::fixture;
use prometheus_client::registry::Registry;
use tokio::sync::watch::Sender;

/// So long the slowest machine has for what happens in milliseconds, or in seconds in a browser.
const PATIENCE: Duration = Duration::from_secs(180);

struct Served {
    url: String,
    status: Sender<Status>,
    wake: Wake,
    shutdown: CancellationToken,
}

async fn serve(status: Status) -> Served {
    teal_daemon::install_crypto_provider();
    let (sender, receiver) = watch::channel(status);
    let (wake, shutdown) = (Wake::default(), CancellationToken::new());
    let mut registry = Registry::default();
    crate::metrics::Metrics::register(&mut registry, receiver.clone());
    let pages = routes(Web { status: receiver, wake: wake.clone(), shutdown: shutdown.clone() });
    let admin = teal_daemon::Admin::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let url = format!("http://{}", admin.address());
    tokio::spawn(admin.serve(teal_daemon::Readiness::default(), Arc::new(registry), pages, shutdown.clone()));
    Served { url, status: sender, wake, shutdown }
}

async fn get_text(url: &str) -> (reqwest::header::HeaderMap, String) {
    let response = reqwest::get(url).await.unwrap();
    assert!(response.status().is_success(), "{url}: {}", response.status());
    (response.headers().clone(), response.text().await.unwrap())
}

#[tokio::test]
async fn the_page_answers_six_questions_in_their_order() {
    let served = serve(fixture::soaking()).await;
    let (headers, page) = get_text(&served.url).await;
    let order = [
        "green is live and proving itself",
        "cluster blue",
        "Needs attention",
        "Is the other equal?",
        "Is it frozen?",
        "Which commit did it?",
        "What happens next?",
        "What happened",
    ];
    let places: Vec<usize> =
        order.iter().map(|words| page.find(words).unwrap_or_else(|| panic!("no {words:?}:\n{page}"))).collect();
    assert!(places.is_sorted(), "{places:?}");
    assert!(page.contains("99.8 %") && !page.contains("100 %"), "a ratio is never rounded up");
    assert!(headers["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
    assert!(!page.contains("style=") && !page.contains("onclick"), "nothing inline");
}

#[tokio::test]
async fn text_from_git_is_escaped() {
    let mut status = fixture::soaking();
    status.switches[0].declaration.subject = "<script>alert(1)</script>".to_owned();
    let (_, page) = get_text(&serve(status).await.url).await;
    assert!(page.contains("&lt;script&gt;alert(1)") && !page.contains("<script>alert"));
}

#[tokio::test]
async fn a_color_is_told_by_word_and_shape() {
    let (_, page) = get_text(&serve(fixture::soaking()).await.url).await;
    for told in ["● </span>blue", "◆ </span>green", "✔ proven healthy", "? unknown"] {
        assert!(page.contains(told), "{told}");
    }
}

#[tokio::test]
async fn data_page_and_metrics_say_the_same() {
    let served = serve(fixture::soaking()).await;
    let (_, body) = get_text(&format!("{}/api/status", served.url)).await;
    let status: Status = serde_json::from_str(&body).unwrap();
    assert_eq!(status, fixture::soaking());
    let (_, metrics) = get_text(&format!("{}/metrics", served.url)).await;
    for line in [
        "teal_color_active{switch=\"contoso\",color=\"green\"} 1.0",
        "teal_color_active{switch=\"contoso\",color=\"blue\"} 0.0",
        "teal_switch_phase{switch=\"contoso\",phase=\"Soaking\"} 1.0",
        "teal_switch_wait{switch=\"contoso\",reason=\"soak\"} 1.0",
        "teal_parity_ratio{switch=\"contoso\"} 0.998",
        "teal_color_health{switch=\"contoso\",color=\"blue\",proof=\"unknown\"} 1.0",
        "teal_gate_outcome{switch=\"contoso\",gate=\"platform\",when=\"before\",outcome=\"pass\"} 1.0",
        "teal_dns_observed_color{switch=\"contoso\",vantage=\"127.0.0.1:5353\",color=\"green\"} 1.0",
        "teal_freeze_active{switch=\"contoso\",color=\"blue\"} 1.0",
        "teal_declaration_valid{switch=\"contoso\"} 0.0",
    ] {
        assert!(metrics.lines().any(|found| found == line), "no {line} in\n{metrics}");
    }
}

#[tokio::test]
async fn a_change_is_told_and_a_shutdown_waits_for_no_browser() {
    let served = serve(fixture::soaking()).await;
    let mut stream = reqwest::get(format!("{}/events", served.url)).await.unwrap();
    let first = stream.chunk().await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&first).contains("event: changed"));
    served.status.send_modify(|status| status.at = jiff::Timestamp::UNIX_EPOCH);
    let second = tokio::time::timeout(PATIENCE, stream.chunk()).await.unwrap().unwrap().unwrap();
    assert!(String::from_utf8_lossy(&second).contains("1970-01-01"), "{second:?}");
    served.shutdown.cancel();
    let end = tokio::time::timeout(PATIENCE, stream.chunk()).await.unwrap().unwrap();
    assert!(end.is_none(), "{end:?}");
}

#[tokio::test]
async fn only_so_many_browsers_listen_and_a_place_is_given_back() {
    let served = serve(fixture::soaking()).await;
    let open = async || reqwest::get(format!("{}/events", served.url)).await.unwrap();
    let mut streams = Vec::new();
    for _ in 0..STREAMS {
        let stream = open().await;
        assert_eq!(stream.status(), 200);
        streams.push(stream);
    }
    let late = open().await;
    assert_eq!(late.status(), 503);
    assert!(late.text().await.unwrap().contains("/api/status"), "it is told what to do");
    get_text(&served.url).await;
    drop(streams.pop());
    let again = async {
        while open().await.status() != 200 {
            served.status.send_modify(|_| {}); // a stream that is gone is noticed when something is sent
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, again).await.unwrap();
}

#[tokio::test]
async fn a_parked_page_says_what_is_awaited_and_gates_when_they_were_measured() {
    let (_, page) = get_text(&serve(fixture::parked()).await.url).await;
    assert!(!page.contains("traffic is where git wants it"), "{page}");
    assert!(page.contains("a commit that changes this Switch, or `teal retry contoso`"), "{page}");
    assert!(page.contains("at the shift"), "{page}");
    let (_, page) = get_text(&serve(fixture::preparing()).await.url).await;
    assert!(!page.contains("does not tell"), "both clusters are known: {page}");
    let mut dark = fixture::steady();
    dark.switches[0].colors[1].cluster.unknown = Some("no route".to_owned());
    let (_, dark) = get_text(&serve(dark).await.url).await;
    assert!(dark.contains("does not tell") && !dark.contains("admitted everywhere"), "unknown is not *no*: {dark}");
    assert!(page.contains("<td>before</td>") && !page.contains("at the shift"), "{page}");
}

#[tokio::test]
async fn colors_may_have_any_name() {
    let text = serde_json::to_string(&fixture::soaking()).unwrap().replace("blue", "east").replace("green", "west");
    let (_, page) = get_text(&serve(serde_json::from_str(&text).unwrap()).await.url).await;
    for word in ["blue", "green"] {
        assert!(!page.contains(word), "{word} in {page}");
    }
    assert!(page.contains("◆ </span>west") && page.contains("card live edge-3"), "{page}");
}

#[tokio::test]
async fn the_hook_rings_and_nothing_else_is_written() {
    let served = serve(fixture::soaking()).await;
    let client = reqwest::Client::new();
    let answer = client.post(format!("{}/hook/git", served.url)).body("x".repeat(1000)).send().await.unwrap();
    assert_eq!(answer.status(), 202);
    tokio::time::timeout(PATIENCE, served.wake.rung()).await.unwrap();
    assert_eq!(client.post(&served.url).send().await.unwrap().status(), 405);
}

/// For looking at it: `TEAL_SHOW_PAGE=60 cargo test -p teal-switcher show_the_page -- --nocapture`.
#[tokio::test]
async fn show_the_page() {
    let Some(seconds) = std::env::var("TEAL_SHOW_PAGE").ok().and_then(|text| text.parse().ok()) else { return };
    let states = [fixture::steady(), fixture::preparing(), fixture::soaking(), fixture::parked()];
    let mut kept = Vec::new();
    for status in states {
        let served = serve(status).await;
        println!("{}", served.url);
        kept.push(served);
    }
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

/// A real browser runs the module under the page's own policy: it subscribes to the stream.
#[tokio::test(flavor = "multi_thread")]
async fn a_browser_subscribes_to_changes() {
    let programs = ["/usr/bin/chromium", "/usr/bin/chromium-browser"];
    let Some(browser) = programs.into_iter().find(|path| std::path::Path::new(path).exists()) else {
        assert!(std::env::var("TEAL_REQUIRE").is_err(), "chromium is not installed");
        println!("skipped: chromium is not installed");
        return;
    };
    let served = serve(fixture::soaking()).await;
    let before = served.status.receiver_count();
    let profile = std::env::temp_dir().join(format!("teal-browser-{}", std::process::id()));
    let mut child = std::process::Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"])
        .args(["--disable-sync", "--disable-component-update", "--remote-debugging-port=0"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(&served.url)
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let subscribed = async {
        while served.status.receiver_count() <= before {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let outcome = tokio::time::timeout(PATIENCE, subscribed).await;
    child.kill().unwrap();
    child.wait().unwrap();
    std::fs::remove_dir_all(&profile).ok();
    assert!(outcome.is_ok(), "the browser never asked for /events");
}

#[tokio::test]
async fn what_nobody_outside_can_see_is_told_as_unproven() {
    let mut status = fixture::soaking();
    status.switches[0].targets = vec![crate::status::TargetStatus {
        name: "aks.priv.contoso.com".to_owned(),
        kind: "azurePrivateDns".to_owned(),
        routes: "green".to_owned(),
        wanted: "green".to_owned(),
        compares: true,
        weighs: false,
        rollback_lane: true,
        way_back_seconds: 150,
        unproven: Some("declare a resolver there".to_owned()),
        warnings: Vec::new(),
    }];
    let served = serve(status).await;
    let (_, page) = get_text(&served.url).await;
    assert!(page.contains("aks.priv.contoso.com is unproven: declare a resolver there"), "{page}");
    let (_, metrics) = get_text(&format!("{}/metrics", served.url)).await;
    assert!(
        metrics.contains("teal_target_unproven{switch=\"contoso\",target=\"aks.priv.contoso.com\"} 1.0"),
        "{metrics}"
    );
}
