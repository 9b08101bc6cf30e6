use super::*;
use crate::report::Outcome::{Error, Fail, Pass};
use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;

async fn server() -> SocketAddr {
    rustls::crypto::ring::default_provider().install_default().ok();
    let app = Router::new()
        .route("/healthz", get(async || "ok, all well"))
        .route("/sick", get(async || (StatusCode::SERVICE_UNAVAILABLE, "no")))
        .route("/elsewhere", get(async || (StatusCode::FOUND, [("location", "/healthz")])))
        .route("/host", get(async |headers: HeaderMap| headers["host"].to_str().unwrap_or_default().to_owned()))
        .route("/slow", get(async || std::future::pending::<String>().await));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

fn probe(address: SocketAddr, path: &str) -> HttpProbe {
    HttpProbe {
        url: format!("http://{address}{path}"),
        host: None,
        status: Vec::new(),
        contains: None,
        // Longer than any pause of a busy machine.
        timeout: Duration::from_secs(60),
    }
}

#[tokio::test]
async fn answers_are_judged() {
    let address = server().await;
    let contains = |text: &str| HttpProbe { contains: Some(text.to_owned()), ..probe(address, "/healthz") };
    let status = |code| HttpProbe { status: vec![code], ..probe(address, "/sick") };
    let hosted = HttpProbe {
        host: Some("aks.contoso.com".to_owned()),
        contains: Some("aks.contoso.com".to_owned()),
        ..probe(address, "/host")
    };
    let hosted_at_a_port = HttpProbe {
        host: Some("aks.contoso.com:8443".to_owned()),
        contains: Some("aks.contoso.com:8443".to_owned()),
        ..probe(address, "/host")
    };
    let slow = HttpProbe { timeout: Duration::from_millis(500), ..probe(address, "/slow") };
    let nowhere = "127.0.0.1:1".parse().unwrap();
    for (rule, probe, want, words) in [
        ("2xx is good", probe(address, "/healthz"), Pass, "answered as declared"),
        ("5xx is not", probe(address, "/sick"), Fail, "status 503 instead of 2xx"),
        ("unless it is declared", status(503), Pass, "answered"),
        ("a redirect is not followed", probe(address, "/elsewhere"), Fail, "status 302"),
        ("a body can be asked for", contains("all well"), Pass, "answered"),
        ("and must be there", contains("all sick"), Fail, "does not contain"),
        ("the production host is sent to the color's address", hosted, Pass, "as aks.contoso.com"),
        ("a port goes into the header only", hosted_at_a_port, Pass, "as aks.contoso.com:8443"),
        ("time is bounded", slow, Error, "no answer within 500ms"),
        ("nobody listens", probe(nowhere, "/healthz"), Error, "Connection refused"),
        (
            "a url must be one",
            HttpProbe { url: "ftp://x/".to_owned(), ..probe(address, "/") },
            Error,
            "neither http nor https",
        ),
    ] {
        let report = check(&probe).await;
        assert_eq!(report.outcome, want, "{rule}: {report}");
        assert!(report.message.contains(words), "{rule}: {report}");
    }
}

#[tokio::test]
async fn a_silent_color_and_a_sick_one_are_told_apart() {
    let address = server().await;
    let sick = Prober::new(&probe(address, "/sick")).unwrap().ask().await.0;
    assert!(matches!(sick, Answer::Bad(_)), "{sick:?}");
    let gone = Prober::new(&probe("127.0.0.1:1".parse().unwrap(), "/")).unwrap().ask().await.0;
    assert!(matches!(gone, Answer::Silent(_)), "{gone:?}");
}
