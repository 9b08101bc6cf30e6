//! What a scalar means: text in, JSON scalar out.

mod number;
mod timestamp;

use crate::Data;
use serde_json::Number;

/// Whose rules for plain scalars hold. They differ in YAML 1.1 booleans, dates and keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// As `kubectl` and the API server read (sigs.k8s.io/yaml): `yes` is a boolean, a date is text.
    #[default]
    Kubernetes,
    /// As `kustomize build` reads: `yes` is text, a date becomes a full timestamp, keys stay as written.
    Kustomize,
}

/// What is wrong with a scalar; the reader adds the place.
pub(crate) type Wrong = &'static str;

/// Resolves a plain (unquoted, untagged) scalar.
pub(crate) fn plain(dialect: Dialect, text: &str) -> Result<Data, Wrong> {
    match text.as_bytes().first() {
        None => Ok(Data::Null),
        Some(b'0'..=b'9' | b'+' | b'-' | b'.') => numeric(dialect, text),
        Some(b'~' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'y' | b'Y' | b'o' | b'O') => Ok(word(dialect, text)),
        Some(_) => Ok(Data::String(text.to_owned())),
    }
}

/// Resolves a scalar with one of YAML's own tags, such as `!!int`; `None` when the tag is another one.
pub(crate) fn tagged(dialect: Dialect, tag: &str, text: &str) -> Option<Result<Data, Wrong>> {
    Some(match tag {
        "str" | "timestamp" => Ok(Data::String(text.to_owned())),
        "null" => match plain(dialect, text) {
            Ok(Data::Null) => Ok(Data::Null),
            _ => Err("tagged !!null but it is something"),
        },
        "bool" => match word(Dialect::Kubernetes, text) {
            Data::Bool(value) => Ok(Data::Bool(value)),
            _ => Err("tagged !!bool but it is no boolean"),
        },
        "int" => match plain(dialect, text) {
            Ok(Data::Number(value)) if !value.is_f64() => Ok(Data::Number(value)),
            _ => Err("tagged !!int but it is no integer"),
        },
        "float" => match plain(dialect, text) {
            Ok(Data::Number(value)) => Ok(Data::Number(value)),
            _ => Err("tagged !!float but it is no number"),
        },
        "binary" => binary(text),
        _ => return None,
    })
}

/// Says whether a text, written plain, would be read as something else than this text. Used by the writer, so it
/// answers for the stricter dialect and for timestamps as well.
pub(crate) fn is_ambiguous(text: &str) -> bool {
    match text.as_bytes().first() {
        None => true,
        Some(b'0'..=b'9' | b'+' | b'-' | b'.') => {
            is_special_float(text)
                || timestamp::normalise(text).is_some()
                || !matches!(number::parse(text), number::Parsed::Text)
                || number::is_base_60(text)
        }
        Some(_) => !matches!(word(Dialect::Kubernetes, text), Data::String(_)),
    }
}

fn word(dialect: Dialect, text: &str) -> Data {
    match text {
        "~" | "null" | "Null" | "NULL" | "" => Data::Null,
        "true" | "True" | "TRUE" => Data::Bool(true),
        "false" | "False" | "FALSE" => Data::Bool(false),
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" if dialect == Dialect::Kubernetes => Data::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" if dialect == Dialect::Kubernetes => Data::Bool(false),
        _ => Data::String(text.to_owned()),
    }
}

fn is_special_float(text: &str) -> bool {
    matches!(text.strip_prefix(['+', '-']).unwrap_or(text), ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN")
}

fn numeric(dialect: Dialect, text: &str) -> Result<Data, Wrong> {
    if is_special_float(text) {
        return Err("JSON has no infinity and no NaN; quote it if it is text");
    }
    if let Some(moment) = timestamp::normalise(text) {
        return Ok(Data::String(if dialect == Dialect::Kustomize { moment } else { text.to_owned() }));
    }
    match number::parse(text) {
        number::Parsed::Number(value) => Ok(Data::Number(value)),
        number::Parsed::Text => Ok(Data::String(text.to_owned())),
        // kustomize takes it for text, such as the digits of a commit; so does Kubernetes, but there it is more often a slip.
        number::Parsed::TooLarge if dialect == Dialect::Kustomize => Ok(Data::String(text.to_owned())),
        number::Parsed::TooLarge => Err("this number is too large for JSON; quote it if it is text"),
    }
}

fn binary(text: &str) -> Result<Data, Wrong> {
    use base64::Engine as _;
    let compact: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes =
        base64::engine::general_purpose::STANDARD.decode(compact).map_err(|_| "tagged !!binary but it is no base64")?;
    String::from_utf8(bytes)
        .map(Data::String)
        .map_err(|_| "tagged !!binary and not UTF-8, which JSON can't hold; use `binaryData` or a Secret's `data`")
}

/// Makes the number JSON would print for a float: an integer when it is integral and fits.
pub(crate) fn float(value: f64) -> Option<Number> {
    // 2^63 and 2^64 themselves do not fit; below them the casts are exact for integral values.
    if value.fract() == 0.0 {
        if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value) {
            return Some(Number::from(value as i64));
        }
        if (0.0..18_446_744_073_709_551_616.0).contains(&value) {
            return Some(Number::from(value as u64));
        }
    }
    Number::from_f64(value)
}
