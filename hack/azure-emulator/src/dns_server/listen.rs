//! The sockets.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

use super::message;
use crate::provider::Background;
use crate::shared::Shared;

/// Attempts to find a port that is free for both protocols.
const ATTEMPTS: usize = 32;

/// Binds both protocols to one port and serves until the end.
pub(super) async fn start(background: &Background, address: SocketAddr, server: usize) -> Result<SocketAddr> {
    let (udp, tcp) = bind(address).await?;
    let bound = udp.local_addr().context("read the DNS listener's address")?;
    let (shared, stop) = (background.shared.clone(), background.stop.clone());
    background.tasks.spawn(stop.run_until_cancelled_owned(datagrams(udp, shared, server)));
    let (shared, stop) = (background.shared.clone(), background.stop.clone());
    background.tasks.spawn(stop.run_until_cancelled_owned(connections(tcp, shared, server)));
    Ok(bound)
}

async fn bind(address: SocketAddr) -> Result<(UdpSocket, TcpListener)> {
    let mut last = None;
    for _ in 0..ATTEMPTS {
        let udp = UdpSocket::bind(address).await.with_context(|| format!("listen on {address} (DNS by UDP)"))?;
        let bound = udp.local_addr().context("read the DNS listener's address")?;
        match TcpListener::bind(bound).await {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(error) if address.port() != 0 => {
                return Err(error).with_context(|| format!("listen on {bound} (DNS by TCP)"));
            }
            Err(error) => last = Some(error),
        }
    }
    let last = last.unwrap_or_else(|| std::io::Error::other("no attempt was made"));
    Err(last).context("find a port that is free for DNS by UDP and TCP")
}

async fn datagrams(socket: UdpSocket, shared: Shared, server: usize) {
    let socket = Arc::new(socket);
    let mut buffer = vec![0; 65_535];
    loop {
        // An error here is an ICMP message about an earlier answer; the socket is fine.
        let Ok((length, from)) = socket.recv_from(&mut buffer).await else { continue };
        let request = buffer.get(..length).unwrap_or_default();
        if let Some(answer) = message::answer(&shared, request, from.ip(), server, false) {
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

async fn connections(listener: TcpListener, shared: Shared, server: usize) {
    loop {
        let Ok((stream, from)) = listener.accept().await else { continue };
        let shared = shared.clone();
        tokio::spawn(async move {
            let _ = connection(stream, from.ip(), shared, server).await;
        });
    }
}

async fn connection(mut stream: TcpStream, from: IpAddr, shared: Shared, server: usize) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    loop {
        let mut request = vec![0; usize::from(stream.read_u16().await?)];
        stream.read_exact(&mut request).await?;
        let Some(answer) = message::answer(&shared, &request, from, server, true) else { return Ok(()) };
        let length = u16::try_from(answer.len()).map_err(std::io::Error::other)?;
        let mut framed = length.to_be_bytes().to_vec();
        framed.extend_from_slice(&answer);
        stream.write_all(&framed).await?;
    }
}
