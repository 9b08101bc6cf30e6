//! What the names stand on: a name server of our own (BIND), or Azure. The story is the same on both.

mod arm;
mod azure;
mod bind;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::ValueEnum;
use teal_switcher::SwitcherConfig;
use teal_testkit::http::{FrontDoor, Load, LoadClient};

use crate::screen::Screen;

pub(crate) use azure::Azure;
pub(crate) use bind::Bind;

/// TTL while nothing moves, in seconds; short, so that the demo need not wait five minutes for caches to forget.
pub(crate) const STEADY_TTL: u32 = 5;
/// TTL while a move is under way, in seconds.
pub(crate) const MOVING_TTL: u32 = 1;

/// Where the demo runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum On {
    /// Azure's topology, on an emulator in this process.
    Azure,
    /// One record on BIND, or on a name server of our own where `named` is not installed.
    Bind,
}

/// The ground, started.
pub(crate) enum Ground {
    /// A record changed by signed updates.
    Bind(Box<Bind>),
    /// Front Door, public and private zones, AKS.
    Azure(Box<Azure>),
}

impl Ground {
    /// Starts it with the record on blue.
    pub(crate) async fn start(on: On, screen: Screen, doors: &[FrontDoor], faster: u32) -> Result<Self> {
        let [blue, green] = doors else { anyhow::bail!("two front doors") };
        match on {
            On::Bind => Bind::start(screen, blue).await.map(|bind| Self::Bind(Box::new(bind))),
            On::Azure => Azure::start(screen, blue, green, faster).await.map(|azure| Self::Azure(Box::new(azure))),
        }
    }

    /// The name whose record moves; what the colors' probes send as `Host`.
    pub(crate) fn host(&self) -> String {
        match self {
            Self::Bind(bind) => bind.host(),
            Self::Azure(_) => azure::cluster_host(),
        }
    }

    /// `targets:` and whatever else of `switch.yaml` speaks of this ground, below `spec`.
    pub(crate) fn spec(&self, doors: &[FrontDoor]) -> String {
        match self {
            Self::Bind(bind) => bind.spec(doors),
            Self::Azure(azure) => azure.spec(doors),
        }
    }

    /// Gates that only this ground can pass.
    pub(crate) fn gates(&self) -> String {
        match self {
            Self::Bind(_) => String::new(),
            Self::Azure(azure) => azure.gates(),
        }
    }

    /// `cluster:` of a color.
    pub(crate) fn cluster(&self, color: &str) -> String {
        match self {
            Self::Bind(_) => format!("{{kubeconfig: {color}-access}}"),
            Self::Azure(azure) => azure.cluster(color),
        }
    }

    /// The secrets that a switcher mounts for this ground.
    pub(crate) fn secrets(&self) -> Result<Vec<(&'static str, &'static str, String)>> {
        match self {
            Self::Bind(bind) => bind.secrets(),
            Self::Azure(_) => Ok(Vec::new()),
        }
    }

    /// Tells the ground how a color's API server is reached.
    pub(crate) async fn introduce(&self, color: &str, kubeconfig: &str) -> Result<()> {
        match self {
            Self::Bind(_) => Ok(()),
            Self::Azure(azure) => azure.introduce(color, kubeconfig).await,
        }
    }

    /// Gives the switcher what it needs to write here.
    pub(crate) fn equip(&self, config: SwitcherConfig) -> Result<SwitcherConfig> {
        match self {
            Self::Bind(_) => Ok(config),
            Self::Azure(azure) => azure.equip(config),
        }
    }

    /// Steady load, as the users' clients send it; each with what it is.
    pub(crate) fn clients(&self, port: u16) -> Result<Vec<(&'static str, LoadClient)>> {
        match self {
            Self::Bind(bind) => Ok(vec![("clients of the name", bind.client(port)?)]),
            Self::Azure(azure) => azure.clients(port),
        }
    }

    /// What has just happened when the move is in `Shifting`.
    pub(crate) fn shifting(&self) -> &'static str {
        match self {
            Self::Bind(_) => "record and ledger have changed in one signed update: the name points to green",
            Self::Azure(_) => {
                "the A record behind Front Door and the ledger in its metadata have changed in one PUT; the private zone follows"
            }
        }
    }

    /// What one can try while everything stays up.
    pub(crate) fn hints(&self, repository: &str) -> Vec<String> {
        match self {
            Self::Bind(bind) => bind.hints(repository),
            Self::Azure(azure) => azure.hints(),
        }
    }
}

/// Steady load, as a user sends it: who waits so long as a pause of a busy machine has not been failed.
pub(crate) fn load(host: &str, port: u16) -> Load {
    Load { timeout: Duration::from_secs(60), ..Load::new(host, port) }
}

/// Writes one key of a Secret, as a cluster would mount it.
pub(crate) fn put_secret(folder: &Path, secret: &str, key: &str, text: &str) -> Result<()> {
    std::fs::create_dir_all(folder.join(secret))?;
    std::fs::write(folder.join(secret).join(key), text).with_context(|| format!("write the secret {secret}"))
}
