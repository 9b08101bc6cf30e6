//! How the emulator is started.

use std::net::SocketAddr;
use std::path::PathBuf;

/// What is on the command line. In a program that runs the emulator in itself, `Options::default()` listens on free
/// ports of 127.0.0.1.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Where ARM, identity, the admin API and the page are served, by HTTPS.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8443", value_parser = address)]
    pub listen: SocketAddr,
    /// Where DNS is answered, by UDP and TCP.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8053", value_parser = address)]
    pub dns: SocketAddr,
    /// Further DNS listeners: the second, third and fourth name server of every public zone. Each may lag on its own.
    #[arg(long = "dns-server", value_name = "HOST:PORT", value_parser = address)]
    pub dns_servers: Vec<SocketAddr>,
    /// The file that the CA's certificate is written to, as PEM.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// The file that keeps all state; without it state ends with the process.
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Where managed identity is served by plain HTTP (`IDENTITY_ENDPOINT=http://HOST:PORT/msi/token`).
    #[arg(long, value_name = "HOST:PORT", value_parser = address)]
    pub msi: Option<SocketAddr>,
    /// Where all Front Door endpoints are served by HTTP, told apart by the Host header. The program takes a free port of
    /// the address of `--listen` when it is left out; within another program there is none then.
    #[arg(long, value_name = "HOST:PORT", value_parser = address)]
    pub front_door: Option<SocketAddr>,
    /// The same by HTTPS. `--listen` serves their host names too.
    #[arg(long, value_name = "HOST:PORT", value_parser = address)]
    pub front_door_tls: Option<SocketAddr>,
    /// Further names and addresses for the certificate, beside localhost, 127.0.0.1 and ::1.
    #[arg(long = "name", value_name = "NAME")]
    pub names: Vec<String>,
    /// Seed of the dice behind faults, weights and jitter.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            listen: free,
            dns: free,
            dns_servers: Vec::new(),
            ca: None,
            state: None,
            msi: None,
            front_door: None,
            front_door_tls: None,
            names: Vec::new(),
            seed: 1,
        }
    }
}

/// Reads `HOST:PORT`; a name is looked up, and `localhost` is 127.0.0.1.
fn address(text: &str) -> Result<SocketAddr, String> {
    use std::net::ToSocketAddrs;
    let text = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None if text.starts_with(':') => format!("0.0.0.0{text}"),
        None => text.to_owned(),
    };
    let found = text.to_socket_addrs().map_err(|error| format!("`{text}` is not HOST:PORT: {error}"))?;
    let found: Vec<SocketAddr> = found.collect();
    let four = found.iter().find(|one| one.is_ipv4()).or(found.first());
    four.copied().ok_or_else(|| format!("`{text}` has no address"))
}
