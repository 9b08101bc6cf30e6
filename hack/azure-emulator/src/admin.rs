//! The admin API: knobs, faults, clock, log and state, under `/_emulator/`.

use http::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::access::Access;
use crate::arm::Reply;
use crate::arm::dispatch::Request;
use crate::world::faults::Rule;
use crate::world::{Random, Settings, World};

/// Where it lives.
const ROOT: &str = "/_emulator/";

/// What there is, for whoever asks for something else.
const MAP: [&str; 14] = [
    "GET health",
    "GET addresses",
    "GET, PUT, PATCH settings",
    "GET, POST, DELETE faults",
    "DELETE faults/{id}",
    "POST late",
    "GET, POST clock",
    "GET, PUT access",
    "GET, DELETE requests",
    "GET counts",
    "GET operations",
    "POST seed",
    "POST reset",
    "GET, PUT state",
];

/// Answers what lies under [`ROOT`]; `None` for anything else.
pub(crate) fn answer(world: &mut World, request: &Request) -> Option<Reply> {
    let path = request.path.strip_prefix(ROOT)?;
    let words: Vec<&str> = path.split('/').filter(|word| !word.is_empty()).collect();
    let decided = match (request.method.as_str(), words.as_slice()) {
        ("GET", ["health"]) => Ok(Reply::ok(json!({ "status": "ok" }))),
        ("GET", ["addresses"]) => Ok(Reply::ok(addresses(world))),
        ("GET", ["settings"]) => Ok(Reply::ok(json!(world.settings))),
        ("PUT" | "PATCH", ["settings"]) => settings(world, request),
        ("GET", ["faults"]) => Ok(Reply::ok(json!({ "value": world.faults.iter().collect::<Vec<_>>() }))),
        ("POST", ["faults"]) => fault(world, request),
        ("DELETE", ["faults"]) => {
            world.faults.clear();
            Ok(changed(world))
        }
        ("DELETE", ["faults", id]) => match id.parse().is_ok_and(|id| world.faults.remove(id)) {
            true => Ok(changed(world)),
            false => Err((StatusCode::NOT_FOUND, vec![format!("there is no fault {id}")])),
        },
        ("GET", ["clock"]) => Ok(Reply::ok(clock(world))),
        ("POST", ["clock"]) => set_clock(world, request),
        ("GET", ["access"]) => Ok(Reply::ok(without_secrets(json!(world.access)))),
        ("PUT", ["access"]) => access(world, request),
        ("GET", ["requests"]) => requests(world, request),
        ("DELETE", ["requests"]) => {
            world.log.clear();
            Ok(Reply::empty(StatusCode::NO_CONTENT))
        }
        ("GET", ["counts"]) => Ok(Reply::ok(counts(world))),
        ("GET", ["operations"]) => Ok(Reply::ok(json!({ "value": world.operations.iter().collect::<Vec<_>>() }))),
        ("POST", ["seed"]) => seed(world, request),
        ("POST", ["reset"]) => {
            reset(world);
            Ok(changed(world))
        }
        ("GET", ["state"]) => Ok(Reply::ok(state(world))),
        ("PUT", ["state"]) => load(world, request),
        _ => Err((
            StatusCode::NOT_FOUND,
            vec![format!("there is no {} {path}; there are: {}", request.method, MAP.join("; "))],
        )),
    };
    Some(decided.unwrap_or_else(|(status, mistakes)| Reply::json(status, json!({ "mistakes": mistakes }))))
}

/// A refusal: its status and all mistakes.
type Refusal = (StatusCode, Vec<String>);

fn mistakes(all: Vec<String>) -> Refusal {
    (StatusCode::BAD_REQUEST, all)
}

fn read<T: DeserializeOwned>(request: &Request) -> Result<T, Refusal> {
    serde_json::from_slice(&request.body).map_err(|error| mistakes(vec![format!("the body: {error}")]))
}

fn changed(world: &mut World) -> Reply {
    world.touch();
    Reply::empty(StatusCode::NO_CONTENT)
}

fn addresses(world: &World) -> Value {
    let pairs = world.addresses.iter().map(|(what, address)| ((*what).to_owned(), json!(address.to_string())));
    Value::Object(pairs.collect())
}

/// PUT replaces all knobs (what is left out takes its default), PATCH changes those it names.
fn settings(world: &mut World, request: &Request) -> Result<Reply, Refusal> {
    let settings: Settings = if request.method == Method::PATCH {
        let mut whole = json!(world.settings);
        merge(&mut whole, read(request)?);
        serde_json::from_value(whole).map_err(|error| mistakes(vec![format!("the settings: {error}")]))?
    } else {
        read(request)?
    };
    let wrong = settings.check();
    if !wrong.is_empty() {
        return Err(mistakes(wrong));
    }
    world.settings = settings;
    world.touch();
    Ok(Reply::ok(json!(world.settings)))
}

/// RFC 7396: objects are merged, null removes, anything else replaces.
fn merge(whole: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *whole = patch;
        return;
    };
    if !whole.is_object() {
        *whole = json!({});
    }
    let Some(whole) = whole.as_object_mut() else { return };
    for (name, value) in patch {
        if value.is_null() {
            whole.remove(&name);
        } else {
            merge(whole.entry(name).or_insert(Value::Null), value);
        }
    }
}

fn fault(world: &mut World, request: &Request) -> Result<Reply, Refusal> {
    let id = world.faults.add(read::<Rule>(request)?).map_err(mistakes)?;
    world.touch();
    Ok(Reply::json(StatusCode::CREATED, json!({ "id": id })))
}

fn clock(world: &World) -> Value {
    json!({ "now": world.now().to_string(), "scale": world.clock.scale() })
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ClockChange {
    scale: Option<f64>,
    advance_seconds: Option<f64>,
}

fn set_clock(world: &mut World, request: &Request) -> Result<Reply, Refusal> {
    let change: ClockChange = read(request)?;
    let mut wrong = Vec::new();
    if change.scale.is_some_and(|scale| !(0.0..=1e6).contains(&scale)) {
        wrong.push("scale must lie between 0 (time stands) and 1e6".to_owned());
    }
    let advance = change.advance_seconds.map(std::time::Duration::try_from_secs_f64).transpose();
    if advance.is_err() {
        wrong.push("advanceSeconds must be a number of seconds, not less than 0".to_owned());
    }
    if change.scale.is_none() && change.advance_seconds.is_none() {
        wrong.push("give scale, advanceSeconds or both".to_owned());
    }
    if !wrong.is_empty() {
        return Err(mistakes(wrong));
    }
    let real = jiff::Timestamp::now();
    if let Some(scale) = change.scale {
        world.clock.set_scale(real, scale);
    }
    if let Ok(Some(advance)) = advance {
        world.clock.advance(real, advance);
    }
    world.tick(real);
    world.touch();
    Ok(Reply::ok(clock(world)))
}

fn without_secrets(mut access: Value) -> Value {
    if let Some(clients) = access.get_mut("clients").and_then(Value::as_array_mut) {
        for client in clients.iter_mut().filter_map(Value::as_object_mut) {
            client.remove("secret");
        }
    }
    access
}

fn access(world: &mut World, request: &Request) -> Result<Reply, Refusal> {
    let access: Access = read(request)?;
    let wrong = access.check();
    if !wrong.is_empty() {
        return Err(mistakes(wrong));
    }
    world.access = access;
    Ok(changed(world))
}

/// The log; `method`, `type`, `path` (each may hold `*`) and `after` (a number) choose.
fn requests(world: &World, request: &Request) -> Result<Reply, Refusal> {
    let chosen = |name: &str, text: &str| {
        request.query.get(name).is_none_or(|pattern| crate::world::faults::matches(pattern, text))
    };
    let after = match request.query.get("after").map(|text| text.parse::<u64>()) {
        None => 0,
        Some(Ok(number)) => number,
        Some(Err(_)) => return Err(mistakes(vec!["after must be the number of a request".to_owned()])),
    };
    let entries: Vec<&crate::world::log::Entry> = world
        .log
        .all()
        .into_iter()
        .filter(|one| {
            one.number > after
                && chosen("method", &one.method)
                && chosen("type", &one.kind)
                && chosen("path", &one.path)
        })
        .collect();
    Ok(Reply::ok(json!({ "value": entries })))
}

fn counts(world: &World) -> Value {
    let counts = world
        .log
        .counts()
        .map(|(method, kind, status, count)| json!({"method": method, "type": kind, "status": status, "count": count}));
    json!({ "value": counts.collect::<Vec<_>>() })
}

fn seed(world: &mut World, request: &Request) -> Result<Reply, Refusal> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Seed {
        seed: u64,
    }
    let seed: Seed = read(request)?;
    world.random = Random::new(seed.seed);
    Ok(changed(world))
}

/// Everything as after a start without a state file, services' memories of probes and of what they served included; the
/// listeners and the log stay.
fn reset(world: &mut World) {
    world.replace(World::default());
}

fn state(world: &World) -> Value {
    let mut state = json!(world);
    let access = without_secrets(state["access"].take());
    state["access"] = access;
    without_services_secrets(&mut state["store"]);
    state
}

/// Takes out what services keep to themselves and nobody may see: private keys and kubeconfigs.
fn without_services_secrets(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if let Some(hidden) = map.get_mut("hidden").and_then(Value::as_object_mut) {
                hidden.retain(|key, _| !["pem", "kubeconfig", "backup"].contains(&key.as_str()));
            }
            map.values_mut().for_each(without_services_secrets);
        }
        Value::Array(items) => items.iter_mut().for_each(without_services_secrets),
        _ => {}
    }
}

fn load(world: &mut World, request: &Request) -> Result<Reply, Refusal> {
    let whole: Value = read(request)?;
    // A list would be taken for the fields in their order.
    if !whole.is_object() {
        return Err(mistakes(vec!["the body: a state is an object, as GET state gives it".to_owned()]));
    }
    let mut loaded: World =
        serde_json::from_value(whole).map_err(|error| mistakes(vec![format!("the state: {error}")]))?;
    loaded.store.reindex();
    let wrong: Vec<String> = loaded.settings.check().into_iter().chain(loaded.access.check()).collect();
    if !wrong.is_empty() {
        return Err(mistakes(wrong));
    }
    world.replace(loaded);
    Ok(changed(world))
}
