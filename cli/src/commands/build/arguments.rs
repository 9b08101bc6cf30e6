//! The command line: kustomize's flags with kustomize's meaning, and what Teal adds.

use std::path::PathBuf;

use super::failure::Failure;

/// Flags as `kustomize build` has them, so that scripts need change nothing but the name of the program.
#[derive(Debug, clap::Args)]
pub(crate) struct Build {
    /// Folder of the kustomization; with --fleet the folder of teal.yaml.
    #[arg(default_value = ".")]
    pub dir: String,
    /// Write to this file; to an existing folder, one file an object. With --fleet: to this folder, one file a unit.
    #[arg(short, long, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// Order of the objects: `legacy` puts namespaces first and webhooks last, `none` keeps the order of the files.
    #[arg(long, default_value = "legacy", hide_possible_values = true)]
    pub reorder: Order,
    /// `LoadRestrictionsNone` lets kustomizations name files outside of their own folders.
    #[arg(long, default_value = "LoadRestrictionsRootOnly", hide_possible_values = true)]
    pub load_restrictor: Restrictor,
    /// Read DIR as of this revision (a branch, tag or commit) of its git repository; files on disk are not looked at.
    #[arg(long, value_name = "REVISION")]
    pub rev: Option<String>,

    /// Render every unit of the fleet in DIR, as an agent would.
    #[arg(long)]
    pub fleet: bool,
    /// The color to render for.
    #[arg(long, requires = "fleet")]
    pub color: Option<String>,
    /// The role to render for; without it, what teal.yaml says of roles is left out.
    #[arg(long, requires = "fleet", hide_possible_values = true, value_name = "active|standby")]
    pub role: Option<Role>,
    /// With --output: a folder a unit, one file an object.
    #[arg(long, requires = "fleet", requires = "output")]
    pub split: bool,

    /// Decrypt what SOPS encrypted. Without it `build` prints such files as kustomize does; --fleet always decrypts.
    #[arg(long, help_heading = "Secrets")]
    pub decrypt: bool,
    /// A file of age identities, beside SOPS_AGE_KEY, SOPS_AGE_KEY_FILE and the file where sops looks; may be given more than once.
    /// Keys in Azure Key Vault are asked for as whoever the environment says.
    #[arg(long = "age-key-file", help_heading = "Secrets", value_name = "FILE")]
    pub age_key_files: Vec<PathBuf>,
    /// Print decrypted values and values of Secrets instead of masking them.
    #[arg(long, help_heading = "Secrets")]
    pub show_secrets: bool,

    /// A value for a variable that `substituteFrom` of teal.yaml brings; may be given more than once.
    #[arg(long, help_heading = "Variables", requires = "fleet", value_name = "NAME=VALUE", value_parser = super::sources::parse)]
    pub substitute: Vec<(String, String)>,
    /// A file with the ConfigMaps and Secrets that `substituteFrom` names; may be given more than once.
    #[arg(long, help_heading = "Variables", requires = "fleet", value_name = "FILE")]
    pub substitute_from: Vec<PathBuf>,

    /// Allow charts: `helmCharts` in kustomizations and, with --fleet, units that are charts.
    #[arg(long, help_heading = "Helm", num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", hide_default_value = true, hide_possible_values = true, value_name = "BOOL")]
    pub enable_helm: bool,
    /// The helm program.
    #[arg(long, help_heading = "Helm", default_value = "helm", value_name = "PROGRAM")]
    pub helm_command: String,
    /// API versions that charts see; may be given more than once.
    #[arg(long, help_heading = "Helm", value_name = "VERSION")]
    pub helm_api_versions: Vec<String>,
    /// Kubernetes version that charts see.
    #[arg(long, help_heading = "Helm", value_name = "VERSION")]
    pub helm_kube_version: Option<String>,
    /// A host that charts may come from although its address is private; `http://host` without TLS. May be given more than once.
    #[arg(long = "helm-host", help_heading = "Helm", value_name = "HOST")]
    pub helm_hosts: Vec<String>,
    /// A file with the ConfigMaps and Secrets that `valuesFrom` of charts names; may be given more than once.
    #[arg(long, help_heading = "Helm", requires = "fleet", requires = "enable_helm", value_name = "FILE")]
    pub values_from: Vec<PathBuf>,
    /// Let helm say more.
    #[arg(long, help_heading = "Helm", num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", hide_default_value = true, hide_possible_values = true, value_name = "BOOL")]
    pub helm_debug: bool,

    /// Add the label app.kubernetes.io/managed-by, as kustomize does.
    #[arg(long, help_heading = "For scripts written for kustomize", num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", hide_default_value = true, hide_possible_values = true, value_name = "BOOL")]
    pub enable_managedby_label: bool,
    /// Taken and without effect: Teal runs no plugins; a kustomization that needs one fails and names it.
    #[arg(long, help_heading = "For scripts written for kustomize", num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", hide_default_value = true, hide_possible_values = true, value_name = "BOOL")]
    pub enable_alpha_plugins: bool,
    /// As --enable-alpha-plugins.
    #[arg(long, help_heading = "For scripts written for kustomize", num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", hide_default_value = true, hide_possible_values = true, value_name = "BOOL")]
    pub enable_exec: bool,
    /// Taken and without effect: environment of function plugins, which Teal does not run.
    #[arg(short, long, help_heading = "For scripts written for kustomize", value_name = "NAME[=VALUE]")]
    pub env: Vec<String>,

    /// Taken and without effect, as are --network, --network-name and --mount: they say how containers of function plugins run.
    #[arg(long, help_heading = "For scripts written for kustomize", num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", hide_default_value = true, hide_possible_values = true, value_name = "BOOL")]
    pub as_current_user: bool,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true")]
    pub network: bool,
    #[arg(long, hide = true)]
    pub network_name: Option<String>,
    #[arg(long, hide = true)]
    pub mount: Vec<String>,
    /// Taken and without effect: an error names its file, line and field.
    #[arg(long, help_heading = "For scripts written for kustomize", num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", hide_default_value = true, hide_possible_values = true, value_name = "BOOL")]
    pub stack_trace: bool,
}

/// `--reorder`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Order {
    /// Namespaces first, webhooks last.
    Legacy,
    /// As the files say.
    None,
}

/// `--load-restrictor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Restrictor {
    /// Files in the kustomization's own folder or below.
    #[value(name = "LoadRestrictionsRootOnly")]
    LoadRestrictionsRootOnly,
    /// Any file.
    #[value(name = "LoadRestrictionsNone")]
    LoadRestrictionsNone,
}

/// `--role`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Role {
    /// Serves traffic.
    Active,
    /// Waits.
    Standby,
}

impl Build {
    /// What charts are told of the cluster they are for.
    pub(super) fn capabilities(&self) -> teal_render::helm::Capabilities {
        let mut api_versions: Vec<String> =
            self.helm_api_versions.iter().flat_map(|given| given.split(',')).map(str::to_owned).collect();
        api_versions.sort();
        teal_render::helm::Capabilities {
            kube_version: self.helm_kube_version.clone(),
            api_versions: api_versions.into(),
        }
    }

    /// Refuses what would silently mean something else here.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if is_remote(&self.dir) {
            return Err(Failure::new(format!(
                "{}: is an address; clone the repository and name the folder, with --rev for another revision of it",
                self.dir
            )));
        }
        Ok(())
    }
}

fn is_remote(dir: &str) -> bool {
    dir.contains("://") || dir.starts_with("git@") || dir.starts_with("git::") || dir.starts_with("github.com/")
}
