//! Which route takes a request.

use super::config::Route;

/// What became of looking for a route.
#[derive(Debug)]
pub(crate) enum Found<'a> {
    /// This one takes it; the text is what of the path its pattern's `/*` stood for (the whole path if none).
    Route(&'a Route, String),
    /// A client over HTTP is sent to HTTPS.
    ToHttps,
    /// None takes it.
    Nothing,
}

/// Finds the route for a request to `host` (without a port, any case) and `path` (starts with `/`, no query). The
/// longest pattern wins, an exact one before `/*` of the same length.
#[must_use]
pub(crate) fn find<'a>(routes: &'a [Route], host: &str, path: &str, https: bool) -> Found<'a> {
    let host = host.to_ascii_lowercase();
    let best = routes
        .iter()
        .filter(|route| route.hosts.contains(&host))
        .flat_map(|route| route.patterns.iter().map(move |pattern| (route, pattern)))
        .filter_map(|(route, pattern)| Some((rank(pattern, path)?, route, pattern)))
        .max_by_key(|(rank, ..)| *rank);
    let Some((_, route, pattern)) = best else { return Found::Nothing };
    if !https && route.https_redirect {
        return Found::ToHttps;
    }
    if (https && !route.https) || (!https && !route.http) {
        return Found::Nothing;
    }
    let kept = match pattern.strip_suffix('*') {
        Some(prefix) => path.get(prefix.len().saturating_sub(1)..).filter(|p| p.starts_with('/')).unwrap_or("/"),
        None => path,
    };
    Found::Route(route, kept.to_owned())
}

/// How well `pattern` fits: longer is better, exact is better; `None` if it doesn't fit at all.
fn rank(pattern: &str, path: &str) -> Option<(usize, bool)> {
    match pattern.strip_suffix('*') {
        Some(prefix) => {
            let start = path.get(..prefix.len())?;
            start.eq_ignore_ascii_case(prefix).then_some((prefix.len(), false))
        }
        None => path.eq_ignore_ascii_case(pattern).then_some((pattern.len(), true)),
    }
}

/// The path an origin is asked for: `origin_path` in place of what the pattern matched, else the path as it came.
#[must_use]
pub(crate) fn origin_path(route: &Route, path: &str, kept: &str) -> String {
    match &route.origin_path {
        None => path.to_owned(),
        Some(base) => {
            let base = base.trim_end_matches('/');
            let slash = if base.starts_with('/') { "" } else { "/" };
            format!("{slash}{base}{kept}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front_door::config::Forwarding;

    fn route(name: &str, patterns: &[&str]) -> Route {
        Route {
            caching: None,
            name: name.to_owned(),
            hosts: vec!["www.contoso.com".to_owned()],
            patterns: patterns.iter().map(|p| (*p).to_owned()).collect(),
            http: true,
            https: true,
            https_redirect: false,
            group: String::new(),
            origin_path: None,
            forwarding: Forwarding::MatchRequest,
            rules: Vec::new(),
        }
    }

    fn taken(routes: &[Route], host: &str, path: &str) -> Option<String> {
        match find(routes, host, path, true) {
            Found::Route(route, _) => Some(route.name.clone()),
            _ => None,
        }
    }

    #[test]
    fn the_longest_pattern_wins() {
        let routes = [route("all", &["/*"]), route("api", &["/api/*"]), route("one", &["/api/one", "/other"])];
        for (path, expected) in [
            ("/", "all"),
            ("/apis", "all"),
            ("/api/", "api"),
            ("/API/two", "api"),
            ("/api/one", "one"),
            ("/api/one/more", "api"),
            ("/other", "one"),
        ] {
            assert_eq!(taken(&routes, "WWW.contoso.com", path).as_deref(), Some(expected), "{path}");
        }
        assert_eq!(taken(&routes, "contoso.com", "/"), None);
        assert_eq!(taken(&routes[1..], "www.contoso.com", "/"), None);
    }

    #[test]
    fn protocols_and_redirects() {
        let mut only_https = route("r", &["/*"]);
        only_https.http = false;
        assert!(matches!(find(&[only_https.clone()], "www.contoso.com", "/", false), Found::Nothing));
        only_https.https_redirect = true;
        assert!(matches!(find(&[only_https.clone()], "www.contoso.com", "/", false), Found::ToHttps));
        assert!(matches!(find(&[only_https], "www.contoso.com", "/", true), Found::Route(..)));
    }

    #[test]
    fn the_origin_path_takes_the_place_of_the_pattern() {
        let mut api = route("api", &["/api/*"]);
        for (base, path, expected) in
            [(None, "/api/x", "/api/x"), (Some("/v1/"), "/api/x", "/v1/x"), (Some("v1"), "/api/", "/v1/")]
        {
            api.origin_path = base.map(str::to_owned);
            let routes = [api.clone()];
            let Found::Route(found, kept) = find(&routes, "www.contoso.com", path, true) else { panic!("no route") };
            assert_eq!(origin_path(found, path, &kept), expected, "{base:?} {path}");
        }
    }
}
