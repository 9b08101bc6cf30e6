//! Credentials by Secret name. A Secret says for which host it is: git names both the Secret and the repository, and must not
//! be able to send one to the other's.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use teal_render::helm::ChartError;

use super::{ReadSecret, failed};

/// How to prove who asks. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Auth {
    Basic { username: String, password: String },
    Bearer(String),
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Auth(…)")
    }
}

impl Auth {
    /// The value of the `Authorization` header.
    pub(crate) fn header(&self) -> String {
        match self {
            Self::Basic { username, password } => {
                format!("Basic {}", STANDARD.encode(format!("{username}:{password}")))
            }
            Self::Bearer(token) => format!("Bearer {token}"),
        }
    }
}

/// Reads the Secret `name` for `host`.
///
/// # Errors
/// When it can't be read, is for another host, or holds no credentials; never with a value in the message.
pub(crate) fn read(name: &str, host: &str, secrets: Option<&ReadSecret>) -> Result<Auth, ChartError> {
    let Some(secrets) = secrets else {
        return Err(failed(format!("Secret {name} can't be read without a cluster")));
    };
    let data = secrets(name).map_err(failed)?;
    from_data(&data, host).map_err(|problem| failed(format!("Secret {name}: {problem}")))
}

fn from_data(data: &BTreeMap<String, Vec<u8>>, host: &str) -> Result<Auth, String> {
    if let Some(config) = data.get(".dockerconfigjson") {
        return from_docker(config, host);
    }
    let text = |key: &str| match data.get(key) {
        None => Ok(None),
        Some(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Some(text.trim_end_matches('\n').to_owned())),
            Err(_) => Err(format!("key {key} is no text")),
        },
    };
    match text("host")? {
        None => return Err(format!("does not say for which host it is; add the key `host` with the value `{host}`")),
        Some(own) if !own.eq_ignore_ascii_case(host) => {
            return Err(format!("is for another host than `{host}`; its key `host` decides"));
        }
        Some(_) => {}
    }
    match (text("bearerToken")?, text("username")?, text("password")?) {
        (Some(token), _, _) => Ok(Auth::Bearer(token)),
        (None, Some(username), Some(password)) => Ok(Auth::Basic { username, password }),
        _ => Err("needs the keys username and password, or bearerToken".to_owned()),
    }
}

fn from_docker(config: &[u8], host: &str) -> Result<Auth, String> {
    let config: Value = serde_json::from_slice(config).map_err(|_| ".dockerconfigjson is no JSON".to_owned())?;
    let auths = config.get("auths").and_then(Value::as_object);
    let of_host = |address: &str| {
        let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default().eq_ignore_ascii_case(host)
    };
    let entry = auths.into_iter().flatten().find(|(address, _)| of_host(address));
    let Some((_, entry)) = entry else { return Err(format!("has nothing for `{host}` under `auths`")) };
    let text = |key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
    if let (Some(username), Some(password)) = (text("username"), text("password")) {
        return Ok(Auth::Basic { username, password });
    }
    let packed = text("auth").and_then(|packed| STANDARD.decode(packed).ok());
    let packed = packed.and_then(|packed| String::from_utf8(packed).ok());
    match packed.as_deref().and_then(|packed| packed.split_once(':')) {
        Some((username, password)) => Ok(Auth::Basic { username: username.to_owned(), password: password.to_owned() }),
        None => Err(format!("has no user name and password for `{host}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(pairs: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec())).collect()
    }

    #[test]
    fn g9_a_secret_goes_to_its_own_host_and_into_no_message() {
        let basic = Auth::Basic { username: "u".into(), password: "hunter2".into() };
        let docker = r#"{"auths": {"https://a.example/v1/": {"auth": "dTpodW50ZXIy"}, "b.example": {"username": "u", "password": "hunter2"}}}"#;
        for (pairs, host, want) in [
            (
                vec![("host", "a.example"), ("username", "u"), ("password", "hunter2\n")],
                "a.example",
                Some(basic.clone()),
            ),
            (vec![("host", "a.example"), ("username", "u"), ("password", "hunter2")], "evil.example", None),
            (vec![("username", "u"), ("password", "hunter2")], "a.example", None),
            (vec![("host", "a.example"), ("username", "u")], "a.example", None),
            (vec![("host", "A.example"), ("bearerToken", "t")], "a.example", Some(Auth::Bearer("t".into()))),
            (vec![(".dockerconfigjson", docker)], "a.example", Some(basic.clone())),
            (vec![(".dockerconfigjson", docker)], "b.example", Some(basic.clone())),
            (vec![(".dockerconfigjson", docker)], "c.example", None),
            (vec![(".dockerconfigjson", "hunter2")], "c.example", None),
        ] {
            let got = from_data(&data(&pairs), host);
            if let Err(problem) = &got {
                assert!(!problem.contains("hunter2"), "{problem}");
            }
            assert_eq!(got.ok(), want, "{host}");
        }
        assert_eq!(format!("{basic:?}"), "Auth(…)");
    }
}
