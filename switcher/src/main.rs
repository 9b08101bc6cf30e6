//! `teal-switcher`: flags and Secrets in, the library's [`Switcher`] out.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Parser;
use teal_daemon::{EXIT_USAGE, LogFormat, init_log, install_crypto_provider, shutdown_on_signal};
use teal_git::{Auth, Options};
use teal_switcher::config::DEFAULT_FILES;
use teal_switcher::secrets::Secrets;
use teal_switcher::{GitConfig, Switcher, SwitcherConfig};

/// Makes traffic follow the color that git names: gates, shift, proof, rollback.
#[derive(Debug, Parser)]
#[command(
    name = "teal-switcher",
    version,
    after_help = "Exit codes: 0 after a signal, 1 when it can't start, 64 when flags or Secrets are wrong."
)]
struct Args {
    /// Repository with the Switch declarations, http(s).
    #[arg(long)]
    source_url: String,
    /// Branch to follow.
    #[arg(long, default_value = "main")]
    source_branch: String,
    /// Files that are read as declarations, a glob over paths in the repository.
    #[arg(long, default_value = DEFAULT_FILES)]
    source_files: String,
    /// Secret below --secrets with `username` and `password`, or `bearerToken`, and optionally `ca.crt`.
    #[arg(long)]
    source_secret: Option<String>,
    /// Time between two looks at git, such as 5s; a POST to /hook/git looks at once.
    #[arg(long, default_value = "5s", value_parser = duration)]
    interval: Duration,
    /// Color of the cluster this runs in; leave it out when it runs in none.
    #[arg(long)]
    color: Option<String>,
    /// Folder of mounted Secrets: <folder>/<secret>/<key>.
    #[arg(long, default_value = "/etc/teal/secrets")]
    secrets: PathBuf,
    /// Folder for the git store.
    #[arg(long, default_value = "/var/lib/teal")]
    store: PathBuf,
    /// Where the page, probes and metrics are served.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Name of this switcher in ledgers, unique among all and the same after every restart; `switcher-<color>` when
    /// left out, or the pod's name when it runs in no color.
    #[arg(long)]
    identity: Option<String>,
    /// Name of the pod, for a switcher without a color.
    #[arg(long, env = "POD_NAME")]
    pod: Option<String>,
    /// json or text.
    #[arg(long, default_value = "json")]
    log_format: LogFormat,
}

fn duration(text: &str) -> Result<Duration, String> {
    teal_api::duration::parse(text)
}

impl Args {
    /// A pod's name changes with the pod, and the move that the old pod holds would wait for its step to be overdue.
    fn identity(&self) -> String {
        let of_color = || self.color.as_ref().map(|color| format!("switcher-{color}"));
        let given = self.identity.clone().or_else(of_color).or_else(|| self.pod.clone());
        given.unwrap_or_else(|| "switcher".to_owned())
    }

    fn config(self) -> Result<SwitcherConfig> {
        let mut options = Options::new(&self.source_url);
        if let Some(secret) = &self.source_secret {
            options.auth = auth(&Secrets::new(&self.secrets), secret)?;
            options.ca = Secrets::new(&self.secrets).read(secret, "ca.crt").ok().map(|bytes| bytes.expose().to_vec());
        }
        let identity = self.identity();
        if identity.is_empty() {
            bail!("--identity is empty; give this switcher a name of its own");
        }
        let mut git = GitConfig::new(options, self.source_branch, self.store.join("git"));
        git.files = self.source_files;
        git.interval = self.interval;
        let mut config = SwitcherConfig::new(identity, git, self.secrets);
        config.color = self.color;
        config.listen = self.listen;
        Ok(config)
    }
}

fn auth(secrets: &Secrets, secret: &str) -> Result<Auth> {
    let text = |key: &str| -> Option<String> {
        let bytes = secrets.read(secret, key).ok()?;
        Some(String::from_utf8_lossy(bytes.expose()).trim().to_owned())
    };
    match (text("bearerToken"), text("username"), text("password")) {
        (Some(token), _, _) => Ok(Auth::Bearer(token)),
        (None, Some(username), Some(password)) => Ok(Auth::Basic { username, password }),
        (None, None, None) if text("ca.crt").is_some() => Ok(Auth::None),
        _ => bail!("Secret {secret}: it needs `username` and `password`, or `bearerToken`"),
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    init_log(args.log_format);
    install_crypto_provider();
    let config = match args.config() {
        Ok(config) => config,
        Err(error) => {
            tracing::error!("{error:#}");
            return ExitCode::from(EXIT_USAGE);
        }
    };
    match run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(config: SwitcherConfig) -> Result<()> {
    let shutdown = shutdown_on_signal().context("signals can't be listened for")?;
    Switcher::run(config, shutdown).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_pod_goes_on_with_the_move_that_the_old_one_held() {
        let identity = |more: &[&str]| {
            let words = ["teal-switcher", "--source-url", "https://git/x"].iter().chain(more);
            Args::try_parse_from(words).unwrap().identity()
        };
        for (more, want) in [
            (&["--color", "green", "--pod", "teal-switcher-7d9f-abcde"][..], "switcher-green"),
            (&["--pod", "teal-switcher-7d9f-abcde"], "teal-switcher-7d9f-abcde"),
            (&["--color", "green", "--identity", "mine"], "mine"),
            (&[], "switcher"),
        ] {
            assert_eq!(identity(more), want);
        }
    }
}
