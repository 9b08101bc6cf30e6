//! Long-running operations: polled at the URL that Azure gave, verbatim, and resumable from a stored one.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::body;
use crate::client::Client;
use crate::error::AzureError;
use crate::id::ResourceId;
use crate::request::{Answer, Needs, Request};

/// Where an operation's progress is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// `Azure-AsyncOperation`: `{"status": …}`.
    Asynchronous(String),
    /// `Location`: 202 while it runs.
    Location(String),
    /// The resource's own `provisioningState`.
    Resource {
        /// Which resource.
        id: ResourceId,
        /// Its api-version.
        version: &'static str,
    },
}

/// How far an operation is.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// At work; ask again after this, when Azure said so.
    Running(Option<Duration>),
    /// Done.
    Succeeded,
    /// Ended without success.
    Failed {
        /// Such as `Canceled` or an error code.
        code: String,
        /// Azure's words.
        message: String,
    },
    /// Azure knows it no more: only the resource itself tells how it ended.
    Lost,
}

impl Operation {
    /// The operation that an answer to a write started; `None` when all is done. `request` must name a resource.
    #[must_use]
    pub fn started(request: &Request, answer: &Answer) -> Option<Self> {
        let state = provisioning(&answer.body);
        let at_work =
            matches!(answer.status, 201 | 202) || state.as_deref().is_some_and(|state| progress(state).is_none());
        if !at_work {
            return None;
        }
        if let Some(url) = &answer.asynchronous {
            return Some(Self::Asynchronous(url.clone()));
        }
        if let Some(url) = answer.location.as_ref().filter(|_| answer.status == 202) {
            return Some(Self::Location(url.clone()));
        }
        // 201 of a synchronous service: made, and no state that says otherwise.
        if answer.status == 201 && state.as_deref().is_none_or(|state| progress(state).is_some()) {
            return None;
        }
        let id = request.path().parse().ok()?;
        Some(Self::Resource { id, version: request.version })
    }

    /// One line to be stored; [`Operation::stored`] reads it back. Signed URLs may have more than 4 KiB.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Asynchronous(url) => format!("a:{url}"),
            Self::Location(url) => format!("l:{url}"),
            Self::Resource { id, version } => format!("r:{version}:{id}"),
        }
    }

    /// Reads [`Operation::to_text`] back; `None` for anything else. The api-version must be one that we speak.
    #[must_use]
    pub fn stored(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        match kind {
            "a" => Some(Self::Asynchronous(rest.to_owned())),
            "l" => Some(Self::Location(rest.to_owned())),
            "r" => {
                let (version, id) = rest.split_once(':')?;
                let version = crate::versions::ALL.iter().find(|known| **known == version)?;
                Some(Self::Resource { id: id.parse().ok()?, version })
            }
            _ => None,
        }
    }
}

impl Client {
    /// Asks once how far an operation is. `needs`: what reading it needs.
    ///
    /// # Errors
    /// See [`AzureError`]; an operation that is not known any more is [`Progress::Lost`], no error.
    pub async fn poll(
        &self,
        service: &'static str,
        operation: &Operation,
        needs: Needs,
    ) -> Result<Progress, AzureError> {
        let what = "asking how far an operation is";
        let request = match operation {
            Operation::Asynchronous(url) | Operation::Location(url) => {
                Request::verbatim(service, url.clone(), what.to_owned(), needs)
            }
            Operation::Resource { id, version } => Request::get(service, id, version, needs).told(what),
        };
        let answer = match self.send(&request).await {
            Ok(answer) => answer,
            Err(AzureError::NotFound { .. }) => return Ok(Progress::Lost),
            Err(error) => return Err(error),
        };
        Ok(match operation {
            Operation::Asynchronous(_) => of_status(&answer),
            Operation::Location(_) if answer.status == 202 => Progress::Running(answer.retry_after),
            Operation::Location(_) => Progress::Succeeded,
            Operation::Resource { .. } => match provisioning(&answer.body) {
                None => Progress::Succeeded,
                Some(state) => ended(&state, &answer.body).unwrap_or(Progress::Running(answer.retry_after)),
            },
        })
    }

    /// Polls until the end, at most `patience`; `None` when that has passed. Between two polls it waits what Azure
    /// asks for, else `every`, and never more than a minute.
    ///
    /// # Errors
    /// As [`Client::poll`], but for what may be better at the next poll.
    pub async fn wait(
        &self,
        service: &'static str,
        operation: &Operation,
        needs: Needs,
        every: Duration,
        patience: Duration,
    ) -> Result<Option<Progress>, AzureError> {
        let until = Instant::now() + patience;
        loop {
            let pause = match self.poll(service, operation, needs.clone()).await {
                Ok(Progress::Running(asked)) => asked.unwrap_or(every),
                Ok(ended) => return Ok(Some(ended)),
                Err(error) if error.transient() => error.retry_after().unwrap_or(every),
                Err(error) => return Err(error),
            };
            let pause = pause.min(crate::client::LONGEST_POLL);
            if Instant::now() + pause > until {
                return Ok(None);
            }
            tokio::time::sleep(pause).await;
        }
    }
}

/// The `status` of an operation's own document; a missing one means done.
fn of_status(answer: &Answer) -> Progress {
    match answer.body.get("status").and_then(Value::as_str) {
        None if answer.status == 202 => Progress::Running(answer.retry_after),
        None => Progress::Succeeded,
        Some(status) => ended(status, &answer.body).unwrap_or(Progress::Running(answer.retry_after)),
    }
}

/// The end that a state names, with the error that came with it.
fn ended(state: &str, body: &Value) -> Option<Progress> {
    if progress(state)? {
        return Some(Progress::Succeeded);
    }
    let said = body.get("error").or_else(|| body.pointer("/properties/error")).map(|error| body::of(error, 3));
    let said = said.unwrap_or_default();
    let code = if said.code.is_empty() { state.to_owned() } else { said.code };
    Some(Progress::Failed { code, message: said.message })
}

/// `Some(true)` for success, `Some(false)` for another end, `None` for work. Only three words are ends.
fn progress(state: &str) -> Option<bool> {
    match state.to_ascii_lowercase().as_str() {
        "succeeded" => Some(true),
        "failed" | "canceled" | "cancelled" => Some(false),
        _ => None,
    }
}

fn provisioning(body: &Value) -> Option<String> {
    body.pointer("/properties/provisioningState").and_then(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::request::Method;

    const ID: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Cdn/profiles/p";

    fn request() -> Request {
        let needs = Needs { role: "r", scope: ID.into() };
        Request::get("frontDoor", &ID.parse().unwrap(), crate::versions::FRONT_DOOR, needs).write(
            Method::Patch,
            None,
            "x",
        )
    }

    fn started(status: u16, asynchronous: Option<&str>, location: Option<&str>, body: Value) -> Option<String> {
        let text = |text: Option<&str>| text.map(str::to_owned);
        let answer =
            Answer { status, asynchronous: text(asynchronous), location: text(location), body, ..Answer::default() };
        Operation::started(&request(), &answer).map(|operation| operation.to_text())
    }

    #[test]
    fn an_operation_is_found_where_azure_tells_it() {
        let state = |state: &str| json!({"properties": {"provisioningState": state}});
        let resource = format!("r:2025-06-01:{ID}");
        for (rule, got, want) in [
            ("done at once", started(200, None, None, state("Succeeded")), None),
            ("done without a state", started(200, None, None, json!({})), None),
            ("made at once", started(201, None, None, json!({})), None),
            ("accepted", started(202, Some("https://a"), Some("https://l"), state("Updating")), Some("a:https://a")),
            ("accepted, only a place", started(202, None, Some("https://l"), Value::Null), Some("l:https://l")),
            ("accepted without a word", started(202, None, None, Value::Null), Some(resource.as_str())),
            ("200 and at work", started(200, None, None, state("Updating")), Some(resource.as_str())),
            (
                "200, at work, with a header",
                started(200, Some("https://a"), None, state("Updating")),
                Some("a:https://a"),
            ),
            ("201 and at work", started(201, None, Some("https://x"), state("Creating")), Some(resource.as_str())),
            ("a header on what is done", started(200, Some("https://a"), None, state("Succeeded")), None),
        ] {
            assert_eq!(got.as_deref(), want, "{rule}");
        }
    }

    #[test]
    fn a_stored_operation_is_the_same_again() {
        let long = format!("https://management.azure.com/x?t=1&c={}&s=%2F%3D", "A".repeat(6000));
        for operation in [
            Operation::Asynchronous(long.clone()),
            Operation::Location(long),
            Operation::Resource { id: ID.parse().unwrap(), version: crate::versions::FRONT_DOOR },
        ] {
            assert_eq!(Operation::stored(&operation.to_text()), Some(operation));
        }
        for odd in ["", "a", "z:x", "r:1999-01-01:/subscriptions/s", "r:2025-06-01:nothing"] {
            assert_eq!(Operation::stored(odd), None, "{odd}");
        }
    }

    #[test]
    fn states_end_in_three_words_only() {
        let of = |body: Value| of_status(&Answer { status: 200, body, ..Answer::default() });
        assert_eq!(of(json!({"status": "Succeeded"})), Progress::Succeeded);
        assert_eq!(of(json!({"status": "succeeded"})), Progress::Succeeded);
        assert_eq!(of(json!({})), Progress::Succeeded);
        assert_eq!(of(json!({"status": "InProgress"})), Progress::Running(None));
        assert_eq!(of(json!({"status": "SomethingNew"})), Progress::Running(None));
        let failed = of(json!({"status": "Failed", "error": {"code": "Boom", "message": "it broke"}}));
        assert_eq!(failed, Progress::Failed { code: "Boom".into(), message: "it broke".into() });
        let cancelled = of(json!({"status": "Canceled"}));
        assert_eq!(cancelled, Progress::Failed { code: "Canceled".into(), message: String::new() });
        let odd = of_status(&Answer { status: 202, ..Answer::default() });
        assert_eq!(odd, Progress::Running(None));
    }
}
