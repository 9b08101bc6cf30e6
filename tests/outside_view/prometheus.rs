//! A real Prometheus from Debian that scrapes servers of this process.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use teal_testkit::control_plane::Port;
use teal_testkit::processes::Process;
use tempfile::TempDir;

use super::{eventually, skip, workspace};

/// A running Prometheus; ends when dropped.
pub(super) struct Prometheus {
    url: String,
    client: reqwest::Client,
    process: Process,
    _port: Port,
    _home: TempDir,
}

impl Prometheus {
    /// Where Debian puts it; without it the test is skipped, or fails where nothing may be.
    pub(super) fn or_skip(test: &str) -> Result<Option<PathBuf>> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&path).map(|dir| dir.join("prometheus")).find(|file| file.is_file());
        if found.is_none() {
            skip(test, "prometheus", "Debian: prometheus")?;
        }
        Ok(found)
    }

    /// Starts it with our alerts, scraping these jobs and instances four times a second, and waits until `up` of them are.
    pub(super) async fn start(program: PathBuf, scraped: &[(&str, &str, SocketAddr)], up: usize) -> Result<Self> {
        let home = TempDir::new()?;
        let target = |&(job, instance, address): &(&str, &str, SocketAddr)| {
            json!({"job_name": format!("{job} {instance}"), "static_configs": [
                {"targets": [address.to_string()], "labels": {"job": job, "instance": instance}}]})
        };
        let config = json!({
            "global": {"scrape_interval": "250ms", "scrape_timeout": "250ms", "evaluation_interval": "1s"},
            "rule_files": [workspace("charts/teal/alerts.yaml").canonicalize()?],
            "scrape_configs": scraped.iter().map(target).collect::<Vec<_>>(),
        });
        let file = home.path().join("prometheus.yml");
        std::fs::write(&file, config.to_string())?;
        // It takes no port 0.
        let port = Port::reserve()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.number()));
        let mut command = Command::new(program);
        command
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", home.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"));
        let process = Process::spawn("prometheus", command, &home.path().join("log"))?;
        let client = reqwest::Client::new();
        let url = format!("http://{address}/api/v1");
        let mut started = Self { url, client, process, _port: port, _home: home };
        eventually("Prometheus scrapes its targets", async || {
            started.process.still_running()?;
            let found = started.query("up == 1").await?.len();
            ensure!(found == up, "{found} of {up} targets are up");
            Ok(())
        })
        .await?;
        Ok(started)
    }

    /// Values of an instant query now.
    pub(super) async fn query(&self, query: &str) -> Result<Vec<f64>> {
        let data = self.ask("query", &[("query", query)]).await?;
        let series = data["result"].as_array().context("a vector")?;
        Ok(series.iter().filter_map(|one| value(&one["value"])).collect())
    }

    /// Every value of a query over the last `seconds`, a point a second.
    pub(super) async fn query_range(&self, query: &str, seconds: i64) -> Result<Vec<f64>> {
        let now = jiff::Timestamp::now().as_second();
        let (start, end) = ((now - seconds).to_string(), now.to_string());
        let data =
            self.ask("query_range", &[("query", query), ("start", &start), ("end", &end), ("step", "1")]).await?;
        let series = data["result"].as_array().context("a matrix")?;
        let points = series.iter().flat_map(|one| one["values"].as_array().into_iter().flatten());
        Ok(points.filter_map(value).collect())
    }

    /// What `label_values(selector, label)` of a dashboard's variable would find.
    pub(super) async fn label_values(&self, selector: &str, label: &str) -> Result<Vec<String>> {
        let data = self.ask(&format!("label/{label}/values"), &[("match[]", selector)]).await?;
        Ok(data.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// Our alerts: name, health, state.
    pub(super) async fn alerts(&self) -> Result<Vec<(String, String, String)>> {
        let data = self.ask("rules", &[]).await?;
        let groups = data["groups"].as_array().into_iter().flatten();
        let rules = groups.flat_map(|group| group["rules"].as_array().into_iter().flatten());
        let text = |rule: &Value, key: &str| rule[key].as_str().unwrap_or_default().to_owned();
        Ok(rules.map(|rule| (text(rule, "name"), text(rule, "health"), text(rule, "state"))).collect())
    }

    async fn ask(&self, what: &str, parameters: &[(&str, &str)]) -> Result<Value> {
        let mut url = reqwest::Url::parse(&format!("{}/{what}", self.url))?;
        url.query_pairs_mut().extend_pairs(parameters);
        let answer: Value = self.client.get(url).send().await?.json().await?;
        match answer["status"].as_str() {
            Some("success") => Ok(answer["data"].clone()),
            _ => bail!("{what} {parameters:?}: {answer}"),
        }
    }
}

/// The number of a `[time, "value"]`; nothing when it is not a number.
fn value(point: &Value) -> Option<f64> {
    let value: f64 = point.get(1)?.as_str()?.parse().ok()?;
    (!value.is_nan()).then_some(value)
}
