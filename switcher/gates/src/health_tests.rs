use super::*;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use std::sync::atomic::{AtomicBool, Ordering};
use teal_api::switch::{Cluster, HttpProbe};

const FRESH: Duration = Duration::from_secs(15);
const BLIND: bool = false;
const SIGHTED: bool = true;

fn good() -> Answer {
    Answer::Good
}
fn bad() -> Answer {
    Answer::Bad("status 503 instead of 2xx".to_owned())
}
fn silent() -> Answer {
    Answer::Silent("connection refused".to_owned())
}

#[test]
fn g3_proof_is_fresh_agreed_and_never_blind() {
    for (rule, samples, later, sighted, want) in [
        ("nothing was measured", vec![], 0, SIGHTED, Proof::Unknown),
        ("once is not enough", vec![good()], 0, SIGHTED, Proof::Unknown),
        ("twice is", vec![good(), good()], 0, SIGHTED, Proof::Ok),
        ("one stumble is forgiven", vec![good(), good(), bad()], 0, SIGHTED, Proof::Ok),
        ("two are not", vec![good(), good(), bad(), bad()], 0, SIGHTED, Proof::Fail),
        ("old evidence is none", vec![good(), good()], 16, SIGHTED, Proof::Unknown),
        ("old failures are none either", vec![bad(), bad()], 16, SIGHTED, Proof::Unknown),
        ("silence counts while we see something else", vec![silent(), silent()], 0, SIGHTED, Proof::Fail),
        ("silence alone may be our own blindness", vec![silent(), silent()], 0, BLIND, Proof::Unknown),
        ("a bad answer is an answer", vec![bad(), bad()], 0, BLIND, Proof::Fail),
        ("recovery needs agreement too", vec![bad(), bad(), good()], 0, SIGHTED, Proof::Fail),
    ] {
        let begin = Instant::now();
        let mut track = Track::default();
        for (index, answer) in samples.iter().enumerate() {
            track.observe(begin + Duration::from_secs(index as u64), answer, 2);
        }
        let last = begin + Duration::from_secs(samples.len().saturating_sub(1) as u64);
        let proven = track.proven(last + Duration::from_secs(later), FRESH, 2, sighted);
        assert_eq!(proven.proof, want, "{rule}: {proven:?}");
    }
}

async fn server(well: Arc<AtomicBool>) -> String {
    rustls::crypto::ring::default_provider().install_default().ok();
    let answer = async move || if well.load(Ordering::SeqCst) { StatusCode::OK } else { StatusCode::BAD_GATEWAY };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", get(answer))).await });
    format!("http://{address}/")
}

fn color(url: &str) -> Color {
    // Longer than any pause of a busy machine: who answers is heard.
    let timeout = Duration::from_secs(60);
    let probe = HttpProbe {
        url: url.to_owned(),
        host: Some("aks.contoso.com".to_owned()),
        status: vec![],
        contains: None,
        timeout,
    };
    Color { cluster: Cluster::Kubeconfig("x".to_owned()), probe }
}

async fn until(monitor: &Monitor, color: &str, want: Proof) -> Proven {
    let mut changed = monitor.changed();
    let wait = async {
        loop {
            let proven = monitor.proofs().remove(color).unwrap();
            if proven.proof == want {
                return proven;
            }
            changed.changed().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(120), wait)
        .await
        .unwrap_or_else(|_| panic!("{color} never {want:?}: {:?}", monitor.proofs()))
}

fn settings() -> Health {
    Health { freshness: Duration::from_secs(600), interval: Duration::from_millis(50), threshold: 2, control: None }
}

#[tokio::test]
async fn g3_all_colors_are_measured_all_the_time() {
    let well = Arc::new(AtomicBool::new(true));
    let blue = server(Arc::new(AtomicBool::new(true))).await;
    let green = server(well.clone()).await;
    let colors = BTreeMap::from([("blue".to_owned(), color(&blue)), ("green".to_owned(), color(&green))]);
    let monitor = Monitor::start(&settings(), &colors).unwrap();
    until(&monitor, "blue", Proof::Ok).await;
    until(&monitor, "green", Proof::Ok).await;
    well.store(false, Ordering::SeqCst);
    let proven = until(&monitor, "green", Proof::Fail).await;
    assert!(proven.message.contains("502"), "{proven:?}");
    well.store(true, Ordering::SeqCst);
    until(&monitor, "green", Proof::Ok).await;
    assert_eq!(monitor.proofs()["blue"].proof, Proof::Ok);
}

#[tokio::test]
async fn g3_a_dead_color_fails_only_while_another_answers() {
    let blue = server(Arc::new(AtomicBool::new(true))).await;
    let dead = "http://127.0.0.1:1/";
    let one = BTreeMap::from([("blue".to_owned(), color(&blue)), ("green".to_owned(), color(dead))]);
    let monitor = Monitor::start(&settings(), &one).unwrap();
    until(&monitor, "green", Proof::Fail).await;
    let all = BTreeMap::from([("blue".to_owned(), color(dead)), ("green".to_owned(), color(dead))]);
    let monitor = Monitor::start(&settings(), &all).unwrap();
    let probed = async {
        while monitor.proofs()["green"].age.is_none() || monitor.proofs()["blue"].age.is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), probed).await.expect("never probed");
    assert_eq!(monitor.proofs()["green"].proof, Proof::Unknown);
    assert_eq!(monitor.proofs()["blue"].proof, Proof::Unknown);
}
