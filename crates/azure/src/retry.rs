//! When to try again: a pure function.

use std::time::Duration;

/// How patient a client is. No call lives longer than `deadline`, whatever a server asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Most attempts of a call that may be repeated, the first included; default 4.
    pub attempts: u32,
    /// Wait before the second attempt; doubles each time; default 200 ms.
    pub first_wait: Duration,
    /// Longest wait, `Retry-After` included; default 15 s. A server that asks for more gets no second attempt from
    /// this call, and is left alone so long: calls in between send nothing and say what it said.
    pub longest_wait: Duration,
    /// Longest life of one attempt, connecting included; default 20 s. A write is one attempt.
    pub attempt: Duration,
    /// Longest life of one call; default 60 s.
    pub deadline: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 4,
            first_wait: Duration::from_millis(200),
            longest_wait: Duration::from_secs(15),
            attempt: Duration::from_secs(20),
            deadline: Duration::from_secs(60),
        }
    }
}

impl RetryPolicy {
    /// How long to wait before the next attempt; `None` to give up.
    ///
    /// `made`: attempts so far. `elapsed`: since the call began. `asked`: `Retry-After`. `jitter`: 0 to 1, taken off
    /// up to half of our own wait, never off what the server asked for.
    #[must_use]
    pub fn next(&self, made: u32, elapsed: Duration, asked: Option<Duration>, jitter: f64) -> Option<Duration> {
        if made >= self.attempts || asked.is_some_and(|asked| asked > self.longest_wait) {
            return None;
        }
        let doubled = self.first_wait.saturating_mul(2_u32.saturating_pow(made.saturating_sub(1).min(16)));
        let own = doubled.min(self.longest_wait).mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 2.0);
        let wait = own.max(asked.unwrap_or_default());
        (elapsed.saturating_add(wait) < self.deadline).then_some(wait)
    }
}

/// `Retry-After`: seconds, or an HTTP date read against `now` (Unix seconds).
pub(crate) fn retry_after(text: &str, now: i64) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = http_date(text)?;
    Some(Duration::from_secs(u64::try_from(at - now).unwrap_or(0)))
}

/// Unix seconds of an HTTP date (RFC 9110 §5.6.7), such as `Tue, 29 Apr 2025 10:00:00 GMT`.
pub(crate) fn http_date(text: &str) -> Option<i64> {
    jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn waits_double_end_and_honour_what_is_asked() {
        let policy = RetryPolicy { first_wait: S, longest_wait: S * 10, deadline: S * 60, ..RetryPolicy::default() };
        for (rule, made, elapsed, asked, want) in [
            ("the first wait", 1, 0, None, Some(1.0)),
            ("the second doubles", 2, 1, None, Some(2.0)),
            ("a server is waited for", 1, 0, Some(7), Some(7.0)),
            ("at least our own wait", 3, 0, Some(1), Some(4.0)),
            ("never beyond the longest wait", 1, 0, Some(3600), None),
            ("attempts end", 4, 0, None, None),
            ("the call's life ends", 1, 59, None, None),
            ("also by what is asked", 1, 51, Some(9), None),
        ] {
            let got = policy.next(made, S * elapsed, asked.map(|asked| S * asked), 0.0);
            assert_eq!(got, want.map(Duration::from_secs_f64), "{rule}");
        }
        assert_eq!(policy.next(1, Duration::ZERO, None, 1.0), Some(S / 2), "jitter takes off half at most");
        assert_eq!(policy.next(1, Duration::ZERO, Some(S * 7), 1.0), Some(S * 7), "never off what was asked");
        let patient = RetryPolicy { attempts: u32::MAX, deadline: Duration::MAX, ..policy };
        assert_eq!(patient.next(1000, S, None, 0.0), Some(S * 10), "no overflow");
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = http_date("Tue, 29 Apr 2025 10:00:00 GMT").unwrap();
        for (text, want) in [
            ("0", Some(0)),
            (" 10 ", Some(10)),
            ("Tue, 29 Apr 2025 10:00:30 GMT", Some(30)),
            ("Tue, 29 Apr 2025 09:00:00 GMT", Some(0)),
            ("soon", None),
            ("-5", None),
            ("", None),
        ] {
            assert_eq!(retry_after(text, now), want.map(|seconds| S * seconds), "{text}");
        }
    }
}
