//! What a set's properties must be.

use serde_json::{Map, Value};

use super::{Flavor, Kind, data};
use crate::arm::ArmError;

/// Most records in a set.
const MOST_RECORDS: usize = 20;
/// Longest TTL.
const LONGEST_TTL: u64 = 2_147_483_647;
/// Characters of a TXT set.
const MOST_TEXT: usize = 4_096;
/// Most metadata entries, and characters of a key with its value.
const MOST_METADATA: usize = 10;
const LONGEST_METADATA: usize = 1_024;

/// Property names are read without case and kept as the service spells them.
pub(super) fn spell(flavor: Flavor, kind: &Kind, properties: Map<String, Value>) -> Map<String, Value> {
    let known =
        [flavor.key(kind), flavor.ttl(), "metadata", "targetResource", "fqdn", "provisioningState", "isAutoRegistered"];
    properties
        .into_iter()
        .map(|(name, value)| match known.iter().find(|known| known.eq_ignore_ascii_case(&name)) {
            Some(known) => ((*known).to_owned(), value),
            None => (name, value),
        })
        .collect()
}

/// The id that an alias set points at.
pub(crate) fn alias(properties: &Map<String, Value>) -> Option<&str> {
    let target = properties.get("targetResource")?;
    target.get("id").and_then(Value::as_str).filter(|id| !id.is_empty())
}

/// Checks a whole set.
pub(super) fn check(flavor: Flavor, kind: &Kind, name: &str, properties: &Map<String, Value>) -> Result<(), ArmError> {
    let bad = |text: String| Err(ArmError::bad("BadRequest", text));
    match properties.get(flavor.ttl()).and_then(Value::as_u64) {
        Some(1..=LONGEST_TTL) => {}
        Some(ttl) => {
            return bad(format!("The record set '{name}' has the TTL {ttl}. It must be from 1 to {LONGEST_TTL}."));
        }
        None => {
            return bad(format!("The record set '{name}' has no TTL: a number of seconds from 1 to {LONGEST_TTL}."));
        }
    }
    metadata(name, properties)?;
    let records = properties.get(flavor.key(kind)).unwrap_or(&Value::Null);
    if let Some(target) = alias(properties) {
        return check_alias(flavor, kind, name, target, records);
    }
    let all: Vec<&Value> = match records {
        Value::Null => Vec::new(),
        Value::Array(all) if kind.many => all.iter().collect(),
        Value::Object(_) if !kind.many => vec![records],
        _ => return bad(format!("The property '{}' of the record set '{name}' has another form.", flavor.key(kind))),
    };
    if all.len() > MOST_RECORDS {
        return bad(format!("The record set '{name}' has {} records. The maximum is {MOST_RECORDS}.", all.len()));
    }
    if all.is_empty() && kind.name == "SOA" {
        return bad(format!("The record set '{name}' of type '{}' has no record.", kind.name));
    }
    if let Some(wrong) = all.iter().find(|one| data::record(flavor, kind, one).is_none()) {
        return bad(format!("The record set '{name}' of type '{}' holds an invalid record: {wrong}", kind.name));
    }
    distinct(name, &all)?;
    if kind.name == "TXT" { text(name, &all) } else { Ok(()) }
}

fn distinct(name: &str, all: &[&Value]) -> Result<(), ArmError> {
    let twice = all.iter().enumerate().find(|(at, one)| all[..*at].contains(one));
    match twice {
        Some((_, record)) => {
            let text = format!("The record set '{name}' holds the same record twice: {record}");
            Err(ArmError::bad("BadRequest", text))
        }
        None => Ok(()),
    }
}

fn text(name: &str, all: &[&Value]) -> Result<(), ArmError> {
    let strings = || all.iter().filter_map(|one| one.get("value")?.as_array()).flatten().filter_map(Value::as_str);
    if let Some(long) = strings().find(|part| part.len() > 255) {
        let text =
            format!("A string of the TXT record set '{name}' has {} characters. The maximum is 255.", long.len());
        return Err(ArmError::bad("BadRequest", text));
    }
    let total: usize = strings().map(str::len).sum();
    if total > MOST_TEXT {
        let text = format!("The TXT record set '{name}' has {total} characters. The maximum is {MOST_TEXT}.");
        return Err(ArmError::bad("BadRequest", text));
    }
    Ok(())
}

fn metadata(name: &str, properties: &Map<String, Value>) -> Result<(), ArmError> {
    let Some(metadata) = properties.get("metadata").filter(|metadata| !metadata.is_null()) else { return Ok(()) };
    let Some(pairs) = metadata.as_object() else {
        return Err(ArmError::bad("BadRequest", format!("The metadata of the record set '{name}' is no object.")));
    };
    if pairs.len() > MOST_METADATA {
        let text =
            format!("The record set '{name}' has {} metadata entries. The maximum is {MOST_METADATA}.", pairs.len());
        return Err(ArmError::bad("BadRequest", text));
    }
    let too_long = |(key, value): &(&String, &Value)| {
        value.as_str().is_none_or(|value| key.len() + value.len() > LONGEST_METADATA)
    };
    match pairs.iter().find(too_long) {
        Some((key, _)) => {
            let text = format!(
                "The metadata entry '{key}' of the record set '{name}' must be text of at most {LONGEST_METADATA} \
                 characters, its key included."
            );
            Err(ArmError::bad("BadRequest", text))
        }
        None => Ok(()),
    }
}

fn check_alias(flavor: Flavor, kind: &Kind, name: &str, target: &str, records: &Value) -> Result<(), ArmError> {
    let bad = |text: String| Err(ArmError::bad("BadRequest", text));
    if flavor == Flavor::Private || !matches!(kind.name, "A" | "AAAA" | "CNAME") {
        return bad(format!(
            "A record set of type '{}' cannot be an alias: 'targetResource' is not allowed.",
            kind.name
        ));
    }
    let empty = match records {
        Value::Null => true,
        Value::Array(all) => all.is_empty(),
        Value::Object(one) => one.values().all(Value::is_null),
        _ => false,
    };
    if !empty {
        return bad(format!(
            "The record set '{name}' has both records and a target resource. Only one of them is allowed."
        ));
    }
    let id = match crate::arm::ResourceId::parse(target) {
        Ok(id) => id,
        Err(text) => return bad(format!("The target resource of the record set '{name}' is invalid: {text}.")),
    };
    if id.is("Microsoft.Cdn/profiles") {
        return bad(format!(
            "The target resource '{id}' of the record set '{name}' is a profile. An alias points at one of its endpoints."
        ));
    }
    let known = [
        "Microsoft.Network/publicIPAddresses",
        "Microsoft.Network/trafficManagerProfiles",
        "Microsoft.Network/frontDoors",
        "Microsoft.Cdn/profiles/afdEndpoints",
        "Microsoft.Cdn/profiles/endpoints",
    ];
    let same_kind = id.is(&format!("Microsoft.Network/dnsZones/{}", kind.name));
    if !same_kind && !known.iter().any(|one| id.is(one)) {
        return bad(format!(
            "A resource of type '{}' cannot be the target of an alias of type '{}'.",
            id.kind(),
            kind.name
        ));
    }
    Ok(())
}
