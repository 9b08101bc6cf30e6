//! Logs are data: one line an event, past-tense facts with values in fields.

use std::str::FromStr;

use tracing_subscriber::EnvFilter;

/// The client logs every failed request by itself; we report an error once, at the edge.
const DEFAULT_FILTER: &str = "info,kube_client=off,kube_runtime=off,tower=off";

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// JSON, one object a line; the default in a cluster.
    #[default]
    Json,
    /// For people at a terminal.
    Text,
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            other => Err(format!("log format {other:?} is unknown; use json or text")),
        }
    }
}

/// Starts logging to standard error at `RUST_LOG`, or at `info` when unset; a second call changes nothing.
pub fn init_log(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Already initialised (tests run several daemons in one process) is no error.
    match format {
        LogFormat::Json => builder.json().flatten_event(true).try_init().ok(),
        LogFormat::Text => builder.with_target(false).try_init().ok(),
    };
}
