//! Times as people write them: `500ms`, `10s`, `5m`, `1h30m`.

use std::time::Duration;

/// Longest time that is read: ten years.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// Reads a time: whole numbers, each with a unit `h`, `m`, `s` or `ms`, larger units first; `0s` is allowed.
///
/// # Errors
/// What is wrong and what would be right, one sentence without a full stop.
pub fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no time; write one such as `500ms`, `10s`, `5m` or `1h30m`");
    let mut rest = text;
    let mut total = Duration::ZERO;
    let mut before = u64::MAX;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).filter(|length| *length > 0).ok_or_else(wrong)?;
        let (number, tail) = rest.split_at(digits);
        let length = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(length);
        let unit = match unit {
            "h" => 3_600_000,
            "m" => 60_000,
            "s" => 1000,
            "ms" => 1,
            _ => return Err(wrong()),
        };
        if unit >= before {
            return Err(wrong());
        }
        before = unit;
        let amount = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)).ok_or_else(wrong)?;
        total = total.saturating_add(Duration::from_millis(amount));
        rest = tail;
    }
    if before == u64::MAX || total > LONGEST { Err(wrong()) } else { Ok(total) }
}

/// Writes a time as [`parse`] reads it, exact to the millisecond.
#[must_use]
pub fn show(time: Duration) -> String {
    let mut rest = time.as_millis();
    let mut text = String::new();
    for (unit, name) in [(3_600_000, "h"), (60_000, "m"), (1000, "s"), (1, "ms")] {
        if rest >= unit {
            text.push_str(&format!("{}{name}", rest / unit));
            rest %= unit;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written() {
        for (text, millis) in
            [("500ms", 500), ("10s", 10_000), ("5m", 300_000), ("1h30m", 5_400_000), ("1m1s1ms", 61_001), ("0s", 0)]
        {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
            assert_eq!(show(Duration::from_millis(millis)), text);
        }
        assert_eq!(show(Duration::from_secs(90)), "1m30s");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in
            ["", "10", "s", "10 s", "1.5h", "-1s", "5m1h", "1s1s", "5min", "99999999999999999999s", "9999999h", "1d"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
