//! One message to a name server and one back.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use hickory_proto::op::{Message, Query};
use hickory_proto::rr::{Name, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

/// Longest wait for an answer on this machine; longer than any pause of a busy one. Who is in more of a hurry limits it.
const WAIT: Duration = Duration::from_secs(30);

/// Sends a message and returns the answer's bytes.
pub(super) async fn exchange(server: SocketAddr, message: &[u8], tcp: bool) -> Result<Vec<u8>> {
    let answer = async { if tcp { stream(server, message).await } else { datagram(server, message).await } };
    timeout(WAIT, answer).await.with_context(|| format!("{server} did not answer within {WAIT:?}"))?
}

/// Asks one question by UDP, by TCP when the answer was cut.
pub(super) async fn ask(server: SocketAddr, name: &Name, kind: RecordType) -> Result<Message> {
    let mut message = Message::query();
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name.clone(), kind));
    let bytes = message.to_vec()?;
    let answer = Message::from_vec(&exchange(server, &bytes, false).await?)?;
    let answer =
        if answer.metadata.truncation { Message::from_vec(&exchange(server, &bytes, true).await?)? } else { answer };
    if answer.metadata.id != message.metadata.id {
        bail!("{server} answered another question");
    }
    Ok(answer)
}

async fn datagram(server: SocketAddr, message: &[u8]) -> Result<Vec<u8>> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
    socket.connect(server).await?;
    socket.send(message).await?;
    let mut buffer = vec![0; 65_535];
    let length = socket.recv(&mut buffer).await.with_context(|| format!("ask {server}"))?;
    buffer.truncate(length);
    Ok(buffer)
}

async fn stream(server: SocketAddr, message: &[u8]) -> Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await.with_context(|| format!("connect to {server}"))?;
    stream.set_nodelay(true)?;
    let mut framed = u16::try_from(message.len())?.to_be_bytes().to_vec();
    framed.extend_from_slice(message);
    stream.write_all(&framed).await?;
    let mut answer = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}
