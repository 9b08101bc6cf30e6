//! The resource manager, as a person with `az rest` would use it.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use azure_emulator::Running;
use reqwest::{Client, Method};
use serde_json::Value;

/// Longest wait for an operation of the emulator.
const LIMIT: Duration = Duration::from_secs(300);

/// Subscription of the demo.
pub(super) const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000c05";
/// Its one resource group.
pub(super) const GROUP: &str = "contoso";

/// A client of the emulator's resource manager.
pub(super) struct Arm {
    client: Client,
    url: String,
}

impl Arm {
    pub(super) fn of(emulator: &Running) -> Result<Self> {
        let ca = reqwest::Certificate::from_pem(emulator.ca_pem.as_bytes()).context("the emulator's CA")?;
        let client = Client::builder().no_proxy().tls_certs_only([ca]).build().context("a client for ARM")?;
        Ok(Self { client, url: emulator.url() })
    }

    /// Puts a resource and waits until its operation has ended.
    pub(super) async fn put(&self, path: &str, version: &str, body: Value) -> Result<Value> {
        let id = id(path);
        let answer = self.send(Method::PUT, &format!("{id}?api-version={version}"), Some(body)).await?;
        let deadline = tokio::time::Instant::now() + LIMIT;
        loop {
            let now = self.send(Method::GET, &format!("{id}?api-version={version}"), None).await?;
            match now.pointer("/properties/provisioningState").and_then(Value::as_str) {
                None | Some("Succeeded") => return Ok(now),
                Some("Failed") => bail!("{path} failed: {answer}"),
                Some(state) if tokio::time::Instant::now() > deadline => bail!("{path} is still {state}"),
                // ARM has nothing to wait on but asking again.
                Some(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// A resource; nothing when it is not there.
    pub(super) async fn get(&self, path: &str, version: &str) -> Result<Option<Value>> {
        let path = format!("{}{}?api-version={version}", self.url, id(path));
        let response =
            self.client.get(&path).bearer_auth("demo").send().await.with_context(|| format!("GET {path}"))?;
        if response.status() == reqwest::StatusCode::NOT_FOUND {
            return Ok(None);
        }
        Ok(Some(response.error_for_status()?.json().await?))
    }

    /// Deletes a resource and waits until it is gone.
    pub(super) async fn delete(&self, path: &str, version: &str) -> Result<()> {
        self.send(Method::DELETE, &format!("{}?api-version={version}", id(path)), None).await?;
        let deadline = tokio::time::Instant::now() + LIMIT;
        while self.get(path, version).await?.is_some() {
            ensure!(tokio::time::Instant::now() < deadline, "{path} does not go");
            // ARM has nothing to wait on but asking again.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// Calls the emulator's own administration.
    pub(super) async fn admin(&self, method: Method, path: &str, body: Value) -> Result<()> {
        self.send(method, &format!("/_emulator/{path}"), Some(body)).await.map(drop)
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.url)).bearer_auth("demo");
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.with_context(|| format!("{method} {path}"))?;
        let (status, text) = (response.status(), response.text().await?);
        if !status.is_success() {
            bail!("{method} {path} was refused with {status}: {text}");
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}

/// The id of a resource of the demo's group, from its provider on.
pub(super) fn id(path: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/{path}")
}
