//! What shall go wrong, and how often.

use serde::{Deserialize, Serialize};

use super::random::Random;

/// One rule, as `POST /_emulator/faults` takes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Rule {
    /// Method, such as `PUT`; any when left out. For DNS the record type asked for.
    #[serde(default)]
    pub(crate) method: Option<String>,
    /// Full type or action, `*` stands for any text, such as `Microsoft.Network/dnsZones/*`; also `token`, `msi`, `dns`,
    /// `operation` (polls). Any ARM call when left out.
    #[serde(default, rename = "type")]
    pub(crate) kind: Option<String>,
    /// Path of the call (for DNS the name), `*` stands for any text; any when left out.
    #[serde(default)]
    pub(crate) path: Option<String>,
    /// 0 to 1.
    #[serde(default = "always")]
    pub(crate) probability: f64,
    /// So many matching calls go well first.
    #[serde(default)]
    pub(crate) skip: u32,
    /// How many times it strikes; for ever when left out.
    #[serde(default)]
    pub(crate) times: Option<u32>,
    /// What happens.
    pub(crate) fault: Fault,
}

fn always() -> f64 {
    1.0
}

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind", deny_unknown_fields)]
pub(crate) enum Fault {
    /// An error instead of the work.
    Error {
        /// HTTP status, 400 to 599.
        status: u16,
        /// Its code; by status when left out.
        #[serde(default)]
        code: Option<String>,
        /// Its sentence.
        #[serde(default)]
        message: Option<String>,
        /// `Retry-After` in seconds.
        #[serde(default)]
        retry_after: Option<u32>,
    },
    /// 409: another operation is in progress.
    Busy,
    /// 412.
    PreconditionFailed,
    /// The answer comes late, after the work, in real time.
    Delay {
        /// How late.
        milliseconds: u64,
    },
    /// The connection ends and nothing was done.
    CloseBefore,
    /// The connection ends and all was done.
    CloseAfter,
    /// No answer comes, and the work is done when `POST late` says so: a write that arrives after its sender gave up.
    Late,
    /// The operation that the call begins fails.
    LroFails {
        /// Its error's code.
        #[serde(default = "lro_code")]
        code: String,
        /// Its error's sentence.
        #[serde(default = "lro_message")]
        message: String,
    },
    /// The operation's URLs answer 404; the work is done in its time.
    LroLost,
    /// The operation never ends.
    LroNeverEnds,
    /// A read sees the state before the last change.
    StaleRead,
    /// DNS: SERVFAIL.
    Servfail,
    /// DNS: no answer.
    Drop,
}

fn lro_code() -> String {
    "InternalServerError".to_owned()
}

fn lro_message() -> String {
    "An error occurred.".to_owned()
}

/// What happens to an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LroFault {
    /// It fails.
    Fails {
        /// Code.
        code: String,
        /// Sentence.
        message: String,
    },
    /// Nobody knows it.
    Lost,
    /// It never ends.
    NeverEnds,
}

impl Fault {
    /// The part that concerns operations.
    pub(crate) fn lro(&self) -> Option<LroFault> {
        match self {
            Self::LroFails { code, message } => Some(LroFault::Fails { code: code.clone(), message: message.clone() }),
            Self::LroLost => Some(LroFault::Lost),
            Self::LroNeverEnds => Some(LroFault::NeverEnds),
            _ => None,
        }
    }

    /// A short name for the log.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Error { status, .. } => format!("error {status}"),
            other => serde_json::to_value(other)
                .ok()
                .and_then(|value| value.get("kind").and_then(|kind| kind.as_str().map(str::to_owned)))
                .unwrap_or_default(),
        }
    }
}

/// A rule in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Active {
    /// Its number, for removing it.
    pub(crate) id: u64,
    /// The rule, with `skip` and `times` counted down.
    #[serde(flatten)]
    pub(crate) rule: Rule,
    /// How often it struck.
    pub(crate) struck: u64,
}

/// All rules.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Faults {
    active: Vec<Active>,
    last: u64,
}

impl Faults {
    /// Adds a rule; returns its number.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub(crate) fn add(&mut self, rule: Rule) -> Result<u64, Vec<String>> {
        let wrong = rule.check();
        if !wrong.is_empty() {
            return Err(wrong);
        }
        self.last += 1;
        self.active.push(Active { id: self.last, rule, struck: 0 });
        Ok(self.last)
    }

    /// Removes a rule. False when there is none of the number.
    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let before = self.active.len();
        self.active.retain(|active| active.id != id);
        self.active.len() < before
    }

    /// Removes all.
    pub(crate) fn clear(&mut self) {
        self.active.clear();
    }

    /// The rules, those that are used up too.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Active> {
        self.active.iter()
    }

    /// Rolls the dice for a call: the first rule that matches and strikes.
    pub(crate) fn strike(&mut self, dice: &mut Random, method: &str, kind: &str, path: &str) -> Option<Fault> {
        for active in &mut self.active {
            let rule = &mut active.rule;
            if rule.times == Some(0) || !rule.matches(method, kind, path) {
                continue;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
                continue;
            }
            if !dice.chance(rule.probability) {
                continue;
            }
            rule.times = rule.times.map(|times| times - 1);
            active.struck += 1;
            return Some(rule.fault.clone());
        }
        None
    }
}

impl Rule {
    fn matches(&self, method: &str, kind: &str, path: &str) -> bool {
        let fits = |pattern: &Option<String>, text: &str| pattern.as_ref().is_none_or(|one| matches(one, text));
        // Without a type a rule means ARM: tokens and DNS are asked for by name.
        let arm = !matches!(kind, "token" | "msi" | "dns" | "operation");
        fits(&self.method, method) && fits(&self.path, path) && (self.kind.is_some() || arm) && fits(&self.kind, kind)
    }

    fn check(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if !(0.0..=1.0).contains(&self.probability) {
            wrong.push(format!("probability is {}; it must lie between 0 and 1", self.probability));
        }
        if self.times == Some(0) {
            wrong.push("times is 0; such a fault would never strike".to_owned());
        }
        if let Fault::Error { status, .. } = &self.fault
            && !(400..600).contains(status)
        {
            wrong.push(format!("fault.status is {status}; an error has 400 to 599"));
        }
        let dns = self.kind.as_deref() == Some("dns");
        if dns != matches!(self.fault, Fault::Servfail | Fault::Drop) {
            wrong.push("servfail and drop are the faults of type `dns`, and it has no others".to_owned());
        }
        wrong
    }
}

/// Does a pattern fit the whole of a text? `*` stands for any text; case does not count.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_ascii_lowercase(), text.to_ascii_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::{Fault, Faults, Random, Rule, matches};

    #[test]
    fn patterns_fit_whole_texts() {
        for (pattern, text, fits) in [
            ("a*", "ABC", true),
            ("*c", "abc", true),
            ("a*c", "abc", true),
            ("a*b*c", "a1b2c", true),
            ("abc", "abcd", false),
            ("a*bb", "ab", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn a_rule_skips_strikes_and_is_used_up() {
        let rule: Rule = serde_json::from_str(
            r#"{"method":"put","type":"Microsoft.Network/dnsZones/*","skip":1,"times":2,"fault":{"kind":"busy"}}"#,
        )
        .unwrap();
        let (mut faults, mut dice) = (Faults::default(), Random::new(1));
        faults.add(rule).unwrap();
        let mut call = |method| faults.strike(&mut dice, method, "Microsoft.Network/dnszones/A", "/x");
        let struck: Vec<bool> = ["PUT", "GET", "PUT", "PUT", "PUT"].map(|m| call(m).is_some()).into();
        assert_eq!(struck, [false, false, true, true, false]);
        assert_eq!(faults.iter().next().unwrap().struck, 2);
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let rule: Rule =
            serde_json::from_str(r#"{"type":"dns","probability":2,"times":0,"fault":{"kind":"error","status":200}}"#)
                .unwrap();
        assert_eq!(Faults::default().add(rule).unwrap_err().len(), 4);
        assert_eq!(Fault::Error { status: 503, code: None, message: None, retry_after: None }.label(), "error 503");
        assert_eq!(Fault::CloseAfter.label(), "closeAfter");
    }
}
