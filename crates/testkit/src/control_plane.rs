//! Real Kubernetes control planes on this machine: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, and
//! nodes played by kwok.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use teal_testkit::control_plane::ControlPlane;
//! let (blue, green) = tokio::try_join!(ControlPlane::start("blue"), ControlPlane::start("green"))?;
//! let client = blue.client().await?;
//! green.stop_api_server()?;
//! # Ok(()) }
//! ```

mod assets;
mod faults;
mod home;
mod identity;
mod kubeconfig;
mod pki;
mod ports;
mod programs;
mod ready;

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context, Result, bail};
use kube::Client;
use kube::config::{KubeConfigOptions, Kubeconfig};

pub use assets::Assets;
pub use ports::Port;
pub(crate) use ports::{is_free, listening};

use self::programs::Plan;
use crate::processes::Process;

/// What a control plane is like; [`ControlPlane::start`] takes the defaults.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many nodes.
    pub nodes: usize,
    /// The version the nodes' kubelets report. `None`: the API server's.
    pub kubelet_version: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { nodes: 3, kubelet_version: None }
    }
}

/// One cluster. Dropping it ends all its processes and deletes its data.
#[derive(Debug)]
pub struct ControlPlane {
    name: String,
    kubeconfig: PathBuf,
    kubeconfig_yaml: String,
    url: String,
    own: Option<Own>,
}

/// What a cluster has that this process started; one that existed before has none of it.
#[derive(Debug)]
struct Own {
    // In this order they end: first those that would complain, then the server, its store and the files.
    _others: Vec<Process>,
    api_server: Mutex<Option<Process>>,
    _etcd: Process,
    plan: Plan,
}

impl ControlPlane {
    /// Starts a cluster with the default [`Options`] and returns when it can be worked with: the API server is ready, the
    /// default ServiceAccount exists and every node is Ready and takes pods.
    ///
    /// With `TEAL_KUBECONFIG_<NAME>` in the environment that cluster is used and nothing is started.
    ///
    /// # Errors
    /// When the programs were not built, one of them ends, or it takes longer than four minutes; the error holds the end
    /// of the log of whichever is to blame.
    pub async fn start(name: &str) -> Result<Self> {
        Self::start_with(name, Options::default()).await
    }

    /// [`ControlPlane::start`] with other options.
    ///
    /// # Errors
    /// As there.
    pub async fn start_with(name: &str, options: Options) -> Result<Self> {
        // Whoever installed a provider before us chose the same one: there is only one in the workspace.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let variable = format!("TEAL_KUBECONFIG_{}", name.to_uppercase().replace('-', "_"));
        match std::env::var_os(&variable).filter(|path| !path.is_empty()) {
            Some(path) => {
                Self::existing(name, Path::new(&path)).with_context(|| format!("use the cluster of {variable}"))
            }
            None => Self::launch(name, &options).await.with_context(|| format!("start the cluster {name}")),
        }
    }

    /// A cluster that is there already. Nothing of it is started or ended, and faults cannot be ordered.
    ///
    /// # Errors
    /// When there is no kubeconfig at the path or it names no server; whether one answers is not tried.
    pub fn existing(name: &str, path: &Path) -> Result<Self> {
        // Reading by path makes the paths of certificates in it absolute; the text made from it is JSON, which is YAML.
        let config = Kubeconfig::read_from(path).with_context(|| format!("read {}", path.display()))?;
        let yaml = serde_json::to_string(&config).context("write the kubeconfig")?;
        let cluster = config.clusters.first().and_then(|cluster| cluster.cluster.as_ref());
        let url = cluster.and_then(|cluster| cluster.server.clone()).context("the kubeconfig names no server")?;
        Ok(Self { name: name.to_owned(), kubeconfig: path.to_path_buf(), kubeconfig_yaml: yaml, url, own: None })
    }

    async fn launch(name: &str, options: &Options) -> Result<Self> {
        let plan = Plan::new(name)?;
        let kubeconfig = plan.kubeconfig();
        let kubeconfig_yaml = std::fs::read_to_string(&kubeconfig).context("read the kubeconfig")?;
        let client = client(&kubeconfig_yaml).await?;

        let mut etcd = plan.start_etcd()?;
        ready::listening(plan.etcd_address(), &mut etcd).await?;
        let mut api_server = plan.start_api_server()?;
        ready::api_server(&client, &mut api_server).await?;
        let mut others = vec![plan.start_controller_manager()?, plan.start_kwok()?, plan.start_scheduler()?];
        let version = match &options.kubelet_version {
            Some(version) => version.clone(),
            None => client.apiserver_version().await.context("ask for the version")?.git_version,
        };
        crate::kwok::create_nodes(&client, name, &version, options.nodes).await?;
        ready::cluster(&client, options.nodes, &mut others).await?;

        let url = plan.url();
        let own = Own { _others: others, api_server: Mutex::new(Some(api_server)), _etcd: etcd, plan };
        Ok(Self { name: name.to_owned(), kubeconfig, kubeconfig_yaml, url, own: Some(own) })
    }

    /// The name given at the start.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The API server's address, `https://127.0.0.1:…`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The administrator's kubeconfig as a file.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// The administrator's kubeconfig as text.
    #[must_use]
    pub fn kubeconfig_yaml(&self) -> &str {
        &self.kubeconfig_yaml
    }

    /// A client with the administrator's rights.
    ///
    /// # Errors
    /// When the kubeconfig makes no client; whether the server answers is not tried.
    pub async fn client(&self) -> Result<Client> {
        client(&self.kubeconfig_yaml).await
    }

    /// The certificate authority that signed the API server's certificate, PEM.
    ///
    /// # Errors
    /// For a cluster that existed before.
    pub fn authority(&self) -> Result<String> {
        Ok(self.own()?.plan.authority.certificate())
    }

    /// Where the programs are, `kubectl` among them.
    ///
    /// # Errors
    /// When they were never built.
    pub fn assets(&self) -> Result<Assets> {
        self.own.as_ref().map_or_else(Assets::find, |own| Ok(own.plan.assets.clone()))
    }

    /// The directory with the programs' logs (`kube-apiserver.log` …) and all other files.
    ///
    /// # Errors
    /// For a cluster that existed before.
    pub fn home(&self) -> Result<&Path> {
        Ok(self.own()?.plan.home())
    }

    fn own(&self) -> Result<&Own> {
        match &self.own {
            Some(own) => Ok(own),
            None => bail!("the cluster {} existed before this test and is only used by it", self.name),
        }
    }
}

/// A client from a kubeconfig's text.
async fn client(yaml: &str) -> Result<Client> {
    let config = Kubeconfig::from_yaml(yaml).context("parse a kubeconfig")?;
    let config = kube::Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await;
    Client::try_from(config.context("read a kubeconfig")?).context("make a client")
}
