//! A TLS server with its own authority. Every connection is one request; answers come from a script.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::time::OffsetDateTime;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use teal_azure::retry::RetryPolicy;
use teal_azure::watch::{Attempt, Budget};
use teal_azure::{Client, Cloud, Credential, Settings, Watch};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// With the query.
    pub(crate) path: String,
    /// Lower-case names.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What to do with a request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// Status, headers, body.
    Answer(u16, Vec<(String, String)>, String),
    /// The request is read, then the connection ends.
    HangUp,
    /// The answer breaks off in its body.
    BreakOff,
    /// Nothing, for ever.
    Silence,
}

pub(crate) fn answer(status: u16, body: &str) -> Reply {
    Reply::Answer(status, Vec::new(), body.to_owned())
}

pub(crate) fn with(status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Reply::Answer(status, headers, body.to_owned())
}

/// The server. Ends with the test.
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) ca: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    script: Arc<Mutex<VecDeque<Reply>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(crate) async fn start() -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = rustls::ServerConfig::builder().with_no_client_auth();
        let config = config.with_single_cert(vec![certificate.der().clone()], der).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (asked, script) = (Arc::<Mutex<Vec<Asked>>>::default(), Arc::<Mutex<VecDeque<Reply>>>::default());
        let (heard, plan) = (asked.clone(), script.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, heard, plan) = (acceptor.clone(), heard.clone(), plan.clone());
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    serve(&mut stream, &heard, &plan).await;
                });
            }
        });
        Self { port, ca: certificate.pem(), asked, script, task }
    }

    pub(crate) fn plan(&self, replies: impl IntoIterator<Item = Reply>) {
        self.script.lock().unwrap().extend(replies);
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    pub(crate) fn cloud(&self) -> Cloud {
        Cloud::custom(&self.url(), &self.url(), None, "localhost").unwrap()
    }

    pub(crate) fn settings(&self, credential: Credential) -> Settings {
        Settings::new(self.cloud(), credential).trusting(self.ca.clone()).patient(patience())
    }

    /// A client whose tokens need no request.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.settings(Credential::Other(Arc::new(Fixed)))).unwrap()
    }

    /// The same, which gives up soon: for an answer that never comes.
    pub(crate) fn hasty_client(&self) -> Client {
        let haste = RetryPolicy { attempt: Duration::from_millis(1500), ..patience() };
        Client::new(self.settings(Credential::Other(Arc::new(Fixed))).patient(haste)).unwrap()
    }

    pub(crate) fn watched(&self) -> (Client, Arc<Notes>) {
        let notes = Arc::<Notes>::default();
        let settings = self.settings(Credential::Other(Arc::new(Fixed))).watched(notes.clone());
        (Client::new(settings).unwrap(), notes)
    }
}

/// Longer than any pause of a busy machine: who waits for an answer that comes has it, and nothing is asked twice for it.
pub(crate) fn patience() -> RetryPolicy {
    RetryPolicy {
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_secs(2),
        attempt: Duration::from_secs(60),
        deadline: Duration::from_secs(240),
        ..RetryPolicy::default()
    }
}

async fn serve(
    stream: &mut (impl AsyncReadExt + AsyncWriteExt + Unpin),
    heard: &Mutex<Vec<Asked>>,
    plan: &Mutex<VecDeque<Reply>>,
) {
    let Some(asked) = receive(stream).await else { return };
    heard.lock().unwrap().push(asked);
    let reply = plan.lock().unwrap().pop_front().unwrap_or_else(|| answer(500, "the script is at its end"));
    let (status, headers, body, length) = match reply {
        Reply::HangUp => return,
        Reply::Silence => return std::future::pending().await,
        Reply::BreakOff => (200, Vec::new(), "{\"a\":".to_owned(), 100),
        Reply::Answer(status, headers, body) => {
            let length = body.len();
            (status, headers, body, length)
        }
    };
    let mut text = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{text}\r\n{body}").as_bytes()).await.ok();
    stream.shutdown().await.ok();
}

async fn receive(stream: &mut (impl AsyncReadExt + Unpin)) -> Option<Asked> {
    let mut bytes = Vec::new();
    let head = loop {
        let mut chunk = [0; 4096];
        let read = stream.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&chunk[..read]);
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let mut lines = text.lines();
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    let length: usize = length.unwrap_or(0);
    while bytes.len() < head + length {
        let mut chunk = [0; 4096];
        let read = stream.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&chunk[..read]);
    }
    Some(Asked { method, path, headers, body: String::from_utf8_lossy(&bytes[head..]).into_owned() })
}

/// A credential that has its token.
#[derive(Debug)]
pub(crate) struct Fixed;

#[async_trait::async_trait]
impl TokenCredential for Fixed {
    async fn get_token(&self, scopes: &[&str], _: Option<TokenRequestOptions<'_>>) -> azure_core::Result<AccessToken> {
        let expires = OffsetDateTime::from_unix_timestamp(4_000_000_000).unwrap();
        Ok(AccessToken::new(format!("token-for-{}", scopes[0]), expires))
    }
}

/// What a client told its watch.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) attempts: Mutex<Vec<Attempt>>,
    pub(crate) waits: Mutex<Vec<(&'static str, Duration)>>,
    pub(crate) budgets: Mutex<Vec<(String, i64)>>,
}

impl Watch for Notes {
    fn attempted(&self, attempt: &Attempt) {
        self.attempts.lock().unwrap().push(attempt.clone());
    }

    fn waits(&self, _: &'static str, why: &'static str, wait: Duration) {
        self.waits.lock().unwrap().push((why, wait));
    }

    fn remaining(&self, budget: &Budget<'_>, left: i64) {
        let words = [budget.name, budget.subscription.unwrap_or("-"), budget.identity];
        self.budgets.lock().unwrap().push((words.join(" "), left));
    }
}
