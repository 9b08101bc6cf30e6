//! One request: counted, checked, broken on purpose, or handed to `git http-backend` as CGI (RFC 3875).

use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, Request, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::{Access, Fault, Shared};

pub(super) async fn handle(State(shared): State<Arc<Shared>>, request: Request<axum::body::Body>) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let authorization =
        head.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let path = head.uri.path().to_owned();
    let query = head.uri.query().unwrap_or_default().to_owned();
    let pushes = path.ends_with("/git-receive-pack");
    let (access, fault, hook) = shared.with(|state| {
        let requests = &mut state.requests;
        *match (path.rsplit('/').next(), query.as_str()) {
            (Some("refs"), "service=git-upload-pack") => &mut requests.ls,
            (Some("refs"), "service=git-receive-pack") => &mut requests.receive_ls,
            (Some("git-upload-pack"), _) => &mut requests.upload_pack,
            (Some("git-receive-pack"), _) => &mut requests.receive_pack,
            _ => &mut requests.other,
        } += 1;
        state.authorizations.push(authorization.clone());
        let hook = if pushes { state.before_push.take() } else { None };
        (state.access.clone(), state.fault.clone(), hook)
    });
    if let Some(hook) = hook {
        let _ = tokio::task::spawn_blocking(hook).await;
    }
    let whole = head.uri.path_and_query().map_or("/", |both| both.as_str()).to_owned();
    let mut answer = match fault.answer(&whole, &body).await {
        Some(answer) => answer,
        None if !allowed(&access, authorization.as_deref()) => {
            (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Basic realm=\"git\"")]).into_response()
        }
        None => match cgi(&shared, &head, &path, &query, &body, &fault).await {
            Ok(answer) => answer,
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}")).into_response(),
        },
    };
    // Every request on its own connection: a fault holds from the next request on.
    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    answer
}

fn allowed(access: &Access, authorization: Option<&str>) -> bool {
    match access {
        Access::Open => true,
        Access::Basic(name, password) => {
            let pair = base64::engine::general_purpose::STANDARD.encode(format!("{name}:{password}"));
            authorization == Some(format!("Basic {pair}").as_str())
        }
        Access::Bearer(token) => authorization == Some(format!("Bearer {token}").as_str()),
    }
}

async fn cgi(
    shared: &Shared,
    head: &axum::http::request::Parts,
    path: &str,
    query: &str,
    body: &[u8],
    fault: &Fault,
) -> Result<Response> {
    let header = |name: HeaderName| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut child = Command::new("git")
        .arg("http-backend")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", &shared.root)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_PROJECT_ROOT", &shared.root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REMOTE_ADDR", "127.0.0.1")
        .env("REMOTE_USER", "tester")
        .env("REQUEST_METHOD", head.method.as_str())
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("CONTENT_TYPE", header(header::CONTENT_TYPE))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header(header::CONTENT_ENCODING))
        .env("GIT_PROTOCOL", header(HeaderName::from_static("git-protocol")))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("git http-backend does not start; is git installed?")?;
    let mut stdin = child.stdin.take().context("no stdin")?;
    let feed = async move {
        // The backend may answer without reading everything.
        let _ = stdin.write_all(body).await;
        drop(stdin);
    };
    let ((), output) = tokio::join!(feed, child.wait_with_output());
    parse(output?.stdout, fault)
}

fn parse(mut output: Vec<u8>, fault: &Fault) -> Result<Response> {
    let end = output.windows(4).position(|four| four == b"\r\n\r\n").context("no CGI header")?;
    let mut body = output.split_off(end + 4);
    if *fault == Fault::DamagedPack
        && let Some(start) = body.windows(4).position(|four| four == b"PACK")
    {
        let middle = (start + body.len()) / 2;
        if let Some(byte) = body.get_mut(middle) {
            *byte ^= 0x55;
        }
    }
    let mut answer = body.into_response();
    answer.headers_mut().clear();
    for line in String::from_utf8_lossy(&output).lines().filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ").context("not a CGI header line")?;
        if name.eq_ignore_ascii_case("status") {
            *answer.status_mut() = value.split(' ').next().unwrap_or_default().parse()?;
        } else {
            answer.headers_mut().insert(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
        }
    }
    Ok(answer)
}
