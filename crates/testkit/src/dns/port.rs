//! A port that is free for UDP and TCP, and stays ours while a server is down.

use std::net::{Ipv4Addr, UdpSocket};

use anyhow::{Context, Result};

use crate::control_plane::{Port, is_free};

/// Attempts before giving up: each skips one port that somebody uses.
const ATTEMPTS: usize = 64;

/// Reserves a port that is free for both protocols on each of these addresses.
pub(crate) fn reserve(addresses: &[Ipv4Addr]) -> Result<Port> {
    let mut last = None;
    for _ in 0..ATTEMPTS {
        let port = Port::reserve()?;
        match addresses.iter().try_for_each(|address| free(*address, port.number())) {
            Ok(()) => return Ok(port),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| std::io::Error::other("no address given"))).context("find a port free for UDP and TCP")
}

fn free(address: Ipv4Addr, port: u16) -> std::io::Result<()> {
    is_free(address, port)?;
    UdpSocket::bind((address, port)).map(drop)
}
