//! The rules engine: conditions over a request and the actions that follow.

use serde_json::Value;

use super::caching::Caching;
use super::conditions::{Condition, condition};
use super::config::Forwarding;
use crate::check::{is, list, text};

/// What rules see of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen<'a> {
    /// `GET`, …
    pub(crate) method: &'a str,
    /// Over HTTPS.
    pub(crate) https: bool,
    /// Without a port.
    pub(crate) host: &'a str,
    /// Starts with `/`.
    pub(crate) path: &'a str,
    /// Without `?`.
    pub(crate) query: &'a str,
    /// The client's address.
    pub(crate) client: &'a str,
    /// The client's port.
    pub(crate) client_port: u16,
    /// `1.1`, …
    pub(crate) version: &'a str,
    /// Headers as they came.
    pub(crate) headers: Vec<(String, String)>,
}

impl Seen<'_> {
    /// `http` or `https`.
    pub(crate) const fn scheme(&self) -> &'static str {
        if self.https { "https" } else { "http" }
    }

    /// The port that clients of the service see, wherever the emulator listens.
    pub(crate) const fn server_port(&self) -> u16 {
        if self.https { 443 } else { 80 }
    }

    /// Where the request came from first, if proxies before say so.
    pub(crate) fn first_client(&self) -> &str {
        let chain = self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-forwarded-for"));
        chain.and_then(|(_, chain)| chain.split(',').next()).map_or(self.client, str::trim)
    }
}

/// What a rule does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Sends the request to another group.
    Group {
        /// Its id, lower case.
        group: String,
        /// How it goes on.
        forwarding: Forwarding,
    },
    /// Keeps copies of answers, or does not, whatever the route says.
    Caching(Option<Caching>),
    /// Answers with a redirect.
    Redirect {
        /// 301, 302, 307 or 308.
        status: u16,
        /// `Http`, `Https` or `MatchRequest`.
        protocol: Option<String>,
        /// Another host.
        host: Option<String>,
        /// Another path.
        path: Option<String>,
        /// Another query.
        query: Option<String>,
    },
    /// Asks the origin for another path.
    Rewrite {
        /// What must stand at the path's start.
        from: String,
        /// What takes its place.
        to: String,
        /// Keeps what followed.
        keep: bool,
    },
    /// Changes a header of the request or of the answer.
    Header {
        /// Of the answer.
        answer: bool,
        /// `Append`, `Overwrite` or `Delete`.
        how: String,
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
}

/// One rule of a set.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    /// Its place within its set, the smallest first.
    pub(crate) order: i64,
    /// Ends the evaluation when it matched.
    pub(crate) stop: bool,
    conditions: Vec<Condition>,
    actions: Vec<Action>,
}

impl Rule {
    /// Reads a rule resource. Conditions and actions of kinds that are not known never match and do nothing; they are
    /// refused when a rule is written ([`unknown`]).
    #[must_use]
    pub(crate) fn parse(body: &Value) -> Self {
        Self {
            order: body.pointer("/properties/order").and_then(Value::as_i64).unwrap_or(0),
            stop: is(body, "/properties/matchProcessingBehavior", "Stop"),
            conditions: list(body, "/properties/conditions").iter().map(condition).collect(),
            actions: list(body, "/properties/actions").iter().flat_map(actions).collect(),
        }
    }

    /// What it does when it matches.
    pub(crate) fn actions(&self) -> &[Action] {
        &self.actions
    }

    /// Whether all its conditions hold; a rule without conditions always matches.
    #[must_use]
    pub(crate) fn matches(&self, seen: &Seen<'_>) -> bool {
        self.conditions.iter().all(|condition| condition.holds(seen))
    }
}

/// The actions of all rules that match, in order.
#[must_use]
pub(crate) fn evaluate<'a>(rules: &'a [Rule], seen: &Seen<'_>) -> Vec<&'a Action> {
    let mut actions = Vec::new();
    for rule in rules {
        if rule.matches(seen) {
            actions.extend(&rule.actions);
            if rule.stop {
                break;
            }
        }
    }
    actions
}

const CONDITIONS: [&str; 16] = [
    "RequestMethod",
    "RequestScheme",
    "RequestUri",
    "UrlPath",
    "UrlFileName",
    "UrlFileExtension",
    "HostName",
    "QueryString",
    "RequestHeader",
    "Cookies",
    "RemoteAddress",
    "SocketAddr",
    "ClientPort",
    "ServerPort",
    "HttpVersion",
    "IsDevice",
];
const ACTIONS: [&str; 5] =
    ["RouteConfigurationOverride", "UrlRedirect", "UrlRewrite", "ModifyRequestHeader", "ModifyResponseHeader"];

/// Names of conditions and actions in a rule that the emulator can't evaluate.
#[must_use]
pub(crate) fn unknown(body: &Value) -> Vec<String> {
    let of = |pointer, known: &[&str]| {
        list(body, pointer)
            .iter()
            .filter_map(|one| text(one, "/name"))
            .filter(|name| !known.iter().any(|known| known.eq_ignore_ascii_case(name)))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    [of("/properties/conditions", &CONDITIONS), of("/properties/actions", &ACTIONS)].concat()
}

/// What one action of a rule does. An override of the route's configuration that says nothing of copies keeps none.
fn actions(body: &Value) -> Vec<Action> {
    let overrides = text(body, "/name").is_some_and(|name| name.eq_ignore_ascii_case("RouteConfigurationOverride"));
    let caching = overrides.then(|| Action::Caching(Caching::parse(body.pointer("/parameters/cacheConfiguration"))));
    action(body).into_iter().chain(caching).collect()
}

fn action(body: &Value) -> Option<Action> {
    let owned = |pointer| text(body, pointer).filter(|t| !t.is_empty()).map(str::to_owned);
    let name = text(body, "/name")?;
    Some(match name.to_ascii_lowercase().as_str() {
        "routeconfigurationoverride" => Action::Group {
            group: text(body, "/parameters/originGroupOverride/originGroup/id")?.to_ascii_lowercase(),
            forwarding: Forwarding::parse(text(body, "/parameters/originGroupOverride/forwardingProtocol")),
        },
        "urlredirect" => Action::Redirect {
            status: match text(body, "/parameters/redirectType")?.to_ascii_lowercase().as_str() {
                "moved" => 301,
                "temporaryredirect" => 307,
                "permanentredirect" => 308,
                _ => 302,
            },
            protocol: owned("/parameters/destinationProtocol"),
            host: owned("/parameters/customHostname"),
            path: owned("/parameters/customPath"),
            query: owned("/parameters/customQueryString"),
        },
        "urlrewrite" => Action::Rewrite {
            from: owned("/parameters/sourcePattern")?,
            to: owned("/parameters/destination")?,
            keep: body.pointer("/parameters/preserveUnmatchedPath").and_then(Value::as_bool).unwrap_or(true),
        },
        name @ ("modifyrequestheader" | "modifyresponseheader") => Action::Header {
            answer: name == "modifyresponseheader",
            how: owned("/parameters/headerAction")?,
            name: owned("/parameters/headerName")?,
            value: owned("/parameters/value").unwrap_or_default(),
        },
        _ => return None,
    })
}

/// Every origin group that a rule's actions name, lower case.
#[must_use]
pub(crate) fn groups_of(body: &Value) -> Vec<String> {
    list(body, "/properties/actions")
        .iter()
        .filter_map(|action| text(action, "/parameters/originGroupOverride/originGroup/id"))
        .map(str::to_ascii_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rule(order: i64, name: &str, parameters: Value, group: &str, stop: bool) -> Rule {
        let group = json!({"originGroupOverride": {"originGroup": {"id": group}, "forwardingProtocol": "HttpOnly"}});
        Rule::parse(&json!({"properties": {
            "order": order,
            "matchProcessingBehavior": if stop { "Stop" } else { "Continue" },
            "conditions": [{"name": name, "parameters": parameters}],
            "actions": [{"name": "RouteConfigurationOverride", "parameters": group}],
        }}))
    }

    #[test]
    fn conditions_hold_or_not() {
        let seen = Seen {
            method: "GET",
            https: true,
            host: "www.contoso.com",
            path: "/api/one.json",
            query: "a=1",
            client: "10.1.2.3",
            client_port: 50_000,
            version: "1.1",
            headers: vec![("X-Color".into(), "Green".into()), ("Cookie".into(), "a=b; color=blue".into())],
        };
        for (name, parameters, expected) in [
            ("RequestMethod", json!({"operator": "Equal", "matchValues": ["POST", "get"]}), true),
            ("RequestScheme", json!({"operator": "Equal", "matchValues": ["HTTP"]}), false),
            ("UrlPath", json!({"operator": "BeginsWith", "matchValues": ["/api"]}), true),
            ("UrlPath", json!({"operator": "BeginsWith", "matchValues": ["api"], "negateCondition": true}), false),
            ("UrlFileExtension", json!({"operator": "Equal", "matchValues": ["json"]}), true),
            ("RequestHeader", json!({"operator": "Equal", "selector": "x-color", "matchValues": ["green"]}), false),
            (
                "RequestHeader",
                json!({"operator": "Equal", "selector": "x-color", "matchValues": ["green"], "transforms": ["Lowercase"]}),
                true,
            ),
            ("RequestHeader", json!({"operator": "Any", "selector": "x-none"}), false),
            ("RequestHeader", json!({"operator": "Any", "selector": "x-none", "negateCondition": true}), true),
            ("Cookies", json!({"operator": "Equal", "selector": "color", "matchValues": ["blue"]}), true),
            ("QueryString", json!({"operator": "RegEx", "matchValues": ["^a=\\d$"]}), true),
            ("RequestUri", json!({"operator": "Contains", "matchValues": ["contoso.com/api"]}), true),
            ("RemoteAddress", json!({"operator": "IPMatch", "matchValues": ["10.0.0.0/8"]}), true),
            ("RemoteAddress", json!({"operator": "IPMatch", "matchValues": ["10.2.0.0/16"]}), false),
            ("ClientPort", json!({"operator": "GreaterThan", "matchValues": ["49999"]}), true),
            ("ServerPort", json!({"operator": "Equal", "matchValues": ["8080"]}), false),
            ("HttpVersion", json!({"operator": "Equal", "matchValues": ["1.1"]}), true),
            ("IsDevice", json!({"operator": "Equal", "matchValues": ["Desktop"]}), true),
            ("IsDevice", json!({"operator": "Equal", "matchValues": ["Mobile"]}), false),
            ("NotKnown", json!({"operator": "Any"}), false),
            ("NotKnown", json!({"operator": "Any", "negateCondition": true}), false),
        ] {
            assert_eq!(rule(1, name, parameters.clone(), "/g", false).matches(&seen), expected, "{name} {parameters}");
        }
    }

    #[test]
    fn rules_go_on_until_one_stops() {
        let any = || json!({"operator": "Any"});
        let rules = [
            rule(1, "UrlPath", any(), "/G1", false),
            rule(2, "UrlPath", any(), "/G2", true),
            rule(3, "UrlPath", any(), "/G3", false),
        ];
        let seen = Seen { path: "/", ..Seen::default() };
        let groups: Vec<_> = evaluate(&rules, &seen)
            .into_iter()
            .filter_map(|action| match action {
                Action::Group { group, .. } => Some(group.as_str()),
                Action::Caching(None) => None,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(groups, ["/g1", "/g2"]);
    }

    #[test]
    fn what_it_cannot_evaluate_is_named() {
        let body = json!({"properties": {"conditions": [{"name": "PostArgs"}, {"name": "UrlPath"}], "actions": [{"name": "Dance"}]}});
        assert_eq!(unknown(&body), ["PostArgs", "Dance"]);
    }
}
