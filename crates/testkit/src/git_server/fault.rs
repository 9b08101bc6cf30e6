//! What the server can do wrong.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};

/// A fault of the server, until healed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Fault {
    /// None.
    #[default]
    None,
    /// Connections are closed as soon as they are open.
    Drop,
    /// Every request gets this status.
    Status(u16),
    /// A page of HTML instead of git's protocol, as a sign-in page.
    WebPage,
    /// Every answer waits this long.
    Slow(Duration),
    /// No request is ever answered.
    Hang,
    /// Packs never end: one object that goes on and on.
    EndlessPack,
    /// Packs arrive with one byte changed in the middle.
    DamagedPack,
    /// Every request is redirected to the same path below this address.
    RedirectTo(String),
}

impl Fault {
    /// Returns the answer that takes the place of the right one; `None` when the request is handled as usual.
    pub(super) async fn answer(&self, path_and_query: &str, body: &[u8]) -> Option<Response> {
        match self {
            Self::None | Self::Drop | Self::DamagedPack => None,
            Self::Status(code) => {
                Some(StatusCode::from_u16(*code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response())
            }
            Self::WebPage => Some(([(header::CONTENT_TYPE, "text/html")], "<h1>Sign in</h1>").into_response()),
            Self::Slow(time) => {
                tokio::time::sleep(*time).await;
                None
            }
            Self::Hang => std::future::pending().await,
            // The shallow part of the negotiation is answered as usual; `done` asks for the pack.
            Self::EndlessPack if body.ends_with(b"0009done\n") => Some(endless_pack()),
            Self::EndlessPack => None,
            Self::RedirectTo(base) => {
                Some((StatusCode::FOUND, [(header::LOCATION, format!("{base}{path_and_query}"))]).into_response())
            }
        }
    }
}

fn endless_pack() -> Response {
    let start = band(&[
        b"PACK\0\0\0\x02\0\0\0\x01".as_slice(),
        // A blob of 2^39 bytes, then a zlib stream of stored blocks.
        b"\xb0\x80\x80\x80\x80\x80\x01\x78\x01",
    ]);
    let mut block = vec![0, 0x00, 0x80, 0xff, 0x7f];
    block.resize(5 + 0x8000, 0);
    let block = Bytes::from(band(&[&block]));
    let first = Bytes::from([b"0008NAK\n".to_vec(), start].concat());
    let endless = futures::stream::unfold(Some(first), move |next| {
        let block = block.clone();
        async move {
            tokio::task::yield_now().await;
            Some((Ok::<_, std::io::Error>(next.unwrap_or(block)), None))
        }
    });
    ([(header::CONTENT_TYPE, "application/x-git-upload-pack-result")], Body::from_stream(endless)).into_response()
}

/// One packet of the pack's side band.
fn band(parts: &[&[u8]]) -> Vec<u8> {
    let data = parts.concat();
    let mut packet = format!("{:04x}", data.len() + 5).into_bytes();
    packet.push(1);
    packet.extend_from_slice(&data);
    packet
}
