//! A chart repository over HTTP.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;

use super::{Answer, Web, sha256};

/// Charts by `name-version`.
type Charts = BTreeMap<(String, String), Vec<u8>>;

/// A repository with an index and archives. Dropping it stops it.
pub struct Repository {
    web: Web,
    charts: Arc<Mutex<Charts>>,
}

impl Repository {
    /// Starts an empty one. Addresses in its index are relative.
    ///
    /// # Errors
    /// When there is no port.
    pub fn start() -> Result<Self> {
        let charts = Arc::new(Mutex::new(Charts::new()));
        let served = Arc::clone(&charts);
        let web = Web::start(move |asked| {
            let charts = served.lock().unwrap_or_else(PoisonError::into_inner);
            if asked.path == "/charts/index.yaml" {
                return Answer::ok(index(&charts));
            }
            let found =
                charts.iter().find(|((name, version), _)| asked.path == format!("/charts/{name}-{version}.tgz"));
            found.map_or_else(|| Answer::status(404), |(_, packed)| Answer::ok(packed.clone()))
        })?;
        Ok(Self { web, charts })
    }

    /// Puts a chart; one of the same version is replaced.
    pub fn put(&self, name: &str, version: &str, packed: Vec<u8>) {
        self.charts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert((name.to_owned(), version.to_owned()), packed);
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}/charts", self.web.url())
    }

    /// The server underneath.
    #[must_use]
    pub fn web(&self) -> &Web {
        &self.web
    }
}

fn index(charts: &Charts) -> String {
    let mut text = String::from("apiVersion: v1\nentries:\n");
    let mut last = "";
    for ((name, version), packed) in charts {
        if name != last {
            text.push_str(&format!("  {name}:\n"));
        }
        last = name;
        let digest = sha256(packed);
        let digest = digest.trim_start_matches("sha256:");
        text.push_str(&format!(
            "  - name: {name}\n    version: {version}\n    digest: {digest}\n    urls:\n    - {name}-{version}.tgz\n"
        ));
    }
    text
}
