//! Everything the switcher is told from outside, checked once.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::azure::Azure;
use crate::interrupt::Interrupt;

/// Which files of the repository are read as `Switch` declarations unless something else is said.
pub const DEFAULT_FILES: &str = "{switch.yaml,switches/*.yaml}";

/// The switcher's whole configuration; `Switcher::start` takes it as it is, in tests and in the demo too.
#[derive(Debug, Clone)]
pub struct SwitcherConfig {
    /// Who we are in ledgers; unique among all switchers.
    pub identity: String,
    /// The color of the cluster we run in; absent outside of both.
    pub color: Option<String>,
    /// Where the declarations are.
    pub git: GitConfig,
    /// Folder of mounted Secrets: `<dir>/<secret>/<key>`.
    pub secrets: PathBuf,
    /// Longest time between two looks at a target while something moves; default 1 s.
    pub busy_interval: Duration,
    /// The same at rest; default 5 s.
    pub idle_interval: Duration,
    /// Longest wait for one API server; an answer later than this is *unknown*. Default 5 s.
    pub cluster_deadline: Duration,
    /// How long a step may take beyond its declared waits before another switcher takes over; default 2 min.
    pub step: Duration,
    /// Added to that, and the head start of the destination's switcher; default 30 s.
    pub grace: Duration,
    /// Azure's management plane; by default what the environment offers.
    pub azure: Azure,
    /// How many times faster than documented the providers are: 1, but against an emulator. What they are waited for is
    /// divided by it; what is told of them is not.
    pub faster: u32,
    /// For tests: points at which this switcher dies.
    pub interrupt: Interrupt,
    /// Where the page, the probes and the metrics are served; port 0 takes a free one.
    pub listen: SocketAddr,
}

/// A git repository with `Switch` declarations.
#[derive(Debug, Clone)]
pub struct GitConfig {
    /// Address, credentials, trust.
    pub options: teal_git::Options,
    /// Branch to follow.
    pub branch: String,
    /// Glob over paths in the repository, such as [`DEFAULT_FILES`].
    pub files: String,
    /// Folder of the bare store; survives restarts, so that a switcher that starts while git is away knows what was declared.
    pub store: PathBuf,
    /// Time between two looks; a POST to `/hook/git` looks at once. Default 5 s.
    pub interval: Duration,
}

impl SwitcherConfig {
    /// Makes a configuration with the default times, listening on a free local port.
    #[must_use]
    pub fn new(identity: impl Into<String>, git: GitConfig, secrets: impl Into<PathBuf>) -> Self {
        Self {
            identity: identity.into(),
            color: None,
            git,
            secrets: secrets.into(),
            busy_interval: Duration::from_secs(1),
            idle_interval: Duration::from_secs(5),
            cluster_deadline: Duration::from_secs(5),
            step: Duration::from_secs(120),
            grace: Duration::from_secs(30),
            azure: Azure::default(),
            faster: 1,
            interrupt: Interrupt::default(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        }
    }
}

impl GitConfig {
    /// Makes a configuration that follows `branch` of `url`, keeping its store in `store`.
    #[must_use]
    pub fn new(options: teal_git::Options, branch: impl Into<String>, store: impl Into<PathBuf>) -> Self {
        Self {
            options,
            branch: branch.into(),
            files: DEFAULT_FILES.to_owned(),
            store: store.into(),
            interval: Duration::from_secs(5),
        }
    }
}
