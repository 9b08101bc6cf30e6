//! What is sent, how often, and what comes of odd answers.

use std::time::{Duration, Instant};

use teal_azure::dns::{RecordType, Records, SetBody, Zone, ZoneKind};
use teal_azure::{AzureError, Condition};
use tokio_util::sync::CancellationToken;

use crate::server::{Reply, Server, answer, with};

const SET: &str = r#"{"id":"/x","name":"aks","etag":"e2","type":"Microsoft.Network/dnszones/A","properties":{"TTL":60,"ARecords":[{"ipv4Address":"10.1.0.4"}]}}"#;

fn zone() -> Zone {
    Zone::new(ZoneKind::Public, "sub", "rg", "contoso.com").unwrap()
}

fn body() -> SetBody {
    let records = Records::A(vec!["10.1.0.4".parse().unwrap()]);
    SetBody { ttl: 60, metadata: Default::default(), records, target: None }
}

async fn put(client: &teal_azure::Client, condition: Condition) -> Result<String, AzureError> {
    client.put_record_set(&zone(), RecordType::A, "aks", &body(), condition).await.map(|set| set.etag)
}

#[tokio::test]
async fn a_request_carries_token_version_condition_and_an_id_of_its_own() {
    let server = Server::start().await;
    server.plan([answer(200, SET), answer(201, SET), answer(200, SET)]);
    let client = server.client();
    client.record_set(&zone(), RecordType::A, "*.apps").await.unwrap();
    put(&client, Condition::IfMatch("e1".into())).await.unwrap();
    put(&client, Condition::IfAbsent).await.unwrap();
    let [get, matched, absent] = server.asked().try_into().unwrap();
    assert_eq!(get.method, "GET");
    assert_eq!(
        get.path,
        "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Network/dnsZones/contoso.com/A/*.apps?api-version=2018-05-01"
    );
    assert_eq!(get.header("authorization"), Some(format!("Bearer token-for-{}/.default", server.url()).as_str()));
    assert_eq!(get.header("accept"), Some("application/json"));
    assert_eq!(matched.header("if-match"), Some("e1"));
    assert_eq!((absent.header("if-none-match"), absent.header("if-match")), (Some("*"), None));
    assert_eq!(matched.body, r#"{"properties":{"ARecords":[{"ipv4Address":"10.1.0.4"}],"TTL":60,"metadata":{}}}"#);
    let ids: Vec<_> = [&get, &matched, &absent]
        .iter()
        .map(|asked| asked.header("x-ms-client-request-id").unwrap().to_owned())
        .collect();
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0].len() == 36, "{ids:?}");
}

#[tokio::test]
async fn a_read_is_repeated_and_every_attempt_is_told() {
    let server = Server::start().await;
    let left = [
        ("x-ms-ratelimit-remaining-subscription-reads", "249"),
        ("x-ms-ratelimit-remaining-tenant-reads", "99"),
        ("x-ms-ratelimit-remaining-resource", "Microsoft.Network/dnsZones;17"),
    ];
    server.plan([answer(503, ""), with(429, &[("retry-after", "1")], ""), Reply::HangUp, with(200, &left, SET)]);
    let (client, notes) = server.watched();
    let set = client.record_set(&zone(), RecordType::A, "aks").await.unwrap().unwrap();
    assert_eq!(set.etag, "e2");
    let statuses: Vec<_> = notes.attempts.lock().unwrap().iter().map(|attempt| attempt.status).collect();
    assert_eq!(statuses, [Some(503), Some(429), None, Some(200)]);
    let waits: Vec<_> = notes.waits.lock().unwrap().clone();
    assert_eq!(waits.iter().map(|(why, _)| *why).collect::<Vec<_>>(), ["ServerError", "Throttled", "Lost"]);
    assert_eq!(waits[1].1, Duration::from_secs(1), "Retry-After is honoured");
    let mut budgets = notes.budgets.lock().unwrap().clone();
    budgets.sort_unstable();
    assert_eq!(budgets, [("subscription-reads sub other".to_owned(), 249), ("tenant-reads - other".to_owned(), 99)]);
}

#[tokio::test]
async fn a_server_that_wants_an_hour_gets_no_hour() {
    let server = Server::start().await;
    server.plan([with(429, &[("retry-after", "3600")], r#""{\"code\":\"Throttled\",\"message\":\"slow\"}""#)]);
    let began = Instant::now();
    let error = server.client().record_set(&zone(), RecordType::A, "aks").await.unwrap_err();
    assert_eq!((error.reason(), error.retry_after()), ("Throttled", Some(Duration::from_secs(3600))));
    assert!(error.to_string().contains("429 Throttled: slow") && error.to_string().contains("in 3600 s"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(600));
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn who_wants_to_be_left_alone_is_left_alone_whoever_asks() {
    let server = Server::start().await;
    server.plan([
        with(429, &[("retry-after", "3600")], r#""{\"code\":\"Throttled\",\"message\":\"slow\"}""#),
        with(200, &[], SET),
    ]);
    let (client, notes) = server.watched();
    let first = client.record_set(&zone(), RecordType::A, "aks").await.unwrap_err();
    // Another caller with the same client, another set of the same zone.
    let error = client.clone().record_set(&zone(), RecordType::A, "other").await.unwrap_err();
    let longest = client.retry().longest_wait;
    assert!(error.retry_after().is_some_and(|left| left <= longest), "{error}");
    assert!(error.to_string().contains("429 Throttled: slow") && !error.outcome_unknown(), "{error}");
    assert_eq!(server.asked().len(), 1, "nothing more is sent: {first}");
    assert_eq!(*notes.waits.lock().unwrap(), [("Throttled", longest)], "and the metric tells how long");
    // What was not throttled goes on.
    let elsewhere = Zone::new(ZoneKind::Public, "sub", "rg", "fabrikam.com").unwrap();
    client.record_set(&elsewhere, RecordType::A, "aks").await.unwrap();
    assert_eq!(server.asked().len(), 2);
}

/// Looking through a zone needs many lists; reading back what was written, and going back, need none of these.
#[tokio::test]
async fn g4_lists_that_are_throttled_hold_no_record_back() {
    let server = Server::start().await;
    server.plan([
        with(429, &[("retry-after", "3600")], r#"{"code":"TooManyRequests","message":"slow"}"#),
        with(200, &[], SET),
        with(200, &[], SET),
        with(200, &[], r#"{"value":[]}"#),
    ]);
    let client = server.client();
    client.record_sets(&zone(), Some(RecordType::Txt)).await.unwrap_err();
    client.record_set(&zone(), RecordType::A, "aks").await.unwrap();
    put(&client, Condition::IfMatch("e1".into())).await.unwrap();
    let error = client.record_sets(&zone(), Some(RecordType::Txt)).await.unwrap_err();
    assert!(error.reason() == "Throttled" && server.asked().len() == 3, "it is asked for no more: {error}");
    // Another list of the same resource may be the one that a way back needs.
    assert!(client.record_sets(&zone(), Some(RecordType::A)).await.unwrap().is_empty());
    assert_eq!(server.asked().len(), 4);
}

/// The one promise of a write: whatever happens on the way, it is sent once.
#[tokio::test]
async fn g1_a_write_is_sent_once_whatever_happens() {
    for (reply, reason, unknown) in [
        (answer(503, ""), "ServerError", true),
        (answer(500, ""), "ServerError", true),
        (answer(408, ""), "Lost", true),
        (with(429, &[("retry-after", "0")], ""), "Throttled", false),
        (answer(412, r#"{"code":"PreconditionFailed","message":"x"}"#), "Changed", false),
        (answer(409, r#"{"error":{"code":"Conflict","message":"another operation is in progress"}}"#), "Busy", false),
        (answer(401, ""), "Unauthenticated", false),
        (Reply::HangUp, "Lost", true),
        (Reply::BreakOff, "Lost", true),
        (Reply::Silence, "Lost", true),
        (answer(200, "no json"), "Odd", false),
    ] {
        let server = Server::start().await;
        server.plan([reply.clone(), answer(200, SET)]);
        let client = if matches!(reply, Reply::Silence) { server.hasty_client() } else { server.client() };
        let error = put(&client, Condition::IfMatch("e1".into())).await.unwrap_err();
        assert_eq!((error.reason(), error.outcome_unknown()), (reason, unknown), "{reply:?}: {error}");
        assert_eq!(server.asked().len(), 1, "{reply:?}");
    }
}

#[tokio::test]
async fn a_write_declared_repeatable_is_repeated() {
    let server = Server::start().await;
    server.plan([answer(503, ""), answer(200, SET)]);
    let request = zone().put_set(RecordType::A, "aks", &body(), Condition::None).repeatable();
    server.client().send(&request).await.unwrap();
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn nobody_there_is_told_as_not_sent() {
    let server = Server::start().await;
    let client = server.client();
    let port = server.port;
    drop(server);
    let error = put(&client, Condition::None).await.unwrap_err();
    assert_eq!((error.reason(), error.outcome_unknown()), ("Unreachable", false), "{error} at {port}");
}

#[tokio::test]
async fn a_stranger_with_another_certificate_is_not_believed() {
    let (server, stranger) = (Server::start().await, Server::start().await);
    let settings = stranger.settings(teal_azure::Credential::Other(std::sync::Arc::new(crate::server::Fixed)));
    let client = teal_azure::Client::new(settings.trusting(server.ca.clone())).unwrap();
    let error = put(&client, Condition::None).await.unwrap_err();
    assert_eq!(error.reason(), "Unreachable", "{error}");
    assert!(stranger.asked().is_empty());
}

#[tokio::test]
async fn a_missing_set_is_none_and_a_missing_zone_is_an_error() {
    let not_found = answer(404, r#"{"code":"NotFound","message":"x"}"#);
    let server = Server::start().await;
    server.plan([not_found.clone(), answer(200, r#"{"properties":{"nameServers":["ns1."]}}"#)]);
    assert_eq!(server.client().record_set(&zone(), RecordType::A, "aks").await.unwrap(), None);
    let gone = answer(404, r#"{"error":{"code":"ResourceGroupNotFound","message":"x"}}"#);
    server.plan([not_found, gone]);
    let error = server.client().record_set(&zone(), RecordType::A, "aks").await.unwrap_err();
    assert!(error.to_string().contains("check `resourceGroup`"), "{error}");
}

#[tokio::test]
async fn a_list_follows_its_links_verbatim_and_only_to_azure() {
    let server = Server::start().await;
    let link = format!("{}/page2?$skipToken=a%2Fb+c&sig={}", server.url(), "x".repeat(5000));
    let page = |link: &str| format!(r#"{{"value":[{SET}],"nextLink":"{link}"}}"#);
    server.plan([answer(200, &page(&link)), answer(200, &format!(r#"{{"value":[{SET}]}}"#))]);
    let sets = server.client().record_sets(&zone(), Some(RecordType::A)).await.unwrap();
    assert_eq!(sets.len(), 2);
    assert_eq!(server.asked()[1].path, link.replace(&server.url(), ""));

    server.plan([answer(200, &page("https://evil.test/page2"))]);
    let error = server.client().record_sets(&zone(), None).await.unwrap_err();
    assert_eq!(error.reason(), "Refused");
    assert!(error.to_string().contains("is not sent to evil.test"), "{error}");
}

#[tokio::test]
async fn an_endless_list_and_an_endless_answer_end() {
    let server = Server::start().await;
    let page = format!(r#"{{"value":[],"nextLink":"{}/again"}}"#, server.url());
    server.plan(std::iter::repeat_n(answer(200, &page), 200));
    let error = server.client().record_sets(&zone(), None).await.unwrap_err();
    assert_eq!(error.reason(), "Odd", "{error}");
    let server = Server::start().await;
    server.plan([answer(200, &" ".repeat(9 * 1024 * 1024))]);
    let error = server.client().zone(&zone()).await.unwrap_err();
    assert!(error.to_string().contains("larger than"), "{error}");
}

#[tokio::test]
async fn a_cancelled_call_ends_at_once_and_says_what_may_have_happened() {
    let server = Server::start().await;
    server.plan([Reply::Silence, Reply::Silence]);
    let cancel = CancellationToken::new();
    let client = server.client().cancelled_by(cancel.clone());
    let (began, zone) = (Instant::now(), zone());
    let (write, read, ()) = tokio::join!(put(&client, Condition::None), client.zone(&zone), async {
        while server.asked().len() < 2 {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
    });
    let (write, read) = (write.unwrap_err(), read.unwrap_err());
    assert_eq!((write.reason(), write.outcome_unknown()), ("Cancelled", true));
    assert_eq!((read.reason(), read.outcome_unknown()), ("Cancelled", false));
    assert!(began.elapsed() < crate::server::patience().attempt);
}

#[tokio::test]
async fn the_servers_clock_is_known_and_named_when_it_matters() {
    let server = Server::start().await;
    let client = server.client();
    assert_eq!(client.clock_skew(), None);
    server.plan([with(
        401,
        &[("date", "Tue, 29 Apr 2025 10:00:00 GMT")],
        r#"{"error":{"code":"ExpiredAuthenticationToken","message":"x"}}"#,
    )]);
    let error = client.zone(&zone()).await.unwrap_err();
    assert!(error.to_string().contains("ahead of Azure's"), "{error}");
    assert!(client.clock_skew().unwrap() < -1_000_000);
}

#[tokio::test]
async fn a_key_is_unwrapped_with_its_own_audience_and_never_shown() {
    let server = Server::start().await;
    server.plan([answer(200, r#"{"kid":"k","value":"c2VjcmV0"}"#), answer(200, r#"{"kid":"k"}"#)]);
    let client = server.client();
    let algorithm = teal_azure::vault::Algorithm::RsaOaep256;
    let secret = client.unwrap_key(&server.url(), "sops", "1", algorithm, b"wrapped").await.unwrap();
    assert_eq!(secret.expose(), b"secret");
    assert!(!format!("{secret:?}").contains("secret"));
    let asked = &server.asked()[0];
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/keys/sops/1/unwrapkey?api-version=7.4"));
    assert_eq!(asked.header("authorization"), Some("Bearer token-for-https://localhost/.default"));
    let error = client.unwrap_key(&server.url(), "sops", "1", algorithm, b"wrapped").await.unwrap_err();
    assert_eq!(error.reason(), "Odd");
    let stranger = client.unwrap_key("https://evil.test", "sops", "1", algorithm, b"wrapped").await.unwrap_err();
    assert_eq!(stranger.reason(), "Refused");
}
