//! Makes traffic follow git's active color: `observe → decide → record and act (one compare-and-swap) → verify`.
//!
//! | file | what |
//! |---|---|
//! | [`config`], [`secrets`] | what the switcher is told |
//! | [`source`] | git: what should be |
//! | [`cluster`] | both API servers: facts, and the few effects there |
//! | [`switch`] | one Switch's loop, and its route for the emergency lane |
//! | [`status`], [`metrics`], [`web`] | what a person sees |
//!
//! What is decided is `teal_switcher_core`'s; what routes traffic is `teal_targets`'; what is measured is `teal_gates`'.

pub mod azure;
mod board;
pub mod cluster;
pub mod config;
pub mod interrupt;
pub mod metrics;
pub mod secrets;
pub mod source;
pub mod status;
pub mod switch;
mod switcher;
pub mod wake;
pub mod web;

pub use config::{GitConfig, SwitcherConfig};
pub use switcher::{StartError, Switcher};

/// The whole chain of an error in one line, without repeating what a link already told.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let told = cause.to_string();
        if !text.contains(&told) {
            text.push_str(": ");
            text.push_str(&told);
        }
        source = cause.source();
    }
    text
}
