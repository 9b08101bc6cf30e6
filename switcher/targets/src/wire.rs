//! Bytes to a name server and back. It is known of every failure whether anything had been sent.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket, lookup_host};
use tokio::time::{Instant, timeout_at};

/// An exchange failed.
#[derive(Debug)]
pub(crate) enum WireError {
    /// No connection; nothing was sent.
    Unreachable(String),
    /// No connection in time; nothing was sent.
    ConnectTimeout,
    /// Sent, at least in part; no answer in time.
    Silence,
    /// Sent, at least in part; then the connection ended.
    Closed(String),
}

/// Host and port of `host:port`, `host`, `[v6]:port` or a bare IPv6 address; the port is 53 when absent.
pub(crate) fn host_and_port(server: &str) -> Option<(String, u16)> {
    if let Ok(address) = server.parse::<SocketAddr>() {
        return Some((address.ip().to_string(), address.port()));
    }
    if let Ok(ip) = server.parse::<std::net::IpAddr>() {
        return Some((ip.to_string(), 53));
    }
    let (host, port) = match server.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok().filter(|port| *port != 0)?),
        None => (server, 53),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    (!host.is_empty() && host.chars().all(plain)).then(|| (host.to_owned(), port))
}

/// The server's addresses.
async fn resolve(server: &str, deadline: Instant) -> Result<Vec<SocketAddr>, WireError> {
    let (host, port) = host_and_port(server).ok_or_else(|| WireError::Unreachable("not an address".into()))?;
    let found = timeout_at(deadline, lookup_host((host.as_str(), port))).await;
    let all: Vec<SocketAddr> = found.map_err(|_| WireError::ConnectTimeout)?.map_err(unreachable)?.collect();
    if all.is_empty() { Err(WireError::Unreachable(format!("{host} has no address"))) } else { Ok(all) }
}

fn unreachable(error: io::Error) -> WireError {
    WireError::Unreachable(error.to_string())
}

/// A TCP connection to a name server.
pub(crate) struct Link(TcpStream);

impl Link {
    /// Connects; several addresses are tried in turn.
    pub(crate) async fn connect(server: &str, deadline: Instant) -> Result<Self, WireError> {
        let addresses = resolve(server, deadline).await?;
        let stream = timeout_at(deadline, TcpStream::connect(addresses.as_slice())).await;
        let stream = stream.map_err(|_| WireError::ConnectTimeout)?.map_err(unreachable)?;
        stream.set_nodelay(true).map_err(unreachable)?;
        Ok(Self(stream))
    }

    /// Sends one message and reads one (RFC 1035 §4.2.2: two bytes of length before each).
    pub(crate) async fn exchange(&mut self, message: &[u8], deadline: Instant) -> Result<Vec<u8>, WireError> {
        let closed = |error: io::Error| WireError::Closed(error.to_string());
        let length = u16::try_from(message.len()).map_err(|_| WireError::Unreachable("message too long".into()))?;
        let mut framed = length.to_be_bytes().to_vec();
        framed.extend_from_slice(message);
        let exchange = async {
            self.0.write_all(&framed).await?;
            let mut answer = vec![0; usize::from(self.0.read_u16().await?)];
            self.0.read_exact(&mut answer).await?;
            Ok(answer)
        };
        timeout_at(deadline, exchange).await.map_err(|_| WireError::Silence)?.map_err(closed)
    }
}

/// Sends one datagram and waits for one that answers it, by its first two bytes; strangers' are left aside.
pub(crate) async fn datagram(server: &str, message: &[u8], deadline: Instant) -> Result<Vec<u8>, WireError> {
    let addresses = resolve(server, deadline).await?;
    let Some(address) = addresses.first() else { return Err(WireError::ConnectTimeout) };
    let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any).await.map_err(unreachable)?;
    socket.connect(address).await.map_err(unreachable)?;
    socket.send(message).await.map_err(unreachable)?;
    let mut buffer = vec![0; 4096];
    loop {
        let read = timeout_at(deadline, socket.recv(&mut buffer)).await.map_err(|_| WireError::Silence)?;
        let length = read.map_err(unreachable)?;
        if length >= 12 && buffer.get(..2) == message.get(..2) {
            buffer.truncate(length);
            return Ok(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::host_and_port;

    #[test]
    fn a_server_may_be_written_in_five_ways() {
        for (written, want) in [
            ("127.0.0.1:5353", Some(("127.0.0.1", 5353))),
            ("10.0.0.10", Some(("10.0.0.10", 53))),
            ("ns1.contoso.com", Some(("ns1.contoso.com", 53))),
            ("[::1]:5353", Some(("::1", 5353))),
            ("fd00::1", Some(("fd00::1", 53))),
            ("ns1.contoso.com:", None),
            ("ns1:0", None),
            ("ns1:70000", None),
            ("http://ns1", None),
            ("", None),
        ] {
            assert_eq!(host_and_port(written), want.map(|(host, port)| (host.to_owned(), port)), "{written}");
        }
    }
}
