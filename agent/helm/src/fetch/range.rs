//! Versions and ranges as Helm reads them: `^1.2`, `~1.2.3`, `>=1.2 <2`, `1.x`, `1.2 - 1.4`, `||`; a bare version is exactly
//! itself; pre-releases count only where the range names one; `v` and missing parts are forgiven.

use semver::{Prerelease, Version};

/// Longest range that is read.
const MAX_LENGTH: usize = 256;

/// A range: any of its parts, each of which is all of its bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Range(Vec<Vec<Bound>>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Bound {
    /// At least this, exclusive when `false`.
    least: Option<(Version, bool)>,
    /// At most this, exclusive when `false`.
    most: Option<(Version, bool)>,
    /// All but what the two say.
    except: bool,
    /// It names a pre-release, so that these count.
    pre: bool,
}

impl Range {
    /// Reads a range; an empty one is every version that is no pre-release.
    ///
    /// # Errors
    /// Which part can't be read.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_LENGTH {
            return Err(format!("a range of more than {MAX_LENGTH} characters"));
        }
        let parts = text.split("||").map(|part| part_of(part.trim()));
        Ok(Self(parts.collect::<Result<_, _>>()?))
    }

    /// Whether `version` is in it.
    pub(crate) fn allows(&self, version: &Version) -> bool {
        self.0.iter().any(|part| {
            let pre = version.pre.is_empty() || part.iter().any(|bound| bound.pre);
            pre && part.iter().all(|bound| bound.allows(version))
        })
    }
}

impl Bound {
    fn allows(&self, version: &Version) -> bool {
        let least = self.least.as_ref().is_none_or(|(least, inclusive)| {
            if *inclusive { version.cmp_precedence(least).is_ge() } else { version.cmp_precedence(least).is_gt() }
        });
        let most = self.most.as_ref().is_none_or(|(most, inclusive)| {
            if *inclusive { version.cmp_precedence(most).is_le() } else { version.cmp_precedence(most).is_lt() }
        });
        (least && most) != self.except
    }
}

/// Reads a version as Helm does: `v1.2` is 1.2.0.
pub(crate) fn version(text: &str) -> Option<Version> {
    Partial::parse(text).filter(|partial| partial.major.is_some()).map(|partial| partial.low())
}

/// The text of the newest version in the range; of equal ones the first.
pub(crate) fn newest(versions: impl Iterator<Item = String>, range: &Range) -> Option<String> {
    let mut best: Option<(Version, String)> = None;
    for text in versions {
        let Some(found) = version(&text).filter(|found| range.allows(found)) else { continue };
        if best.as_ref().is_none_or(|(best, _)| found.cmp_precedence(best).is_gt()) {
            best = Some((found, text));
        }
    }
    best.map(|(_, text)| text)
}

/// Whether a text is one version and no range, so that it can be asked for by name.
pub(crate) fn is_exact(text: &str) -> bool {
    Version::parse(text.strip_prefix('v').unwrap_or(text)).is_ok()
}

fn part_of(text: &str) -> Result<Vec<Bound>, String> {
    if let Some((low, high)) = text.split_once(" - ") {
        let (low, high) = (partial(low)?, partial(high)?);
        let pre = low.has_pre() || high.has_pre();
        return Ok(vec![Bound { least: Some((low.low(), true)), most: high.end(), except: false, pre }]);
    }
    let mut bounds = Vec::new();
    let mut words = text.split([',', ' ']).filter(|word| !word.is_empty()).peekable();
    while let Some(word) = words.next() {
        let signs = word.bytes().take_while(|byte| b"=!<>~^".contains(byte)).count();
        let (sign, rest) = word.split_at(signs);
        // A sign may stand apart from its version.
        let rest = if rest.is_empty() { words.next().unwrap_or_default() } else { rest };
        bounds.push(bound(sign, &partial(rest)?).ok_or_else(|| format!("`{sign}` is no sign of a range"))?);
    }
    if bounds.is_empty() {
        bounds.push(Bound { least: None, most: None, except: false, pre: false });
    }
    Ok(bounds)
}

fn bound(sign: &str, at: &Partial) -> Option<Bound> {
    let (low, pre) = (at.low(), at.has_pre());
    let range = |least, most| Bound { least, most, except: false, pre };
    let from = || at.major.map(|_| (low.clone(), true));
    Some(match sign {
        "" | "=" => range(from(), at.end()),
        "!=" => Bound { except: true, ..range(from(), at.end()) },
        ">=" | "=>" => range(Some((low, true)), None),
        ">" => match at.end() {
            // Beyond all that a partial version stands for.
            Some((end, false)) => range(Some((end, true)), None),
            Some((end, true)) => range(Some((end, false)), None),
            None => range(Some((low, false)), None),
        },
        "<" => range(None, Some((low, false))),
        "<=" | "=<" => range(None, at.end()),
        "~" | "~>" => range(from(), at.next(at.minor.is_none())),
        "^" => range(from(), at.caret()),
        _ => return None,
    })
}

fn partial(text: &str) -> Result<Partial, String> {
    Partial::parse(text.trim()).ok_or_else(|| format!("`{}` is no version", crate::archive::tame(text)))
}

/// A version of which the last parts may be missing or `x`.
struct Partial {
    major: Option<u64>,
    minor: Option<u64>,
    patch: Option<u64>,
    pre: Prerelease,
}

impl Partial {
    fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let text = text.split('+').next().unwrap_or_default();
        let (numbers, pre) = text.split_once('-').unwrap_or((text, ""));
        let mut parts = [None; 3];
        let mut open = false;
        for (index, part) in numbers.split('.').enumerate() {
            let slot = parts.get_mut(index)?;
            match part {
                "x" | "X" | "*" => open = true,
                part if open || part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) => return None,
                part => *slot = Some(part.parse().ok()?),
            }
        }
        let [major, minor, patch] = parts;
        Some(Self { major, minor, patch, pre: Prerelease::new(pre).ok()? })
    }

    fn has_pre(&self) -> bool {
        !self.pre.is_empty()
    }

    /// The lowest version it stands for.
    fn low(&self) -> Version {
        let part = |part: Option<u64>| part.unwrap_or_default();
        Version { pre: self.pre.clone(), ..Version::new(part(self.major), part(self.minor), part(self.patch)) }
    }

    /// The end of what it stands for: itself when it is whole, else what comes after all of it, exclusive.
    fn end(&self) -> Option<(Version, bool)> {
        if self.patch.is_some() { Some((self.low(), true)) } else { self.next(self.minor.is_none()) }
    }

    /// The next major or minor version, exclusive.
    fn next(&self, of_major: bool) -> Option<(Version, bool)> {
        let major = self.major?;
        let next = match self.minor {
            Some(minor) if !of_major => Version::new(major, minor.saturating_add(1), 0),
            _ => Version::new(major.saturating_add(1), 0, 0),
        };
        Some((next, false))
    }

    /// Up to the next change of the leftmost part that is not 0.
    fn caret(&self) -> Option<(Version, bool)> {
        match (self.major?, self.minor, self.patch) {
            (0, Some(0), Some(patch)) => Some((Version::new(0, 0, patch.saturating_add(1)), false)),
            (0, Some(minor), _) => Some((Version::new(0, minor.saturating_add(1), 0), false)),
            (major, ..) => Some((Version::new(major.saturating_add(1), 0, 0), false)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_mean_what_helm_means() {
        for (range, yes, no) in [
            ("", vec!["0.1.0", "9.9.9"], vec!["1.0.0-rc.1"]),
            ("*", vec!["0.1.0", "9.9.9"], vec!["1.0.0-rc.1"]),
            ("1.2.3", vec!["1.2.3", "v1.2.3"], vec!["1.2.4", "1.2.3-rc.1"]),
            ("v1.2.3", vec!["1.2.3"], vec!["1.2.4"]),
            ("=1.2.3", vec!["1.2.3+build"], vec!["1.2.2"]),
            ("1.2", vec!["1.2.0", "1.2.9"], vec!["1.3.0", "1.1.9"]),
            ("1.2.x", vec!["1.2.0", "1.2.9"], vec!["1.3.0"]),
            ("1", vec!["1.0.0", "1.9.0"], vec!["2.0.0", "0.9.0"]),
            ("^1.2.3", vec!["1.2.3", "1.9.0"], vec!["2.0.0", "1.2.2", "1.3.0-rc.1"]),
            ("^0.2.3", vec!["0.2.3", "0.2.9"], vec!["0.3.0"]),
            ("^0.0.3", vec!["0.0.3"], vec!["0.0.4"]),
            ("^0.0", vec!["0.0.1", "0.0.9"], vec!["0.1.0"]),
            ("~1.2.3", vec!["1.2.3", "1.2.9"], vec!["1.3.0", "1.2.2"]),
            ("~1", vec!["1.0.0", "1.9.0"], vec!["2.0.0"]),
            ("~> 1.2", vec!["1.2.0", "1.2.7"], vec!["1.3.0"]),
            (">=1.2, <2", vec!["1.2.0", "1.9.9"], vec!["2.0.0", "1.1.0"]),
            (">= 1.2 < 2", vec!["1.2.0", "1.9.9"], vec!["2.0.0"]),
            (">1.2", vec!["1.3.0"], vec!["1.2.9"]),
            ("<=1.2", vec!["1.2.9", "0.1.0"], vec!["1.3.0"]),
            ("!=1.2.3", vec!["1.2.4"], vec!["1.2.3"]),
            ("1.2 - 1.4", vec!["1.2.0", "1.4.9"], vec!["1.5.0", "1.1.9"]),
            ("1.2.3 || ^3", vec!["1.2.3", "3.4.0"], vec!["2.0.0"]),
            (">=1.2.3-0", vec!["1.3.0-rc.1", "1.2.3-alpha", "2.0.0"], vec!["1.2.2"]),
        ] {
            let parsed = Range::parse(range).unwrap();
            for (texts, want) in [(yes, true), (no, false)] {
                for text in texts {
                    assert_eq!(parsed.allows(&version(text).unwrap()), want, "`{range}` and {text}");
                }
            }
        }
        for bad in ["latest", ">>1", "1.2.3.4", "1.x.3", "^", &"1 ".repeat(200)] {
            assert!(Range::parse(bad).is_err(), "{bad}");
        }
        let versions = ["1.0.0", "1.10.0", "1.9.0", "2.0.0-rc.1", "nonsense"].map(str::to_owned);
        assert_eq!(newest(versions.into_iter(), &Range::parse("").unwrap()).as_deref(), Some("1.10.0"));
        assert!(is_exact("1.2.3-rc.1+b") && is_exact("v1.2.3") && !is_exact("1.2") && !is_exact("^1.2.3"));
    }
}
