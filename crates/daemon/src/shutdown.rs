//! First signal drains, second aborts.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Exit code after a second signal: 128 + SIGINT, as shells report it.
const ABORTED: i32 = 130;

/// Returns a token that the first SIGTERM or SIGINT cancels; the second ends the process at once with code 130.
///
/// # Errors
/// When the process can't listen for signals.
pub fn shutdown_on_signal() -> std::io::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let token = CancellationToken::new();
    let drain = token.clone();
    tokio::spawn(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        tracing::info!("Draining; a second signal aborts");
        drain.cancel();
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        tracing::warn!("Aborted by a second signal");
        std::process::exit(ABORTED);
    });
    Ok(token)
}
