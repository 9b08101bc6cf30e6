//! One request and its answer, before and after the wire.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::AzureError;
use crate::id::ResourceId;

/// HTTP methods that ARM knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Reads.
    Get,
    /// Makes or replaces.
    Put,
    /// Changes what is named.
    Patch,
    /// Asks for an action.
    Post,
    /// Removes.
    Delete,
}

impl Method {
    /// As on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// What the sender knows of the thing it writes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Condition {
    /// Nothing: the last writer wins.
    #[default]
    None,
    /// Only if its ETag is still this one.
    IfMatch(String),
    /// Only if it does not exist.
    IfAbsent,
}

/// What the identity must be allowed; told to people when it is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs {
    /// Name of a built-in role that suffices.
    pub role: &'static str,
    /// Where to grant it: a resource id, or a vault's address.
    pub scope: String,
}

/// What a second sending would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing is changed: may be repeated.
    Read,
    /// Is sent once a call, whatever happens.
    Write,
    /// A write that its caller declares repeatable.
    Repeatable,
}

/// Which audience the token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plane {
    /// Azure Resource Manager.
    Management,
    /// A Key Vault.
    Vault,
}

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Path segments after ARM's address, unencoded.
    Segments(Vec<String>),
    /// A whole URL that Azure gave us; used verbatim.
    Verbatim(String),
}

/// One request, made and not yet sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Where.
    pub place: Place,
    /// `api-version`; empty for verbatim URLs.
    pub version: &'static str,
    /// Further query parameters.
    pub query: Vec<(&'static str, String)>,
    /// JSON body.
    pub body: Option<Value>,
    /// Precondition.
    pub condition: Condition,
    /// What the identity must be allowed.
    pub needs: Needs,
    /// What a second sending would do.
    pub effect: Effect,
    /// Whose token.
    pub plane: Plane,
    /// Metric label: `dns`, `frontDoor`, …
    pub service: &'static str,
    /// For people: `reading the A record set aks of contoso.com`.
    pub what: String,
}

impl Request {
    /// The subscription that it is counted for, in lower case; `None` for what belongs to no subscription.
    pub(crate) fn subscription(&self) -> Option<String> {
        let path = match &self.place {
            Place::Segments(segments) => segments.clone(),
            Place::Verbatim(url) => {
                let url = reqwest::Url::parse(url).ok()?;
                url.path_segments()?.map(str::to_owned).collect()
            }
        };
        match path.as_slice() {
            [first, id, ..] if first.eq_ignore_ascii_case("subscriptions") => Some(id.to_ascii_lowercase()),
            _ => None,
        }
    }

    /// A read of a resource.
    #[must_use]
    pub fn get(service: &'static str, id: &ResourceId, version: &'static str, needs: Needs) -> Self {
        Self {
            method: Method::Get,
            place: Place::Segments(segments(id.as_str())),
            version,
            query: Vec::new(),
            body: None,
            condition: Condition::None,
            needs,
            effect: Effect::Read,
            plane: Plane::Management,
            service,
            what: format!("reading {id}"),
        }
    }

    /// A read of a URL that Azure gave us.
    #[must_use]
    pub fn verbatim(service: &'static str, url: String, what: String, needs: Needs) -> Self {
        Self {
            method: Method::Get,
            place: Place::Verbatim(url),
            version: "",
            query: Vec::new(),
            body: None,
            condition: Condition::None,
            needs,
            effect: Effect::Read,
            plane: Plane::Management,
            service,
            what,
        }
    }

    /// The same by another method, as a write.
    #[must_use]
    pub fn write(mut self, method: Method, body: Option<Value>, what: impl Into<String>) -> Self {
        self.method = method;
        self.body = body;
        self.effect = Effect::Write;
        self.what = what.into();
        self
    }

    /// The same, told to people in other words.
    #[must_use]
    pub fn told(mut self, what: impl Into<String>) -> Self {
        self.what = what.into();
        self
    }

    /// The same below the resource: `{path}/{part}…`.
    #[must_use]
    pub fn at(mut self, parts: &[&str]) -> Self {
        if let Place::Segments(segments) = &mut self.place {
            segments.extend(parts.iter().map(|part| (*part).to_owned()));
        }
        self
    }

    /// The same with a query parameter more.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// The same under a condition.
    #[must_use]
    pub fn when(mut self, condition: Condition) -> Self {
        self.condition = condition;
        self
    }

    /// The same; the caller knows that sending it twice is as sending it once.
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        if self.effect == Effect::Write {
            self.effect = Effect::Repeatable;
        }
        self
    }

    /// Could this have changed something?
    #[must_use]
    pub fn writes(&self) -> bool {
        self.effect != Effect::Read
    }

    /// The path, unencoded, without the query; the whole URL of a verbatim one.
    #[must_use]
    pub fn path(&self) -> String {
        match &self.place {
            Place::Segments(segments) => segments.iter().fold(String::new(), |path, part| path + "/" + part),
            Place::Verbatim(url) => url.clone(),
        }
    }
}

/// The segments of an id.
pub(crate) fn segments(id: &str) -> Vec<String> {
    id.trim_start_matches('/').split('/').map(str::to_owned).collect()
}

/// An answer with a status of success.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answer {
    /// HTTP status, 200 to 299.
    pub status: u16,
    /// `ETag`, without quotes.
    pub etag: Option<String>,
    /// `Azure-AsyncOperation`.
    pub asynchronous: Option<String>,
    /// `Location`.
    pub location: Option<String>,
    /// `Retry-After`.
    pub retry_after: Option<Duration>,
    /// `x-ms-request-id`.
    pub request_id: Option<String>,
    /// The body; `Null` when there is none.
    pub body: Value,
}

impl Answer {
    /// Reads the body as a type.
    ///
    /// # Errors
    /// [`AzureError::Odd`] with where it is odd.
    pub fn read<T: DeserializeOwned>(&self, what: &str) -> Result<T, AzureError> {
        read(&self.body, what)
    }
}

/// Reads JSON as a type.
///
/// # Errors
/// [`AzureError::Odd`] with where it is odd.
pub fn read<T: DeserializeOwned>(value: &Value, what: &str) -> Result<T, AzureError> {
    serde_json::from_value(value.clone())
        .map_err(|error| AzureError::Odd { what: what.to_owned(), why: error.to_string() })
}
