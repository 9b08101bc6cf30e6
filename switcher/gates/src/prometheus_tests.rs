use super::*;
use crate::report::Outcome::{Error, Fail, Inconclusive, Pass};
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

type Seen = Arc<Mutex<Vec<(String, Option<String>)>>>;

/// Answers every query with `status` and `body`, and keeps query and authorization.
async fn server(status: StatusCode, body: &'static str) -> (String, Seen) {
    rustls::crypto::ring::default_provider().install_default().ok();
    let seen = Seen::default();
    let answer =
        async move |State(seen): State<Seen>, Query(query): Query<BTreeMap<String, String>>, headers: HeaderMap| {
            let token = headers.get("authorization").and_then(|value| value.to_str().ok()).map(str::to_owned);
            seen.lock().unwrap().push((query.get("query").cloned().unwrap_or_default(), token));
            (status, body)
        };
    let app = Router::new().route("/api/v1/query", get(answer)).with_state(seen.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (address, seen)
}

fn gate(address: &str) -> Prometheus {
    Prometheus {
        address: address.to_owned(),
        query: "errors{color=\"${color}\"}".to_owned(),
        success: Comparison { operator: Operator::Less, bound: 0.01 },
        interval: Duration::from_secs(30),
        failure_limit: 0,
    }
}

#[tokio::test]
async fn answers_of_the_server_are_judged() {
    const OK: StatusCode = StatusCode::OK;
    for (rule, status, body, want, words) in [
        (
            "every series good",
            OK,
            r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"pod":"a"},"value":[1,"0.001"]}]}}"#,
            Pass,
            "1 of 1",
        ),
        (
            "a scalar counts",
            OK,
            r#"{"status":"success","data":{"resultType":"scalar","result":[1,"0"]}}"#,
            Pass,
            "1 of 1",
        ),
        (
            "one bad series is a fail",
            OK,
            r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"pod":"a"},"value":[1,"0"]},{"metric":{"pod":"b"},"value":[1,"0.5"]}]}}"#,
            Fail,
            "pod=\"b\"",
        ),
        (
            "empty never passes",
            OK,
            r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#,
            Inconclusive,
            "no data",
        ),
        (
            "NaN never passes",
            OK,
            r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"NaN"]}]}}"#,
            Inconclusive,
            "NaN",
        ),
        (
            "bad beats NaN",
            OK,
            r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"NaN"]},{"metric":{},"value":[1,"+Inf"]}]}}"#,
            Fail,
            "inf",
        ),
        (
            "a range is a mistake",
            OK,
            r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#,
            Error,
            "range",
        ),
        (
            "a refused query tells why",
            StatusCode::BAD_REQUEST,
            r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#,
            Error,
            "parse error",
        ),
        ("some other server", StatusCode::NOT_FOUND, "<html>", Error, "404"),
    ] {
        let (address, _) = server(status, body).await;
        let report = check(&gate(&address), "green", None).await;
        assert_eq!(report.outcome, want, "{rule}: {report}");
        assert!(report.message.contains(words), "{rule}: {report}");
    }
    let nobody = check(&gate("http://127.0.0.1:1"), "green", None).await;
    assert_eq!(nobody.outcome, Error, "{nobody}");
}

#[tokio::test]
async fn the_color_goes_into_the_query_and_the_token_nowhere_else() {
    let (address, seen) = server(StatusCode::UNAUTHORIZED, "go away").await;
    let report = check(&gate(&address), "green", Some("s3cret")).await;
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen, [("errors{color=\"green\"}".to_owned(), Some("Bearer s3cret".to_owned()))]);
    assert!(!format!("{report:?}").contains("s3cret"));
}

#[tokio::test]
async fn an_endless_answer_is_not_read_and_a_long_refusal_is_cut() {
    let refusal = format!(r#"{{"status":"error","errorType":"bad_data","error":"{}"}}"#, "x".repeat(10_000));
    for (body, words, longest) in
        [("[".repeat(2 * BODY_LIMIT), "larger than", 200), (refusal, "the query was refused (bad_data): xxx", 500)]
    {
        let (address, _) = server(StatusCode::OK, Box::leak(body.into_boxed_str())).await;
        let report = check(&gate(&address), "green", None).await;
        assert_eq!(report.outcome, Error, "{report}");
        assert!(report.message.contains(words) && report.message.len() < longest, "{report}");
    }
}
