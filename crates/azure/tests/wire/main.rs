//! The client on the wire: a TLS server in this process that answers as it is told and remembers what it was asked.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod calls;
mod identity;
mod operations;
mod server;
