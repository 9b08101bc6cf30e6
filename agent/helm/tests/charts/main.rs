//! Charts rendered by the real Helm, from folders, repositories and registries, friendly and hostile.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests"
)]

mod cached;
mod confined;
mod fetched;
mod hostile;
mod kustomized;
mod oracle;
mod restless;
mod world;
