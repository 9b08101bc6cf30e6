//! Secrets and names of a declaration, checked before the first request.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hickory_proto::rr::Name;
use teal_api::switch::Rfc2136;

/// Secret bytes; never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// From the bytes themselves.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// From base64, as `tsig-keygen` and a Kubernetes Secret's text have it; white space round it does not matter.
    ///
    /// # Errors
    /// When it is not base64; the text is not repeated in the error.
    pub fn from_base64(text: &str) -> Result<Self, ConfigMistake> {
        STANDARD.decode(text.trim()).map(Self).map_err(|_| ConfigMistake::SecretNotBase64)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Wall-clock seconds since 1970, for signatures.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// What is not in the declaration.
#[derive(Clone)]
pub struct Options {
    /// Longest wait for one exchange, connecting included; default 2 s.
    pub timeout: Duration,
    /// Clock for signatures; the system's by default.
    pub clock: Clock,
    /// Least time between two looks at what an alias follows; default 15 s.
    pub relearn: Duration,
}

impl Default for Options {
    fn default() -> Self {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self { timeout: Duration::from_secs(2), clock: Arc::new(now), relearn: Duration::from_secs(15) }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

/// One thing wrong with a declared target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigMistake {
    /// A destination that the provider can't point to.
    #[error("{color}: `{kind}` points to {wanted}, not to {found}")]
    Destination {
        /// As declared.
        kind: &'static str,
        /// Whose.
        color: String,
        /// What the provider points to.
        wanted: &'static str,
        /// As declared.
        found: String,
    },
    /// A part of a resource's place.
    #[error("`{kind}`: {why}")]
    Place {
        /// As declared.
        kind: &'static str,
        /// What would be right.
        why: String,
    },
    /// No identity to act with.
    #[error(
        "`{kind}` needs an Azure identity: give this process one, such as workload identity by its service account"
    )]
    NoAzure {
        /// As declared.
        kind: &'static str,
    },
    /// No secret to sign with.
    #[error("`{kind}` needs the Secret that its `tsig` names")]
    NoSecret {
        /// As declared.
        kind: &'static str,
    },
    /// Not a zone's name.
    #[error("zone `{zone}`: {why}")]
    Zone {
        /// As declared.
        zone: String,
        /// What would be right.
        why: String,
    },
    /// Not a record's name.
    #[error("record `{record}`: {why}")]
    Record {
        /// As declared.
        record: String,
        /// What would be right.
        why: String,
    },
    /// Not a server's address.
    #[error("server `{server}`: write `host:port` or `host`")]
    Server {
        /// As declared.
        server: String,
    },
    /// Not a key's name.
    #[error("tsig name `{name}`: {why}")]
    KeyName {
        /// As declared.
        name: String,
        /// What would be right.
        why: String,
    },
    /// The secret's text is not base64.
    #[error("the TSIG secret is not base64")]
    SecretNotBase64,
    /// The secret is too short to protect anything.
    #[error("the TSIG secret has {bytes} bytes; use at least 16 (`tsig-keygen` makes a good one)")]
    SecretTooShort {
        /// Its length.
        bytes: usize,
    },
}

/// What a target is reached with.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// The TSIG secret, for RFC 2136.
    pub secret: Option<Secret>,
    /// Azure, for everything there. One a process.
    pub azure: Option<teal_azure::Client>,
}

/// All that is wrong with a declared target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigMistakes(pub Vec<ConfigMistake>);

impl fmt::Display for ConfigMistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&all.join("; "))
    }
}

impl std::error::Error for ConfigMistakes {}

/// Least length of a key: half of the shortest digest, below which guessing is easier than breaking the HMAC.
const LEAST_SECRET: usize = 16;

/// The names a target works with, all fully qualified.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    pub(crate) zone: Name,
    pub(crate) record: Name,
    pub(crate) ledger: Name,
    pub(crate) key: Name,
}

impl Names {
    /// Checks everything and tells all mistakes at once.
    pub(crate) fn check(declared: &Rfc2136, secret: &Secret) -> Result<Self, ConfigMistakes> {
        let mut mistakes = Vec::new();
        let zone = labels(&declared.zone)
            .map_err(|why| mistakes.push(ConfigMistake::Zone { zone: declared.zone.clone(), why }))
            .ok();
        let record = zone.as_ref().and_then(|zone| {
            inside(&declared.record, zone)
                .map_err(|why| mistakes.push(ConfigMistake::Record { record: declared.record.clone(), why }))
                .ok()
        });
        let ledger = record.as_ref().and_then(|record| {
            let why = |_| mistakes.push(long(&declared.record));
            Name::from_ascii(format!("_teal.{}", record.to_ascii())).map_err(why).ok()
        });
        let key = labels(&declared.tsig.name)
            .map_err(|why| mistakes.push(ConfigMistake::KeyName { name: declared.tsig.name.clone(), why }))
            .ok();
        for server in std::iter::once(&declared.server).chain(&declared.secondaries) {
            if crate::wire::host_and_port(server).is_none() {
                mistakes.push(ConfigMistake::Server { server: server.clone() });
            }
        }
        if secret.bytes().len() < LEAST_SECRET {
            mistakes.push(ConfigMistake::SecretTooShort { bytes: secret.bytes().len() });
        }
        match (zone, record, ledger, key) {
            (Some(zone), Some(record), Some(ledger), Some(key)) if mistakes.is_empty() => {
                Ok(Self { zone, record, ledger, key })
            }
            _ => Err(ConfigMistakes(mistakes)),
        }
    }
}

fn long(record: &str) -> ConfigMistake {
    ConfigMistake::Record {
        record: record.to_owned(),
        why: "too long for `_teal.` before it (RFC 1035: 255 bytes)".into(),
    }
}

/// The record's name inside the zone; `@` is the zone itself.
fn inside(record: &str, zone: &Name) -> Result<Name, String> {
    if record == "@" {
        return Ok(zone.clone());
    }
    let zone_text = zone.to_ascii();
    let relative = format!(".{}", zone_text.trim_end_matches('.'));
    if let Some(short) = record.trim_end_matches('.').strip_suffix(&relative) {
        return Err(format!("write it relative to the zone: `{short}`"));
    }
    if record.ends_with('.') {
        return Err(format!("write it relative to the zone {zone_text}, without a dot at the end"));
    }
    labels(record)?;
    labels(&format!("{record}.{zone_text}"))
}

/// A fully qualified name of letters, digits, `-` and `_`.
fn labels(text: &str) -> Result<Name, String> {
    let bare = text.strip_suffix('.').unwrap_or(text);
    if bare.is_empty() {
        return Err("is empty".to_owned());
    }
    for label in bare.split('.') {
        if label.is_empty() || label.len() > 63 {
            return Err(format!("the label `{label}` has {} characters; 1 to 63 are allowed", label.len()));
        }
        if let Some(odd) = label.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))) {
            return Err(format!("`{odd}` is not allowed; use letters, digits, `-` and `_`"));
        }
    }
    Name::from_ascii(format!("{bare}.")).map_err(|error| error.to_string())
}
