//! Makes a copy of an answer while it goes to the client.

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, StatusCode};

use super::copies::{self, Copy, Keeping, Key, LARGEST, keeping};
use super::decide::Plan;
use super::headers::strip;
use crate::front_door::caching::Caching;
use crate::shared::Shared;

/// What becomes of one answer.
pub(super) struct Recorder {
    shared: Shared,
    endpoint: (String, String),
    asked: HeaderMap,
    caching: Option<(Key, Caching)>,
    keeping: Keeping,
    begun: Option<(StatusCode, HeaderMap)>,
    body: Vec<u8>,
    /// How long the body will be, where the origin says so: then nobody waits for its end.
    length: Option<usize>,
}

impl Recorder {
    /// For an answer to a request with these headers.
    pub(super) fn of(shared: &Shared, plan: &Plan, asked: &HeaderMap) -> Self {
        Self {
            shared: shared.clone(),
            endpoint: (plan.profile.id.clone(), plan.endpoint.clone()),
            asked: if plan.caching.is_some() { asked.clone() } else { HeaderMap::new() },
            caching: plan.caching.clone(),
            keeping: Keeping::No,
            begun: None,
            body: Vec::new(),
            length: None,
        }
    }

    /// The answer has begun: is it one that is kept?
    pub(super) fn begin(&mut self, status: StatusCode, headers: &HeaderMap) {
        let Some((_, caching)) = &self.caching else { return };
        let dice = self.shared.with(|world| world.random.unit());
        self.keeping = keeping(caching, &self.asked, status, headers, dice);
        if let Keeping::For(_) = self.keeping {
            let mut headers = headers.clone();
            strip(&mut headers);
            self.length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
            self.begun = Some((status, headers));
            self.whole_by_length();
        }
    }

    /// The answer's `X-Cache`.
    pub(super) fn word(&self) -> &'static str {
        match (&self.caching, self.keeping) {
            (None, _) => "CONFIG_NOCACHE",
            (Some(_), Keeping::Forbidden) => "PRIVATE_NOSTORE",
            (Some(_), _) => "TCP_MISS",
        }
    }

    /// Some of the body went by.
    pub(super) fn take(&mut self, chunk: &[u8]) {
        if self.body.len() + chunk.len() > LARGEST {
            self.begun = None;
        }
        if self.begun.is_some() {
            self.body.extend_from_slice(chunk);
            self.whole_by_length();
        }
    }

    fn whole_by_length(&mut self) {
        if self.length == Some(self.body.len()) {
            self.end();
        }
    }

    /// The answer was whole: it is kept, once.
    pub(super) fn end(&mut self) {
        let (Some((key, _)), Some((status, headers)), Keeping::For(time)) =
            (self.caching.clone(), self.begun.take(), self.keeping)
        else {
            return;
        };
        let (endpoint, body) = (self.endpoint.clone(), Bytes::from(std::mem::take(&mut self.body)));
        self.shared.with(|world| {
            let (since, until) = (world.now(), world.after(time));
            copies::keep(world, key, Copy { endpoint, status, headers, body, since, until });
        });
    }
}
