//! What both daemons share, so that either `main` reads as a checklist: crypto provider, log, admin server, Lease,
//! shutdown, back-off.

mod admin;
mod backoff;
mod lease;
mod log;
mod shutdown;

pub use admin::{Admin, AdminError, Readiness, encode_metrics};
pub use backoff::Backoff;
pub use lease::{LeaseConfig, LeaseError, hold_lease};
pub use log::{LogFormat, init_log};
pub use shutdown::shutdown_on_signal;

/// Exit code of a process whose flags or files are wrong (`EX_USAGE` of sysexits.h).
pub const EXIT_USAGE: u8 = 64;

/// Chooses the one TLS provider of the process (ring); idempotent, to be called before the first connection.
///
/// Every HTTP client here is built without a provider of its own, so that no second one can slip in.
pub fn install_crypto_provider() {
    // An error only says that it has been chosen already.
    rustls::crypto::ring::default_provider().install_default().ok();
}
