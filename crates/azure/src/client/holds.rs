//! What Azure asked to be left alone with. Until then nothing more is sent there, whoever asks, and what it said is said
//! again: a service that is asked on while it throttles goes on throttling.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::error::AzureError;
use crate::request::{Place, Request};

/// Path segments that name a resource of its own: `subscriptions/S/resourceGroups/G/providers/N/T/R`. What lies below is
/// throttled and locked with it, but for lists.
const RESOURCE: usize = 8;

/// What is asked for, each with a budget of its own at Azure: a zone allows 60 lists a minute, and 2000 reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Work {
    /// One thing, by its name.
    Read,
    /// Everything of a kind, or what a metric tells: each by itself. A Front Door's origins are needed for the way back,
    /// its routes and rules are not.
    List,
    /// A change.
    Write,
}

/// What is left alone: a resource with what lies below it, or one list, for one kind of work.
type Key = (String, Work);

/// What is left alone, until when.
#[derive(Debug, Default)]
pub(super) struct Holds(Mutex<HashMap<Key, (Instant, AzureError)>>);

impl Holds {
    /// What Azure said of this resource, while it is to be left alone; nothing is sent then.
    pub(super) fn standing(&self, request: &Request) -> Option<AzureError> {
        let key = key(request)?;
        let now = Instant::now();
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|_, (until, _)| *until > now);
        let (until, error) = held.get(&key)?;
        Some(again(error, request, until.duration_since(now)))
    }

    /// Notes when Azure wants to be asked again, `longest` from now at most; returns how long that is.
    pub(super) fn note(&self, request: &Request, error: &AzureError, longest: Duration) -> Option<Duration> {
        let wait = error.retry_after().filter(|wait| !wait.is_zero())?.min(longest);
        let key = key(request)?;
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.insert(key, (Instant::now() + wait, error.clone()));
        Some(wait)
    }
}

/// Addresses that Azure gave us are polled as it says, and are left out.
fn key(request: &Request) -> Option<Key> {
    match &request.place {
        Place::Segments(segments) => {
            // A name follows the word for its kind: a path that ends with such a word names many.
            let work = match (request.writes(), segments.len() % 2) {
                (true, _) => Work::Write,
                (false, 0) => Work::Read,
                (false, _) => Work::List,
            };
            let named = if work == Work::List { segments.len() } else { RESOURCE };
            let path: Vec<String> = segments.iter().take(named).map(|part| part.to_lowercase()).collect();
            Some((path.join("/"), work))
        }
        Place::Verbatim(_) => None,
    }
}

/// The same refusal for another request, of which nothing was sent.
fn again(error: &AzureError, request: &Request, left: Duration) -> AzureError {
    let mut error = error.clone();
    if let AzureError::Busy { what, retry_after, .. }
    | AzureError::Throttled { what, retry_after, .. }
    | AzureError::Server { what, retry_after, .. } = &mut error
    {
        what.clone_from(&request.what);
        *retry_after = Some(left);
    }
    if let AzureError::Server { wrote, .. } = &mut error {
        *wrote = false;
    }
    error
}
