//! An emulator and a client that trusts it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use azure_emulator::{Emulator, Options, Running};
use hickory_proto::op::{Message, Query};
use hickory_proto::rr::rdata::opt::EdnsOption;
use hickory_proto::rr::{Name, RecordType};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

pub(crate) const GROUP: &str = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg";
pub(crate) const ZONES: &str = "/providers/Microsoft.Network/dnsZones";
pub(crate) const PRIVATE: &str = "/providers/Microsoft.Network/privateDnsZones";

/// So long the slowest machine has for what happens in milliseconds.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct Kit {
    pub(crate) emulator: Running,
    client: Client,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(crate) fn etag(&self) -> String {
        self.body["etag"].as_str().unwrap_or_default().to_owned()
    }
}

impl Kit {
    pub(crate) async fn start() -> Self {
        Self::with(Options::default()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let emulator = Emulator::start(options).await.unwrap();
        let ca = reqwest::Certificate::from_pem(emulator.ca_pem.as_bytes()).unwrap();
        let client = Client::builder().tls_certs_only([ca]).timeout(PATIENCE).build().unwrap();
        Self { emulator, client }
    }

    /// Sends a call to a path below the resource manager, or to an absolute URL; `api-version` is added where it lacks.
    pub(crate) async fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> reqwest::Result<Answer> {
        let mut url = if path.starts_with("https://") { path.to_owned() } else { self.emulator.url() + path };
        if !url.contains("api-version=") && !url.contains("/_emulator/") {
            let low = url.to_lowercase();
            let version = match () {
                () if low.contains("privatednszones") => "2024-06-01",
                () if low.contains("microsoft.cdn") || low.contains("microsoft.containerservice") => "2025-06-01",
                () if low.contains("trafficmanager") || low.contains("gateways") || low.contains("frontdoors") => {
                    "2024-05-01"
                }
                () => "2018-05-01",
            };
            url += &format!("{}api-version={version}", if url.contains('?') { "&" } else { "?" });
        }
        let mut request = self.client.request(Method::from_bytes(method.as_bytes()).unwrap(), url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await?;
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Ok(Answer { status, headers, body })
    }

    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Answer {
        self.try_send(method, path, headers, body).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send("PUT", path, &[], Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], None).await
    }

    /// Changes knobs, which must be accepted.
    pub(crate) async fn settings(&self, patch: Value) {
        let answer = self.send("PATCH", "/_emulator/settings", &[], Some(patch)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    /// Adds a fault, which must be accepted.
    pub(crate) async fn fault(&self, rule: Value) {
        let answer = self.send("POST", "/_emulator/faults", &[], Some(rule)).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
    }

    /// Moves the clock on.
    pub(crate) async fn advance(&self, seconds: f64) {
        let answer = self.send("POST", "/_emulator/clock", &[], Some(json!({ "advanceSeconds": seconds }))).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    /// A public zone. Returns its path.
    pub(crate) async fn zone(&self, name: &str) -> String {
        let path = format!("{GROUP}{ZONES}/{name}");
        let answer = self.put(&path, json!({"location": "global"})).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        path
    }

    /// A private zone. Returns its path.
    pub(crate) async fn private_zone(&self, name: &str) -> String {
        let path = format!("{GROUP}{PRIVATE}/{name}");
        let answer = self.put(&path, json!({"location": "global"})).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        path
    }

    /// An address set of a public zone.
    pub(crate) async fn address(&self, zone: &str, name: &str, addresses: &[&str]) -> Answer {
        let records: Vec<Value> = addresses.iter().map(|one| json!({ "ipv4Address": one })).collect();
        self.put(&format!("{zone}/A/{name}"), json!({"properties": {"TTL": 60, "ARecords": records}})).await
    }

    /// Asks a question; the answer's records as text, their order kept.
    pub(crate) async fn ask(&self, name: &str, kind: RecordType) -> Vec<String> {
        texts(&query(self.emulator.dns, name, kind, false, None).await.unwrap())
    }
}

/// Looks again and again until it sees what is expected: background work has no end that could be awaited from outside.
pub(crate) async fn eventually<T, U>(mut look: impl AsyncFnMut() -> T, expected: U)
where
    T: PartialEq<U> + std::fmt::Debug,
    U: std::fmt::Debug,
{
    let started = Instant::now();
    loop {
        let seen = look().await;
        if seen == expected {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "it is still {seen:?}, not {expected:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(crate) fn texts(message: &Message) -> Vec<String> {
    message.answers.iter().map(|record| format!("{} {} {}", record.ttl, record.record_type(), record.data)).collect()
}

/// One message to a server and one back.
pub(crate) async fn query(
    server: SocketAddr,
    name: &str,
    kind: RecordType,
    tcp: bool,
    payload: Option<u16>,
) -> Option<Message> {
    query_within(PATIENCE, server, name, kind, tcp, payload).await
}

/// The same; `None` when the server says nothing for so long.
pub(crate) async fn query_within(
    time: Duration,
    server: SocketAddr,
    name: &str,
    kind: RecordType,
    tcp: bool,
    payload: Option<u16>,
) -> Option<Message> {
    let mut message = Message::query();
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    if let Some(payload) = payload {
        let mut edns = hickory_proto::op::Edns::new();
        edns.set_max_payload(payload);
        message.set_edns(edns);
    }
    exchange(time, server, &message, tcp).await
}

/// A question that a resolver asks for somebody in a subnet.
pub(crate) async fn query_for(server: SocketAddr, name: &str, subnet: &str) -> Message {
    let mut message = Message::query();
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), RecordType::A));
    let mut edns = hickory_proto::op::Edns::new();
    edns.options_mut().insert(EdnsOption::Subnet(subnet.parse().unwrap()));
    message.set_edns(edns);
    exchange(PATIENCE, server, &message, false).await.unwrap()
}

async fn exchange(time: Duration, server: SocketAddr, message: &Message, tcp: bool) -> Option<Message> {
    let bytes = message.to_vec().unwrap();
    let answer = tokio::time::timeout(time, async {
        if tcp {
            let mut stream = TcpStream::connect(server).await.unwrap();
            stream.write_all(&u16::try_from(bytes.len()).unwrap().to_be_bytes()).await.unwrap();
            stream.write_all(&bytes).await.unwrap();
            let mut answer = vec![0; usize::from(stream.read_u16().await.unwrap())];
            stream.read_exact(&mut answer).await.unwrap();
            answer
        } else {
            let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            socket.send_to(&bytes, server).await.unwrap();
            let mut buffer = vec![0; 65_535];
            let length = socket.recv(&mut buffer).await.unwrap();
            buffer.truncate(length);
            buffer
        }
    });
    let answer = Message::from_vec(&answer.await.ok()?).unwrap();
    assert_eq!(answer.metadata.id, message.metadata.id);
    Some(answer)
}
