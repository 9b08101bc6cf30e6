//! What all followers in Azure share: one writer by ledger claim, one write a call, read before and after.

use std::time::Duration;

use teal_azure::{AzureError, Client, Needs, Operation};

use crate::config::{ConfigMistake, ConfigMistakes};
use crate::error::{Doubt, Seen, TargetError};
use crate::flow::{Progress, RoutedNow, Settled, Split, Written};

/// Longest that ARM keeps a request after its sender has left; an assumption: Azure documents no bound.
pub(crate) const LATE: Duration = Duration::from_secs(120);

/// One write attempt and its reading back.
pub(crate) fn request_life(client: &Client) -> Duration {
    let retry = client.retry();
    retry.attempt.saturating_add(retry.deadline)
}

/// A mistake in a resource's place.
pub(crate) fn place(kind: &'static str) -> impl Fn(teal_azure::id::IdError) -> ConfigMistakes {
    move |error| ConfigMistakes(vec![ConfigMistake::Place { kind, why: error.to_string() }])
}

/// Asks once how far an operation is, as it was stored.
pub(crate) async fn poll(
    client: &Client,
    service: &'static str,
    name: &str,
    needs: Needs,
    operation: &str,
) -> Result<Progress, TargetError> {
    let Some(operation) = Operation::stored(operation) else { return Ok(Progress::Lost) };
    let progress = client.poll(service, &operation, needs).await.map_err(|error| TargetError::azure(name, error))?;
    Ok(match progress {
        teal_azure::Progress::Running(after) => Progress::Running { after },
        teal_azure::Progress::Succeeded => Progress::Succeeded,
        teal_azure::Progress::Failed { code, message } => Progress::Failed { why: format!("{code}: {message}") },
        teal_azure::Progress::Lost => Progress::Lost,
    })
}

/// What comes before every write: nothing is written over something foreign, onto work in progress, or for nothing.
pub(crate) fn unneeded(name: &str, now: &RoutedNow, split: &Split) -> Result<Option<Written>, TargetError> {
    if let Some(what) = &now.foreign {
        return Err(TargetError::Strange { target: name.to_owned(), what: what.clone() });
    }
    if let Settled::Working { operation, .. } = &now.settled {
        return Ok(Some(Written::Working { operation: operation.clone(), now: now.clone() }));
    }
    Ok(now.is(split).then(|| Written::Done(now.clone())))
}

/// What a write came to, once the target has been read back. An answer that got lost is decided by what was read: as
/// asked or at work, or it stays unknown, for the write may yet land.
pub(crate) fn judged(
    name: &str,
    server: &str,
    sent: Result<Option<Operation>, AzureError>,
    back: Result<RoutedNow, TargetError>,
    done: impl Fn(&RoutedNow) -> bool,
) -> Result<Written, TargetError> {
    let unknown = |error: &AzureError, seen| TargetError::Unknown {
        record: name.to_owned(),
        server: server.to_owned(),
        doubt: Doubt::Other(error.to_string()),
        seen,
    };
    match (sent, back) {
        (Ok(operation), Ok(now)) => Ok(written(operation, now, &done)),
        (Ok(operation), Err(error)) => {
            // Taken, and not read back: claimed as nothing but work to be looked after.
            let operation = operation.map(|operation| operation.to_text());
            let what = format!("taken, but reading it back failed: {error}");
            let mut now = RoutedNow::foreign("");
            now.foreign = None;
            now.settled = Settled::Working { operation: operation.clone(), what };
            Ok(Written::Working { operation, now })
        }
        (Err(error), Ok(now)) if error.outcome_unknown() || matches!(error, AzureError::Odd { .. }) => {
            match &now.settled {
                Settled::Working { .. } => Ok(written(None, now, &done)),
                _ if done(&now) => Ok(written(None, now, &done)),
                _ => Err(unknown(&error, Seen::Unchanged)),
            }
        }
        (Err(error), Err(back)) if error.outcome_unknown() => Err(unknown(&error, Seen::Unread(back.to_string()))),
        (Err(error), _) => Err(TargetError::azure(name, error)),
    }
}

fn written(operation: Option<Operation>, mut now: RoutedNow, done: &impl Fn(&RoutedNow) -> bool) -> Written {
    let operation = operation.map(|operation| operation.to_text());
    if operation.is_none() && now.settled == Settled::Yes && done(&now) {
        return Written::Done(now);
    }
    if let (Some(url), Settled::Yes | Settled::Working { operation: None, .. }) = (&operation, &now.settled) {
        now.settled = Settled::Working { operation: Some(url.clone()), what: "the provider is at work".to_owned() };
    }
    Written::Working { operation, now }
}

/// `provisioningState` as settled or not.
pub(crate) fn settled(what: &str, state: &str) -> Settled {
    match state.to_ascii_lowercase().as_str() {
        "updating" | "creating" | "deleting" => Settled::Working { operation: None, what: format!("{what}: {state}") },
        "failed" | "canceled" => Settled::Failed { why: format!("{what}: its last change ended as {state}") },
        _ => Settled::Yes,
    }
}
