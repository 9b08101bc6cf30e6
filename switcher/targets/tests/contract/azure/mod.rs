//! Azure's targets against the emulator, in this process, with the faults it can be told.

use std::collections::BTreeMap;
use std::time::Duration;

use azure_emulator::{Emulator, Options as EmulatorOptions, Running};
use serde_json::{Value, json};
use teal_api::switch::{Destination, Provider};
use teal_azure::credential::Hidden;
use teal_azure::retry::RetryPolicy;
use teal_azure::{Client, Cloud, Credential, Method, Needs, Request, ResourceId, Settings};
use teal_targets::{Access, Options, Target};

pub(crate) const SUBSCRIPTION: &str = "11111111-1111-1111-1111-111111111111";
pub(crate) const GROUP: &str = "rg";
pub(crate) const TENANT: &str = "22222222-2222-2222-2222-222222222222";
/// The identity that targets run with.
pub(crate) const SWITCHER: &str = "33333333-3333-3333-3333-333333333333";
/// A person with a portal.
const PERSON: &str = "44444444-4444-4444-4444-444444444444";

/// Longer than any pause of a busy machine: who waits for an answer that comes has it, and nothing is asked twice for it.
pub(crate) fn patience() -> RetryPolicy {
    RetryPolicy {
        attempts: 3,
        first_wait: Duration::from_millis(5),
        longest_wait: Duration::from_secs(2),
        attempt: Duration::from_secs(60),
        deadline: Duration::from_secs(120),
    }
}

/// Short enough for tests that wait for it to pass; reads have many attempts.
fn haste() -> RetryPolicy {
    RetryPolicy { attempts: 10, attempt: Duration::from_millis(1500), ..patience() }
}

/// An Azure of this test's own.
pub(crate) struct Azure {
    pub(crate) emulator: Running,
    person: Client,
    admin: reqwest::Client,
}

impl Azure {
    pub(crate) async fn start() -> Self {
        Self::with(EmulatorOptions::default()).await
    }

    pub(crate) async fn with(options: EmulatorOptions) -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let emulator = Emulator::start(options).await.unwrap();
        let person = Client::new(settings(&emulator, PERSON)).unwrap();
        let root = reqwest::Certificate::from_pem(emulator.ca_pem.as_bytes()).unwrap();
        let admin = reqwest::Client::builder().tls_certs_only([root]).build().unwrap();
        Self { emulator, person, admin }
    }

    /// A client as the switcher has it.
    pub(crate) fn client(&self) -> Client {
        Client::new(settings(&self.emulator, SWITCHER)).unwrap()
    }

    /// The same with another way to sign in.
    pub(crate) fn access_as(&self, credential: Credential) -> Access {
        let settings = settings_as(&self.emulator, credential);
        Access { secret: None, azure: Some(Client::new(settings).unwrap()) }
    }

    pub(crate) fn access(&self) -> Access {
        Access { secret: None, azure: Some(self.client()) }
    }

    pub(crate) fn target(&self, provider: &Provider, to: &BTreeMap<String, Destination>) -> Target {
        Target::new(provider, to, &self.access(), options()).unwrap()
    }

    /// The same, which gives up soon: for an answer that never comes.
    pub(crate) fn hasty(&self, provider: &Provider, to: &BTreeMap<String, Destination>) -> Target {
        let settings = settings(&self.emulator, SWITCHER).patient(haste());
        let access = Access { secret: None, azure: Some(Client::new(settings).unwrap()) };
        Target::new(provider, to, &access, options()).unwrap()
    }

    /// A request of a person, whom no fault concerns that is told for the switcher alone.
    pub(crate) async fn by_hand(&self, method: Method, id: &str, version: &'static str, body: Option<Value>) -> Value {
        let id: ResourceId = id.parse().unwrap();
        let needs = Needs { role: "Owner", scope: id.to_string() };
        let request = Request::get("dns", &id, version, needs).write(method, body, format!("by hand {id}"));
        self.person.send(&request).await.unwrap().body
    }

    /// Asks for an action on a resource, as a person.
    pub(crate) async fn act(&self, id: &str, verb: &str, version: &'static str) {
        let id: ResourceId = id.parse().unwrap();
        let needs = Needs { role: "Owner", scope: id.to_string() };
        let request = Request::get("dns", &id, version, needs).at(&[verb]).write(Method::Post, None, verb);
        self.person.send(&request).await.unwrap();
    }

    pub(crate) async fn read(&self, id: &str, version: &'static str) -> Value {
        self.by_hand(Method::Get, id, version, None).await
    }

    pub(crate) async fn put(&self, id: &str, version: &'static str, body: Value) -> Value {
        self.by_hand(Method::Put, id, version, Some(body)).await
    }

    /// One rule of what shall go wrong.
    pub(crate) async fn fault(&self, rule: Value) {
        self.tell("POST", "faults", rule).await;
    }

    /// Lets calls arrive that a fault of kind `late` holds; returns the status that each is answered with.
    pub(crate) async fn late_calls_arrive(&self) -> Vec<u64> {
        let answer = self.admin.post(format!("{}/_emulator/late", self.emulator.url())).send().await.unwrap();
        let value: Value = answer.json().await.unwrap();
        value["value"].as_array().unwrap().iter().map(|call| call["status"].as_u64().unwrap()).collect()
    }

    pub(crate) async fn no_faults(&self) {
        self.tell("DELETE", "faults", Value::Null).await;
    }

    pub(crate) async fn settings(&self, patch: Value) {
        self.tell("PATCH", "settings", patch).await;
    }

    /// Moves the emulator's clock on.
    pub(crate) async fn advance(&self, seconds: u32) {
        self.tell("POST", "clock", json!({"advanceSeconds": seconds})).await;
    }

    /// How many calls of a method and a type have been made.
    pub(crate) async fn asked(&self, method: &str, kind: &str) -> usize {
        self.calls(method, kind).await.len()
    }

    /// The calls of a method and a type, oldest first, as the emulator's log has them.
    pub(crate) async fn calls(&self, method: &str, kind: &str) -> Vec<Value> {
        let url = format!("{}/_emulator/requests", self.emulator.url());
        let answer = self.admin.get(url).query(&[("method", method), ("type", kind)]).send().await.unwrap();
        let value: Value = answer.json().await.unwrap();
        value["value"].as_array().unwrap().clone()
    }

    /// How often rules have struck.
    pub(crate) async fn struck(&self) -> u64 {
        let answer = self.admin.get(format!("{}/_emulator/faults", self.emulator.url())).send().await.unwrap();
        let value: Value = answer.json().await.unwrap();
        value["value"].as_array().unwrap().iter().map(|rule| rule["struck"].as_u64().unwrap()).sum()
    }

    /// The switcher may only do what these roles let it.
    pub(crate) async fn only(&self, roles: &[(&str, String)]) {
        let role = |(role, scope): &(&str, String)| json!({"principal": SWITCHER, "role": role, "scope": scope});
        self.only_assigned(roles.iter().map(role).collect()).await;
    }

    /// The same by whole assignments, as the emulator takes them.
    pub(crate) async fn only_assigned(&self, mut assignments: Vec<Value>) {
        assignments.push(json!({"principal": PERSON, "role": "Owner", "scope": "/"}));
        let clients = [SWITCHER, PERSON].map(|id| json!({"tenant": TENANT, "id": id, "secret": "s"}));
        let tenants = json!([{"id": TENANT, "subscriptions": [SUBSCRIPTION]}]);
        let access = json!({"strict": true, "tenants": tenants, "clients": clients, "assignments": assignments});
        self.tell("PUT", "access", access).await;
    }

    async fn tell(&self, method: &str, path: &str, body: Value) {
        let url = format!("{}/_emulator/{path}", self.emulator.url());
        let request = self.admin.request(method.parse().unwrap(), url);
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer = request.send().await.unwrap();
        let status = answer.status();
        assert!(status.is_success(), "{status}: {}", answer.text().await.unwrap());
    }
}

pub(crate) fn options() -> Options {
    Options { timeout: Duration::from_secs(60), relearn: Duration::ZERO, ..Options::default() }
}

fn settings(emulator: &Running, who: &str) -> Settings {
    let credential =
        Credential::ClientSecret { tenant: TENANT.into(), client: who.to_owned(), secret: Hidden::new("s") };
    settings_as(emulator, credential)
}

fn settings_as(emulator: &Running, credential: Credential) -> Settings {
    let url = format!("https://localhost:{}", emulator.arm.port());
    let cloud = Cloud::custom(&url, &url, None, "localhost").unwrap();
    Settings::new(cloud, credential).trusting(emulator.ca_pem.clone()).patient(patience())
}

/// A resource's id in the test's group.
pub(crate) fn id(path: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/{path}")
}
