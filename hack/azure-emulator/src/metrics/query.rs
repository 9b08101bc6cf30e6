//! What a call asks of metrics.

use jiff::{RoundMode, SignedDuration, Span, Timestamp, TimestampRound, Unit};

use super::series::Dimensions;
use crate::arm::call::percent_decode;

/// How often a span may be cut.
const POINTS: i64 = 100_000;

/// A whole question.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    /// Names of metrics; empty means the first of the resource's.
    pub(crate) names: Vec<String>,
    /// Names of aggregations, lower case; empty means each metric's own.
    pub(crate) aggregations: Vec<String>,
    /// From.
    pub(crate) start: Timestamp,
    /// To, excluded; a whole second.
    pub(crate) end: Timestamp,
    /// Seconds of a step; the whole span for `FULL`.
    pub(crate) step: i64,
    /// The step as answers spell it.
    pub(crate) interval: String,
    /// Which measurements count, and how they are split.
    pub(crate) filter: Filter,
    /// As many series at most.
    pub(crate) top: usize,
    /// An aggregation, and whether the largest come first.
    pub(crate) order: Option<(String, bool)>,
    /// Only which series there are.
    pub(crate) metadata: bool,
    /// Dimensions that shall not split.
    pub(crate) roll_up: Vec<String>,
}

/// One term of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    name: String,
    how: How,
    value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Equal,
    Different,
    Starts,
}

/// Terms on the same dimension are alternatives, those on different dimensions must all hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter(Vec<Term>);

impl Filter {
    /// Reads `Origin eq '*' and HttpStatus eq '500'`.
    ///
    /// # Errors
    /// A sentence.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut terms = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            rest = rest.trim_start_matches(['(', ' ']);
            let wrong = || {
                format!(
                    "The filter '{text}' is not understood: write terms such as Name eq 'value', joined by and, or."
                )
            };
            let (name, after) = rest.split_once(' ').ok_or_else(wrong)?;
            let (how, after) = after.trim_start().split_once(' ').ok_or_else(wrong)?;
            let how = match how.to_ascii_lowercase().as_str() {
                "eq" => How::Equal,
                "ne" => How::Different,
                "sw" => How::Starts,
                _ => return Err(wrong()),
            };
            let quoted = after.trim_start().strip_prefix('\'').ok_or_else(wrong)?;
            let mut value = String::new();
            let mut chars = quoted.char_indices().peekable();
            let mut end = None;
            while let Some((at, c)) = chars.next() {
                if c != '\'' {
                    value.push(c);
                } else if chars.peek().is_some_and(|(_, next)| *next == '\'') {
                    value.push('\'');
                    chars.next();
                } else {
                    end = Some(at + 1);
                    break;
                }
            }
            let after = end.and_then(|end| quoted.get(end..)).ok_or_else(wrong)?;
            terms.push(Term { name: name.to_owned(), how, value });
            rest = after.trim_start_matches([')', ' ']);
            if rest.is_empty() {
                break;
            }
            let (word, after) = rest.split_once(' ').ok_or_else(wrong)?;
            if !word.eq_ignore_ascii_case("and") && !word.eq_ignore_ascii_case("or") {
                return Err(wrong());
            }
            rest = after.trim_start();
        }
        Ok(Self(terms))
    }

    /// Names of the dimensions it speaks of, each once: these split the answer.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for term in &self.0 {
            if !names.iter().any(|known| known.eq_ignore_ascii_case(&term.name)) {
                names.push(term.name.clone());
            }
        }
        names
    }

    /// Whether a measurement counts.
    pub(crate) fn holds(&self, dimensions: &Dimensions) -> bool {
        self.names().iter().all(|name| {
            let value =
                dimensions.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str());
            let Some(value) = value else { return false };
            let mut of_name = self.0.iter().filter(|term| term.name.eq_ignore_ascii_case(name)).peekable();
            let different = of_name.peek().is_some_and(|term| term.how == How::Different);
            let holds = |term: &Term| match term.how {
                How::Equal => term.value == "*" || term.value.eq_ignore_ascii_case(value),
                How::Different => !term.value.eq_ignore_ascii_case(value),
                How::Starts => value.to_ascii_lowercase().starts_with(&term.value.to_ascii_lowercase()),
            };
            // "not this, not that" holds when all hold; alternatives when one does.
            if different { of_name.all(holds) } else { of_name.any(holds) }
        })
    }
}

/// Reads a question; `get` gives a value by its name in lower case.
///
/// # Errors
/// A sentence for the caller.
pub(crate) fn parse(get: &dyn Fn(&str) -> Option<String>, now: Timestamp) -> Result<Query, String> {
    let list = |name: &str| -> Vec<String> {
        let text = get(name).unwrap_or_default();
        // A comma within a name is written %2.
        text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(|one| one.replace("%2", ",")).collect()
    };
    let (start, end) = span(get("timespan"), now)?;
    let whole = end.duration_since(start).as_secs().max(1);
    let adjust = get("autoadjusttimegrain").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let asked = get("interval").filter(|text| !text.is_empty()).unwrap_or_else(|| "PT1M".to_owned());
    let (step, interval) =
        if asked.eq_ignore_ascii_case("FULL") { (whole, duration(whole)) } else { grain(&asked, adjust)? };
    if whole / step > POINTS {
        return Err(format!("The timespan holds more than {POINTS} intervals of {interval}."));
    }
    let order = get("orderby").map(|text| {
        let mut words = text.split_whitespace();
        let name = words.next().unwrap_or_default().to_ascii_lowercase();
        (name, !words.next().is_some_and(|word| word.eq_ignore_ascii_case("asc")))
    });
    let top = match get("top") {
        None => 10,
        Some(text) => text.parse().map_err(|_| format!("top is '{text}'; it must be a number."))?,
    };
    let aggregations: Vec<String> = list("aggregation").iter().map(|name| name.to_ascii_lowercase()).collect();
    for name in &aggregations {
        if !["total", "count", "average", "minimum", "maximum", "none"].contains(&name.as_str()) {
            return Err(format!("'{name}' is no aggregation: Total, Count, Average, Minimum, Maximum."));
        }
    }
    Ok(Query {
        names: list("metricnames"),
        aggregations,
        start,
        end,
        step,
        interval,
        filter: Filter::parse(&get("$filter").or_else(|| get("filter")).unwrap_or_default())?,
        top,
        order,
        metadata: get("resulttype").is_some_and(|text| text.eq_ignore_ascii_case("metadata")),
        roll_up: list("rollupby"),
    })
}

/// `start/end`, `start/duration` or `duration/end`; the last hour without one. Some clients encode it twice.
fn span(text: Option<String>, now: Timestamp) -> Result<(Timestamp, Timestamp), String> {
    // Whole minutes, as measurements are kept.
    let floor = |time: Timestamp| Timestamp::from_second(time.as_second().div_euclid(60) * 60).unwrap_or(time);
    let before = |time: Timestamp, by: SignedDuration| time.checked_sub(by).unwrap_or(Timestamp::MIN);
    // A whole second: within a minute's first second its measurements count already.
    let ceil = |time: Timestamp| {
        time.round(TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Ceil)).unwrap_or(time)
    };
    let Some(mut text) = text.filter(|text| !text.is_empty()) else {
        return Ok((floor(before(now, SignedDuration::from_hours(1))), ceil(now)));
    };
    if text.contains('%') {
        text = percent_decode(&text)?;
    }
    let wrong = || format!("The timespan '{text}' is not understood: write start/end in ISO 8601.");
    let time = |text: &str| -> Option<Timestamp> {
        let bare =
            text.parse::<jiff::civil::DateTime>().ok().and_then(|civil| civil.to_zoned(jiff::tz::TimeZone::UTC).ok());
        text.parse::<Timestamp>().ok().or_else(|| bare.map(|zoned| zoned.timestamp()))
    };
    let length = |text: &str| -> Option<SignedDuration> {
        let span: Span = text.parse().ok()?;
        span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()
    };
    let Some((first, second)) = text.split_once('/') else {
        return Ok((floor(before(now, length(&text).ok_or_else(wrong)?)), ceil(now)));
    };
    let (start, end) = match (time(first), time(second)) {
        (Some(start), Some(end)) => (start, end),
        (Some(start), None) => (start, start.checked_add(length(second).ok_or_else(wrong)?).unwrap_or(Timestamp::MAX)),
        (None, Some(end)) => (before(end, length(first).ok_or_else(wrong)?), end),
        (None, None) => return Err(wrong()),
    };
    if end <= start {
        return Err(format!("The end of the timespan '{text}' is not after its start."));
    }
    Ok((floor(start), ceil(end)))
}

/// Grains on offer, in seconds.
const GRAINS: [(i64, &str); 8] = [
    (60, "PT1M"),
    (300, "PT5M"),
    (900, "PT15M"),
    (1800, "PT30M"),
    (3600, "PT1H"),
    (21600, "PT6H"),
    (43200, "PT12H"),
    (86400, "P1D"),
];

fn grain(text: &str, adjust: bool) -> Result<(i64, String), String> {
    if let Some((seconds, name)) = GRAINS.iter().find(|(_, name)| name.eq_ignore_ascii_case(text)) {
        return Ok((*seconds, (*name).to_owned()));
    }
    let asked: Option<i64> = text
        .parse::<Span>()
        .ok()
        .and_then(|span| span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok())
        .map(|length| length.as_secs());
    match asked {
        Some(asked) if adjust => {
            let (seconds, name) =
                GRAINS.iter().min_by_key(|(seconds, _)| (seconds - asked).abs()).unwrap_or(&GRAINS[0]);
            Ok((*seconds, (*name).to_owned()))
        }
        _ => {
            let all: Vec<&str> = GRAINS.iter().map(|(_, name)| *name).collect();
            Err(format!("Detected invalid time grain input: '{text}'. Supported: {}, FULL.", all.join(",")))
        }
    }
}

/// Seconds as an ISO duration.
fn duration(seconds: i64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let part = |n: i64, unit: &str| if n == 0 { String::new() } else { format!("{n}{unit}") };
    format!("PT{}{}{}", part(hours, "H"), part(minutes, "M"), part(seconds, "S"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn ask(pairs: &[(&str, &str)]) -> Result<Query, String> {
        let all: BTreeMap<String, String> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let now = "2026-11-26T12:34:56Z".parse().unwrap();
        parse(&|name| all.get(name).cloned(), now)
    }

    #[test]
    fn a_span_is_read_however_it_was_encoded() {
        for text in [
            "2026-11-26T11:00:30Z/2026-11-26T12:00:00Z",
            "2026-11-26T11%3A00%3A30Z%2F2026-11-26T12%3A00%3A00Z",
            "2026-11-26T11:00:30.000Z/PT59M30S",
            "PT1H/2026-11-26T12:00:00Z",
            "2026-11-26T11:00:00/2026-11-26T12:00:00",
        ] {
            let query = ask(&[("timespan", text), ("interval", "FULL")]).unwrap();
            assert_eq!((query.start.to_string().as_str(), query.step), ("2026-11-26T11:00:00Z", 3600), "{text}");
            assert_eq!(query.interval, "PT1H");
        }
        assert_eq!(ask(&[]).unwrap().step, 60);
        for wrong in ["yesterday", "2026-11-26T12:00:00Z/2026-11-26T11:00:00Z"] {
            assert!(ask(&[("timespan", wrong)]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_minute_counts_from_its_first_moment() {
        let now = "2026-11-26T12:00:00.001Z".parse().unwrap();
        for (span, end) in [
            (None, "2026-11-26T12:00:01Z"),
            (Some("PT1H"), "2026-11-26T12:00:01Z"),
            (Some("PT1H/2026-11-26T12:00:00.5Z"), "2026-11-26T12:00:01Z"),
            (Some("PT1H/2026-11-26T12:00:00Z"), "2026-11-26T12:00:00Z"),
        ] {
            let query = parse(&|name| span.filter(|_| name == "timespan").map(str::to_owned), now).unwrap();
            assert_eq!(query.end.to_string(), end, "{span:?}");
        }
    }

    #[test]
    fn grains_are_those_on_offer() {
        assert_eq!(ask(&[("interval", "PT5M")]).unwrap().step, 300);
        assert!(ask(&[("interval", "PT7M")]).is_err_and(|why| why.contains("invalid time grain")));
        assert_eq!(ask(&[("interval", "PT7M"), ("autoadjusttimegrain", "true")]).unwrap().step, 300);
    }

    #[test]
    fn filters_split_and_choose() {
        let dims = vec![("Origin".to_owned(), "blue".to_owned()), ("HttpStatus".to_owned(), "500".to_owned())];
        for (filter, names, holds) in [
            ("Origin eq '*'", vec!["Origin"], true),
            ("origin eq 'BLUE' and HttpStatus eq '500'", vec!["origin", "HttpStatus"], true),
            ("(Origin eq 'green' or Origin eq 'blue') and HttpStatus eq '*'", vec!["Origin", "HttpStatus"], true),
            ("Origin eq 'green'", vec!["Origin"], false),
            ("HttpStatus ne '500'", vec!["HttpStatus"], false),
            ("HttpStatus ne '200' and HttpStatus ne '404'", vec!["HttpStatus"], true),
            ("HttpStatus sw '5'", vec!["HttpStatus"], true),
            ("Endpoint eq '*'", vec!["Endpoint"], false),
            ("", vec![], true),
        ] {
            let parsed = Filter::parse(filter).unwrap();
            assert_eq!(
                (parsed.names(), parsed.holds(&dims)),
                (names.into_iter().map(str::to_owned).collect(), holds),
                "{filter}"
            );
        }
        for wrong in ["Origin", "Origin eq blue", "Origin eq 'blue", "Origin is 'blue'", "Origin eq 'a' xor B eq 'b'"] {
            assert!(Filter::parse(wrong).is_err(), "{wrong}");
        }
    }
}
