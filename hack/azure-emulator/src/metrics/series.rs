//! Measurements, kept by the minute.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};

/// Minutes that are kept for each metric: a day and an hour.
const MINUTES: i64 = 1_500;
/// Combinations of dimensions that are kept for one metric and minute; further ones are counted as `other`.
const COMBINATIONS: usize = 500;

/// Names and values of dimensions, sorted.
pub(crate) type Dimensions = Vec<(String, String)>;

/// What was measured within one minute, or within several.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bucket {
    count: f64,
    total: f64,
    least: f64,
    most: f64,
}

impl Bucket {
    /// One value.
    pub(crate) fn of(value: f64) -> Self {
        Self { count: 1.0, total: value, least: value, most: value }
    }

    /// Takes in another one.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.total += other.total;
        self.least = self.least.min(other.least);
        self.most = self.most.max(other.most);
    }

    /// The aggregation of a name (lower case); `None` for a name that isn't known.
    pub(crate) fn aggregate(&self, name: &str) -> Option<f64> {
        Some(match name {
            "total" => self.total,
            "count" => self.count,
            "average" => self.total / self.count,
            "minimum" => self.least,
            "maximum" => self.most,
            _ => return None,
        })
    }
}

/// An error that a metric answers with inside a 200.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MetricError {
    /// Such as `InvalidSamplingType`.
    pub(crate) code: String,
    /// A sentence.
    pub(crate) message: String,
}

/// One metric of one resource.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metric {
    /// Minutes since 1970, and what was measured in each.
    minutes: BTreeMap<i64, BTreeMap<Dimensions, Bucket>>,
    /// What it fails with.
    pub(crate) error: Option<MetricError>,
}

impl Metric {
    /// Takes in a value measured at `second` (since 1970).
    pub(crate) fn add(&mut self, second: i64, mut dimensions: Dimensions, value: f64) {
        dimensions.sort();
        let minute = second.div_euclid(60);
        let of_minute = self.minutes.entry(minute).or_default();
        if of_minute.len() >= COMBINATIONS && !of_minute.contains_key(&dimensions) {
            for (_, value) in &mut dimensions {
                "other".clone_into(value);
            }
        }
        let new = Bucket::of(value);
        of_minute.entry(dimensions).and_modify(|bucket| bucket.merge(&new)).or_insert(new);
        let newest = self.minutes.last_key_value().map_or(minute, |(minute, _)| *minute);
        self.minutes = self.minutes.split_off(&(newest - MINUTES));
    }

    /// What was measured from `start` (included) to `end` (excluded), both in seconds since 1970, by steps of `step` seconds:
    /// for each combination of the wanted dimensions a bucket by the step's number.
    pub(crate) fn between(
        &self,
        start: i64,
        end: i64,
        step: i64,
        wanted: &[String],
        keep: impl Fn(&Dimensions) -> bool,
    ) -> BTreeMap<Dimensions, BTreeMap<i64, Bucket>> {
        let mut found: BTreeMap<Dimensions, BTreeMap<i64, Bucket>> = BTreeMap::new();
        for (minute, all) in self.minutes.range(start.div_euclid(60)..) {
            let second = minute * 60;
            if second >= end {
                break;
            }
            let at = (second - start).max(0).div_euclid(step.max(1));
            for (dimensions, bucket) in all.iter().filter(|(dimensions, _)| keep(dimensions)) {
                let split: Dimensions = wanted
                    .iter()
                    .map(|name| {
                        let value = dimensions.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
                        (name.to_ascii_lowercase(), value.map(|(_, value)| value.clone()).unwrap_or_default())
                    })
                    .collect();
                let steps = found.entry(split).or_default();
                steps.entry(at).and_modify(|known| known.merge(bucket)).or_insert(*bucket);
            }
        }
        found
    }
}

/// One point: its time and the aggregations asked for. Sums and counts of nothing are 0; the others of nothing are left out.
pub(crate) fn point(time: String, bucket: Option<&Bucket>, aggregations: &[String]) -> Value {
    let mut point = Map::new();
    point.insert("timeStamp".to_owned(), Value::String(time));
    for name in aggregations {
        let nothing = matches!(name.as_str(), "total" | "count").then_some(0.0);
        let value = bucket.map_or(nothing, |bucket| bucket.aggregate(name));
        if let Some(number) = value.and_then(Number::from_f64) {
            point.insert(name.clone(), Value::Number(number));
        }
    }
    Value::Object(point)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dims(origin: &str, status: &str) -> Dimensions {
        vec![("Origin".to_owned(), origin.to_owned()), ("HttpStatus".to_owned(), status.to_owned())]
    }

    #[test]
    fn values_are_kept_by_the_minute_and_split_by_dimension() {
        let mut metric = Metric::default();
        for (second, origin, status, value) in [
            (60, "blue", "200", 1.0),
            (119, "blue", "500", 3.0),
            (120, "green", "200", 5.0),
            (600, "green", "200", 7.0),
        ] {
            metric.add(second, dims(origin, status), value);
        }
        let all = metric.between(0, 600, 60, &[], |_| true);
        let steps = &all[&Vec::new()];
        assert_eq!(steps[&1], Bucket { count: 2.0, total: 4.0, least: 1.0, most: 3.0 });
        assert_eq!(steps.keys().copied().collect::<Vec<_>>(), [1, 2], "the end is excluded");
        let split = metric.between(0, 601, 6000, &["origin".to_owned()], |_| true);
        assert_eq!(split[&vec![("origin".to_owned(), "green".to_owned())]][&0].aggregate("average"), Some(6.0));
        let kept = metric.between(0, 601, 6000, &[], |dims| dims.iter().any(|(_, value)| value == "500"));
        assert_eq!(kept[&Vec::new()][&0].aggregate("count"), Some(1.0));
    }

    #[test]
    fn nothing_is_zero_for_sums_and_unknown_for_means() {
        let names = ["total".to_owned(), "average".to_owned()];
        assert_eq!(point("t".to_owned(), None, &names), serde_json::json!({"timeStamp": "t", "total": 0.0}));
    }

    #[test]
    fn the_past_is_forgotten() {
        let mut metric = Metric::default();
        metric.add(0, Vec::new(), 1.0);
        metric.add(60 * (MINUTES + 1), Vec::new(), 1.0);
        assert!(metric.between(0, 60, 60, &[], |_| true).is_empty());
    }
}
