//! Resource Graph: questions about all resources at once, in the part of its language that tools use to find theirs.

mod expression;
mod query;
mod words;

use http::Method;
use serde_json::{Map, Value, json};

use crate::access::permits;
use crate::arm::{ArmError, Call, ErrorStyle, Reply, ResourceType};
use crate::check::{list, number, text};
use crate::provider::Provider;
use crate::resources::DEFAULT_TENANT;
use crate::world::{Resource, World};
use query::Query;

/// The action.
pub(crate) const QUESTION: &str = "Microsoft.ResourceGraph/resources";
const TYPES: &[ResourceType] = &[ResourceType {
    name: QUESTION,
    versions: &["2018-09-01-preview", "2019-04-01", "2020-04-01-preview", "2021-03-01", "2022-10-01", "2024-04-01"],
    errors: ErrorStyle::Wrapped,
}];
/// Rows of an answer, unless fewer are asked for.
const LONGEST: u64 = 1_000;
/// What is taken from resources as it is.
const COLUMNS: [&str; 11] = [
    "kind",
    "location",
    "managedBy",
    "sku",
    "plan",
    "properties",
    "tags",
    "identity",
    "zones",
    "extendedLocation",
    "systemData",
];

/// The service.
#[derive(Debug)]
pub(crate) struct ResourceGraph;

impl Provider for ResourceGraph {
    fn name(&self) -> &'static str {
        "Resource Graph"
    }

    fn types(&self) -> &'static [ResourceType] {
        TYPES
    }

    fn handle(&self, world: &mut World, call: &Call) -> Result<Reply, ArmError> {
        if call.method != Method::POST {
            return Err(ArmError::method(&call.method, QUESTION));
        }
        let asked = text(&call.body, "/query").unwrap_or_default();
        let invalid = |why: String| ArmError::bad("InvalidQuery", format!("Query is invalid: {why}."));
        let query = Query::parse(asked).map_err(invalid)?;
        let rows = match query.table.as_str() {
            "resources" => resources(world, call),
            "resourcecontainers" => groups(world, call),
            other => {
                return Err(invalid(format!("there is no table '{other}' here, but resources and resourcecontainers")));
            }
        };
        Ok(Reply::ok(page(&call.body, query.run(rows))))
    }
}

/// Is this subscription asked about? All are, unless some are named.
fn asked_about(call: &Call, subscription: &str) -> bool {
    let named = list(&call.body, "/subscriptions");
    named.is_empty() || named.iter().any(|one| one.as_str().is_some_and(|one| one.eq_ignore_ascii_case(subscription)))
}

fn tenant(world: &World) -> &str {
    world.access.tenants.first().map_or(DEFAULT_TENANT, |tenant| tenant.id.as_str())
}

/// The rows that the caller may read: what lies in a group itself, and below that what has a place of its own.
fn resources(world: &World, call: &Call) -> Vec<Value> {
    let tracked = |one: &Resource| one.id.depth() == 1 || one.body.contains_key("location");
    let readable =
        |one: &Resource| permits(world, &call.principal, &format!("{}/read", one.id.kind()), &one.id.to_string());
    world
        .store
        .all()
        .filter(|one| !one.id.namespace().eq_ignore_ascii_case("Microsoft.Authorization") && tracked(one))
        .filter(|one| one.id.subscription().is_some_and(|own| asked_about(call, own)) && readable(one))
        .map(|one| row(world, one))
        .collect()
}

fn row(world: &World, one: &Resource) -> Value {
    let mut row: Map<String, Value> =
        COLUMNS.iter().map(|name| ((*name).to_owned(), one.body.get(*name).cloned().unwrap_or(Value::Null))).collect();
    for (name, value) in [
        ("id", one.id.to_string()),
        ("name", one.id.name().to_owned()),
        ("type", one.id.kind().to_ascii_lowercase()),
        ("tenantId", tenant(world).to_owned()),
        ("resourceGroup", one.id.group().unwrap_or_default().to_ascii_lowercase()),
        ("subscriptionId", one.id.subscription().unwrap_or_default().to_owned()),
    ] {
        row.insert(name.to_owned(), value.into());
    }
    Value::Object(row)
}

fn groups(world: &World, call: &Call) -> Vec<Value> {
    const KIND: &str = "microsoft.resources/subscriptions/resourcegroups";
    let shown = world.store.groups(None).filter(|group| asked_about(call, &group.subscription)).filter_map(|group| {
        let id = format!("/subscriptions/{}/resourceGroups/{}", group.subscription, group.name);
        permits(world, &call.principal, &format!("{KIND}/read"), &id).then(|| {
            json!({
                "id": id, "name": group.name, "type": KIND, "tenantId": tenant(world), "location": group.location,
                "resourceGroup": group.name.to_ascii_lowercase(), "subscriptionId": group.subscription, "tags": group.tags,
                "properties": {"provisioningState": "Succeeded"},
            })
        })
    });
    shown.collect()
}

/// The part of the rows that is asked for, as objects or as a table.
fn page(body: &Value, rows: Vec<Value>) -> Value {
    let token = text(body, "/options/$skipToken").and_then(|token| token.parse().ok());
    let skip = token.or_else(|| number(body, "/options/$skip")).unwrap_or(0);
    let most = number(body, "/options/$top").unwrap_or(LONGEST).clamp(1, LONGEST);
    let total = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let rows: Vec<Value> = rows.into_iter().skip(size(skip)).take(size(most)).collect();
    let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    let table = text(body, "/options/resultFormat").is_some_and(|format| format.eq_ignore_ascii_case("table"));
    let mut answer = json!({
        "totalRecords": total,
        "count": count,
        "resultTruncated": "false",
        "facets": [],
        "data": if table { tabled(&rows) } else { Value::Array(rows) },
    });
    if skip.saturating_add(count) < total {
        answer["$skipToken"] = (skip + count).to_string().into();
    }
    answer
}

fn tabled(rows: &[Value]) -> Value {
    let names: Vec<&String> = rows.first().and_then(Value::as_object).into_iter().flat_map(Map::keys).collect();
    let kind = |name: &str| match rows.iter().map(|row| &row[name]).find(|value| !value.is_null()) {
        Some(Value::Number(_)) => "integer",
        Some(Value::Bool(_)) => "boolean",
        Some(Value::Object(_) | Value::Array(_)) => "object",
        _ => "string",
    };
    let columns: Vec<Value> = names.iter().map(|name| json!({"name": name, "type": kind(name)})).collect();
    let cells = |row: &Value| names.iter().map(|name| row[name.as_str()].clone()).collect::<Vec<_>>();
    json!({"columns": columns, "rows": rows.iter().map(cells).collect::<Vec<_>>()})
}
