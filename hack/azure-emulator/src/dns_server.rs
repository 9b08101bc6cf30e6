//! The name servers: what ARM wrote, once it has reached them.

pub(crate) mod answer;
mod listen;
mod message;
mod zone;

use std::net::SocketAddr;

use anyhow::Result;

use crate::provider::Background;

/// Starts one name server by UDP and TCP; `server` is its place among a zone's four. Returns where it listens.
pub(crate) async fn start(background: &Background, address: SocketAddr, server: usize) -> Result<SocketAddr> {
    listen::start(background, address, server).await
}

/// For whom a question is being answered; `None` outside of questions.
#[derive(Debug, Default)]
pub(crate) struct Asker(pub(crate) Option<std::net::IpAddr>);
