//! Variables of a request in the values of rules: `{client_ip}`, or a piece of one, `{url_path:1:3}`.

use super::rules::Seen;

/// Puts the request's values where their names stand in braces. What is no variable stays as it is.
#[must_use]
pub(crate) fn expand(text: &str, seen: &Seen<'_>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        match after.split_once('}').and_then(|(inside, left)| Some((value(inside, seen)?, left))) {
            Some((value, left)) => {
                out.push_str(&value);
                rest = left;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out + rest
}

/// The value of a variable, cut as told: an offset and a length, each from the end when negative.
fn value(inside: &str, seen: &Seen<'_>) -> Option<String> {
    let mut parts = inside.split(':');
    let whole = variable(parts.next()?, seen)?;
    let letters: Vec<char> = whole.chars().collect();
    let all = i64::try_from(letters.len()).ok()?;
    let offset: i64 = parts.next().map_or(Some(0), |text| text.parse().ok())?;
    let length: i64 = parts.next().map_or(Some(all), |text| text.parse().ok())?;
    let start = if offset < 0 { all + offset } else { offset }.clamp(0, all);
    let end = if length < 0 { all + length } else { start.saturating_add(length) }.clamp(start, all);
    Some(letters[usize::try_from(start).ok()?..usize::try_from(end).ok()?].iter().collect())
}

fn variable(name: &str, seen: &Seen<'_>) -> Option<String> {
    let question = if seen.query.is_empty() { String::new() } else { format!("?{}", seen.query) };
    Some(match name.to_ascii_lowercase().as_str() {
        "client_ip" => seen.first_client().to_owned(),
        "socket_ip" => seen.client.to_owned(),
        "client_port" => seen.client_port.to_string(),
        "hostname" => seen.host.to_owned(),
        "http_method" => seen.method.to_owned(),
        "http_version" => seen.version.to_owned(),
        "query_string" => seen.query.to_owned(),
        "request_scheme" => seen.scheme().to_owned(),
        "request_uri" => format!("{}://{}{}{question}", seen.scheme(), seen.host, seen.path),
        "server_port" => seen.server_port().to_string(),
        "url_path" => seen.path.to_owned(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_put_in_and_cut() {
        let seen = Seen {
            method: "GET",
            host: "www.contoso.com",
            path: "/a/b",
            query: "q=1",
            client: "10.0.0.1",
            headers: vec![("X-Forwarded-For".to_owned(), "192.0.2.7, 10.9.9.9".to_owned())],
            ..Seen::default()
        };
        for (text, expected) in [
            ("{client_ip}-{socket_ip}", "192.0.2.7-10.0.0.1"),
            ("{request_uri}", "http://www.contoso.com/a/b?q=1"),
            ("x{URL_PATH:1}y", "xa/by"),
            ("{hostname:0:3}.{hostname:-3}", "www.com"),
            ("{hostname:4:-4}", "contoso"),
            ("{hostname:90:2}|", "|"),
            ("{unknown} {", "{unknown} {"),
            ("{{http_method}}", "{GET}"),
        ] {
            assert_eq!(expand(text, &seen), expected, "{text}");
        }
    }
}
