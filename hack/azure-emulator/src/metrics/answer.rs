//! Answers about metrics.

use std::collections::BTreeMap;

use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::definitions::{self, Definition};
use super::query::{self, Query};
use super::series::{Bucket, Dimensions, point};
use super::{Kept, Metric};
use crate::arm::{ArmError, Call, Reply, ResourceId, Scope};
use crate::check::{list, set, text};
use crate::world::World;

/// As many resources may be asked about at once.
const MOST_IN_A_BATCH: usize = 50;

/// `GET {resource}/providers/Microsoft.Insights/metrics`, and the same at a subscription.
///
/// # Errors
/// 404 for a resource that isn't there, 400 for a question that isn't understood.
pub(super) fn metrics(world: &mut World, call: &Call, scope: &Scope) -> Result<Reply, ArmError> {
    let get = |name: &str| call.query(name).map(str::to_owned).or_else(|| in_body(call, name));
    answer(world, scope, &get).map(Reply::ok)
}

/// `POST /subscriptions/{id}/metrics:getBatch`: one question about many resources, whose ids are in the body.
///
/// # Errors
/// As [`metrics`], for any of them.
pub(crate) fn batch(world: &mut World, call: &Call) -> Result<Reply, ArmError> {
    let ids = list(&call.body, "/resourceids");
    if ids.is_empty() || ids.len() > MOST_IN_A_BATCH {
        let text = format!("resourceids must name 1 to {MOST_IN_A_BATCH} resources.");
        return Err(ArmError::bad("BadRequest", text));
    }
    let span = match (call.query("starttime"), call.query("endtime")) {
        (Some(start), Some(end)) => Some(format!("{start}/{end}")),
        (Some(start), None) => Some(format!("{start}/{}", world.now())),
        _ => None,
    };
    let get = |name: &str| match name {
        "timespan" => span.clone(),
        name => call.query(name).map(str::to_owned),
    };
    let mut values = Vec::new();
    for id in ids {
        let spelled = id.as_str().unwrap_or_default();
        let resource = ResourceId::parse(spelled).map_err(|why| ArmError::bad("BadRequest", why))?;
        let mut one = answer(world, &Scope::Resource(Box::new(resource)), &get)?;
        let (start, end) = text(&one, "/timespan").and_then(|span| span.split_once('/')).unwrap_or_default();
        let (start, end) = (start.to_owned(), end.to_owned());
        set(&mut one, "starttime", start);
        set(&mut one, "endtime", end);
        set(&mut one, "resourceid", spelled);
        if let Some(one) = one.as_object_mut() {
            one.retain(|key, _| !["timespan", "cost"].contains(&key.as_str()));
        }
        values.push(one);
    }
    Ok(Reply::ok(json!({ "values": values })))
}

fn answer(world: &mut World, scope: &Scope, get: &dyn Fn(&str) -> Option<String>) -> Result<Value, ArmError> {
    let query = query::parse(get, world.now()).map_err(|why| ArmError::bad("BadRequest", why))?;
    let mut about = About::of(world, scope, get("metricnamespace"))?;
    if let Some(namespace) = get("metricnamespace").filter(|_| matches!(scope, Scope::Resource(_))) {
        about.check_namespace(&namespace)?;
    }
    let strict = !get("validatedimensions").is_some_and(|text| text.eq_ignore_ascii_case("false"));
    let names =
        if query.names.is_empty() { about.names(world).into_iter().take(1).collect() } else { query.names.clone() };
    let mut value = Vec::new();
    for name in &names {
        value.push(about.one(world, &query, name, strict)?);
    }
    let utc = |time: Timestamp| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let mut answer = json!({
        "timespan": format!("{}/{}", utc(query.start), utc(query.end)),
        "interval": query.interval,
        "namespace": about.kind.to_ascii_lowercase(),
        "resourceregion": about.region,
        "value": value,
    });
    if !query.metadata {
        answer["cost"] = (query.end.duration_since(query.start).as_mins()).into();
    }
    Ok(answer)
}

/// POST at a subscription carries the question in its body.
fn in_body(call: &Call, name: &str) -> Option<String> {
    if call.method != Method::POST {
        return None;
    }
    let (_, value) = call.object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
    Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

/// Whose metrics are asked for.
struct About {
    /// Ids in lower case, with a dimension that tells them apart when there are several.
    resources: Vec<(String, Dimensions)>,
    /// As ids of metrics begin.
    id: String,
    kind: String,
    region: String,
}

impl About {
    fn of(world: &mut World, scope: &Scope, namespace: Option<String>) -> Result<Self, ArmError> {
        if let Scope::Resource(id) = scope {
            let measured = world.runtime::<Kept>().0.contains_key(&id.key());
            let found = world.store.get(id);
            // A type that the emulator doesn't keep may still have been given metrics.
            if found.is_none() && !measured {
                return Err(ArmError::not_found(id));
            }
            let region = found.and_then(|one| one.body.get("location")).and_then(Value::as_str).unwrap_or("global");
            return Ok(Self {
                resources: vec![(id.key(), Vec::new())],
                id: id.to_string(),
                kind: id.kind(),
                region: region.to_ascii_lowercase().replace(' ', ""),
            });
        }
        let missing =
            || ArmError::bad("BadRequest", "metricnamespace is required at a subscription: a type of resource.");
        let kind = namespace.ok_or_else(missing)?;
        let resources = world.store.list(scope, &kind).into_iter();
        Ok(Self {
            resources: resources
                .map(|one| (one.id.key(), vec![("Microsoft.ResourceId".to_owned(), one.id.to_string())]))
                .collect(),
            id: scope.path().trim_start_matches('/').to_owned(),
            kind,
            region: "global".to_owned(),
        })
    }

    fn check_namespace(&mut self, namespace: &str) -> Result<(), ArmError> {
        if namespace.eq_ignore_ascii_case(&self.kind) || !namespace.to_ascii_lowercase().starts_with("microsoft.") {
            return Ok(());
        }
        let text = format!("Metric namespace '{namespace}' does not fit the resource's type '{}'.", self.kind);
        Err(ArmError::bad("BadRequest", text))
    }

    /// All metrics these resources have.
    fn names(&self, world: &mut World) -> Vec<String> {
        let mut names: Vec<String> = definitions::of(&self.kind).iter().map(|one| one.name.to_owned()).collect();
        let kept = world.runtime::<Kept>();
        for (resource, _) in &self.resources {
            for name in kept.0.get(resource).into_iter().flat_map(BTreeMap::keys) {
                if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                    names.push(name.clone());
                }
            }
        }
        names
    }

    fn definition(&self, name: &str) -> Option<&'static Definition> {
        definitions::of(&self.kind).iter().find(|one| one.name.eq_ignore_ascii_case(name))
    }

    /// Measures how full zones are: at the moment before the question, as nothing else counts it.
    fn count_sets(&self, world: &mut World) {
        let at = world.now() - SignedDuration::from_secs(1);
        for (resource, _) in &self.resources {
            let Some(zone) = world.store.by_key(resource) else { continue };
            let number = |name: &str| zone.property(name).as_f64();
            let (Some(sets), Some(most)) = (number("numberOfRecordSets"), number("maxNumberOfRecordSets")) else {
                continue;
            };
            super::measure(world, resource, definitions::SETS, at, Vec::new(), sets);
            super::measure(world, resource, definitions::SETS_USED, at, Vec::new(), 100.0 * sets / most);
        }
    }

    /// One metric's part of the answer.
    fn one(&self, world: &mut World, query: &Query, name: &str, strict: bool) -> Result<Value, ArmError> {
        let all = self.names(world);
        let Some(name) = all.iter().find(|known| known.eq_ignore_ascii_case(name)) else {
            let (provider, kind) = self.kind.split_once('/').unwrap_or((&self.kind, ""));
            return Err(ArmError::bad(
                "BadRequest",
                format!(
                    "Failed to find metric configuration for provider: {provider}, resource Type: {kind}, metric: {name}, \
                     Valid metrics: {}",
                    all.join(",")
                ),
            ));
        };
        if [definitions::SETS, definitions::SETS_USED].contains(&name.as_str()) {
            self.count_sets(world);
        }
        let definition = self.definition(name);
        if let Some(definition) = definition.filter(|_| strict) {
            let unknown = query.filter.names().into_iter().find(|wanted| {
                !wanted.eq_ignore_ascii_case("Microsoft.ResourceId")
                    && !definition.dimensions.iter().any(|known| known.eq_ignore_ascii_case(wanted))
            });
            if let Some(unknown) = unknown {
                let text = format!(
                    "Metric: {name} does not support requested dimension combination: {unknown}, supported ones are: {}",
                    definition.dimensions.join(",")
                );
                return Err(ArmError::bad("BadRequest", text));
            }
        }
        let shown = definition.map_or(name.as_str(), |one| one.shown);
        let mut answer = json!({
            "id": format!("{}/providers/Microsoft.Insights/metrics/{name}", self.id),
            "type": "Microsoft.Insights/metrics",
            "name": {"value": name, "localizedValue": shown},
            "displayDescription": shown,
            "unit": definition.map_or("Unspecified", |one| one.unit),
            "timeseries": [],
        });
        let kept = world.runtime::<Kept>();
        let metrics: Vec<(&Metric, &Dimensions)> = self
            .resources
            .iter()
            .filter_map(|(resource, extra)| Some((kept.0.get(resource)?.get(name)?, extra)))
            .collect();
        if let Some(error) = metrics.iter().find_map(|(metric, _)| metric.error.as_ref()) {
            answer["errorCode"] = error.code.clone().into();
            answer["errorMessage"] = error.message.clone().into();
            return Ok(answer);
        }
        if !query.metadata {
            answer["errorCode"] = "Success".into();
        }
        let aggregation = definition.map_or("average", |one| one.aggregation);
        answer["timeseries"] = Value::Array(series(&metrics, query, aggregation));
        Ok(answer)
    }
}

fn series(metrics: &[(&Metric, &Dimensions)], query: &Query, own: &str) -> Vec<Value> {
    let split: Vec<String> = query
        .filter
        .names()
        .into_iter()
        .filter(|name| !query.roll_up.iter().any(|r| r.eq_ignore_ascii_case(name)))
        .collect();
    let (start, end) = (query.start.as_second(), query.end.as_second());
    let mut found: BTreeMap<Dimensions, BTreeMap<i64, Bucket>> = BTreeMap::new();
    for (metric, extra) in metrics {
        let with = |dimensions: &Dimensions| dimensions.iter().chain(extra.iter()).cloned().collect::<Dimensions>();
        let own = metric.between(start, end, query.step, &split, |dimensions| query.filter.holds(&with(dimensions)));
        for (mut dimensions, steps) in own {
            for (name, value) in &mut dimensions {
                if let Some((_, of_resource)) = extra.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
                    value.clone_from(of_resource);
                }
            }
            let all = found.entry(dimensions).or_default();
            for (at, bucket) in steps {
                all.entry(at).and_modify(|known| known.merge(&bucket)).or_insert(bucket);
            }
        }
    }
    if split.is_empty() && found.is_empty() {
        found.insert(Vec::new(), BTreeMap::new());
    }
    let aggregations = if query.aggregations.is_empty() { vec![own.to_owned()] } else { query.aggregations.clone() };
    let mut rows: Vec<(Dimensions, BTreeMap<i64, Bucket>)> = found.into_iter().collect();
    if let Some((by, largest_first)) = &query.order {
        let rank = |steps: &BTreeMap<i64, Bucket>| {
            let mut all = steps.values().copied();
            let first = all.next()?;
            all.fold(first, |mut sum, bucket| {
                sum.merge(&bucket);
                sum
            })
            .aggregate(by)
        };
        rows.sort_by(|(_, a), (_, b)| {
            let order = rank(a).unwrap_or(f64::MIN).total_cmp(&rank(b).unwrap_or(f64::MIN));
            if *largest_first { order.reverse() } else { order }
        });
    }
    if !split.is_empty() {
        rows.truncate(query.top);
    }
    rows.into_iter().map(|(dimensions, steps)| row(&dimensions, &steps, query, &aggregations)).collect()
}

fn row(dimensions: &Dimensions, steps: &BTreeMap<i64, Bucket>, query: &Query, aggregations: &[String]) -> Value {
    let values: Vec<Value> = dimensions
        .iter()
        .map(|(name, value)| json!({"name": {"value": name, "localizedValue": name}, "value": value}))
        .collect();
    let mut row = json!({ "metadatavalues": values });
    if query.metadata {
        return row;
    }
    let (start, end) = (query.start.as_second(), query.end.as_second());
    let count = (end - start + query.step - 1) / query.step;
    let data = (0..count).map(|at| {
        let time = Timestamp::from_second(start + at * query.step).unwrap_or(Timestamp::MAX);
        point(time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), steps.get(&at), aggregations)
    });
    row["data"] = Value::Array(data.collect());
    row
}

/// `GET {resource}/providers/Microsoft.Insights/metricDefinitions`.
///
/// # Errors
/// 404 for a resource that isn't there.
pub(super) fn definitions(world: &mut World, call: &Call, scope: &Scope) -> Result<Reply, ArmError> {
    let about = About::of(world, scope, call.query("metricnamespace").map(str::to_owned))?;
    let names = about.names(world);
    let grains = ["PT1M", "PT5M", "PT15M", "PT30M", "PT1H", "PT6H", "PT12H", "P1D"];
    let value: Vec<Value> = names
        .iter()
        .map(|name| {
            let known = about.definition(name);
            let shown = known.map_or(name.as_str(), |one| one.shown);
            let dimensions = known.map_or(&[][..], |one| one.dimensions);
            let title = |text: &str| {
                text.get(..1).map(str::to_uppercase).unwrap_or_default() + text.get(1..).unwrap_or_default()
            };
            json!({
                "id": format!("{}/providers/microsoft.insights/metricdefinitions/{name}", about.id),
                "resourceId": about.id,
                "namespace": about.kind,
                "name": {"value": name, "localizedValue": shown},
                "displayDescription": shown,
                "isDimensionRequired": false,
                "unit": known.map_or("Unspecified", |one| one.unit),
                "primaryAggregationType": title(known.map_or("average", |one| one.aggregation)),
                "supportedAggregationTypes": ["None", "Average", "Minimum", "Maximum", "Total", "Count"],
                "metricAvailabilities": grains.map(|grain| json!({"timeGrain": grain, "retention": "P1D"})),
                "dimensions": dimensions.iter().map(|d| json!({"value": d, "localizedValue": d})).collect::<Vec<_>>(),
            })
        })
        .collect();
    Ok(Reply::ok(json!({ "value": value })))
}

/// `GET {resource}/providers/Microsoft.Insights/metricNamespaces`.
///
/// # Errors
/// 400 anywhere but at a resource.
pub(super) fn namespaces(call: &Call, scope: &Scope) -> Result<Reply, ArmError> {
    let Scope::Resource(id) = scope else {
        return Err(ArmError::method(&call.method, "Microsoft.Insights/metricNamespaces"));
    };
    let kind = id.kind();
    let name = kind.to_ascii_lowercase().replace('/', "-");
    Ok(Reply::ok(json!({"value": [{
        "id": format!("{id}/providers/microsoft.insights/metricNamespaces/{name}"),
        "name": name, "type": "Microsoft.Insights/metricNamespaces", "classification": "Platform",
        "properties": {"metricNamespaceName": kind.to_ascii_lowercase()},
    }]})))
}
