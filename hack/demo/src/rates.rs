//! How many requests a second each gateway answers, by Prometheus' query API: where a real installation has a metrics
//! server, the demo counts for itself, from the gateways' own `/metrics`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use serde_json::{Value, json};
use teal_testkit::http::FrontDoor;
use tokio::sync::Mutex;
use tokio::time::MissedTickBehavior;
use tokio_util::task::AbortOnDropHandle;

/// Time over which a rate is measured.
const WINDOW: Duration = Duration::from_secs(5);
/// Between two readings.
const STEP: Duration = Duration::from_millis(500);
/// As many readings a window has: after a pause of this machine it begins before the pause, however long that was.
const LEAST: usize = 11;
/// Longest wait for one reading.
const LATE: Duration = Duration::from_secs(60);

/// Who reads, where, and what was read.
struct Reader {
    client: reqwest::Client,
    /// `/metrics` by color.
    sources: BTreeMap<String, String>,
    /// Counts by color, each reading with its time. Held while a gateway is asked: readings are in the order of their times.
    readings: Mutex<BTreeMap<String, VecDeque<(Instant, f64)>>>,
}

/// The metrics server; dropped, it ends.
pub(crate) struct Rates {
    /// Where it answers.
    pub(crate) url: String,
    _tasks: [AbortOnDropHandle<()>; 2],
}

impl Rates {
    /// Starts to read and to answer.
    pub(crate) async fn start(doors: &[FrontDoor]) -> Result<Self> {
        let sources = doors.iter().map(|door| (door.color().to_owned(), door.url("/metrics"))).collect();
        let client = reqwest::Client::builder().no_proxy().timeout(LATE).build().context("a client for metrics")?;
        let reader = Arc::new(Reader { client, sources, readings: Mutex::default() });
        let task = tokio::spawn(for_ever(reader.clone()));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.context("listen for queries")?;
        let url = format!("http://{}", listener.local_addr()?);
        let app = axum::Router::new().route("/api/v1/query", get(query)).with_state(reader);
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, app).await {
                eprintln!("the gateways' rates can't be asked for any more: {error}");
            }
        });
        Ok(Self { url, _tasks: [AbortOnDropHandle::new(task), AbortOnDropHandle::new(server)] })
    }
}

async fn for_ever(reader: Arc<Reader>) {
    let mut tick = tokio::time::interval(STEP);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        for color in reader.sources.keys() {
            reader.read(color).await;
        }
    }
}

impl Reader {
    /// The rate of a color up to now; none of a gateway that is down or unknown, or has not been read for a whole window.
    async fn read(&self, color: &str) -> Option<f64> {
        let url = self.sources.get(color)?;
        let mut readings = self.readings.lock().await;
        let text = self.client.get(url).send().await.ok()?.text().await.ok()?;
        let readings = readings.entry(color.to_owned()).or_default();
        keep(readings, Instant::now(), users(&text));
        rate(readings)
    }
}

/// Adds a reading and drops those that the window no longer needs: the newest that is a whole window old stays, so that a
/// late reading never leaves less than a window.
fn keep(readings: &mut VecDeque<(Instant, f64)>, now: Instant, count: f64) {
    readings.push_back((now, count));
    while readings.len() > LEAST && readings.get(1).is_some_and(|(at, _)| now.duration_since(*at) >= WINDOW) {
        readings.pop_front();
    }
}

/// Requests of users, probes left out.
fn users(metrics: &str) -> f64 {
    let counted = metrics
        .lines()
        .filter(|line| line.starts_with("front_door_requests_total{") && line.contains("probe=\"false\""));
    counted.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
}

/// The rate between the first and the last reading, once they span the window.
fn rate(readings: &VecDeque<(Instant, f64)>) -> Option<f64> {
    let ((first, before), (last, now)) = (*readings.front()?, *readings.back()?);
    let span = last.duration_since(first);
    (span >= WINDOW).then(|| (now - before) / span.as_secs_f64())
}

async fn query(
    State(reader): State<Arc<Reader>>,
    Query(asked): Query<BTreeMap<String, String>>,
) -> (StatusCode, Json<Value>) {
    let text = asked.get("query").map_or("", String::as_str);
    let color = text.strip_prefix("gateway_requests_per_second{color=\"").and_then(|rest| rest.strip_suffix("\"}"));
    let Some(color) = color else {
        let error = format!("only gateway_requests_per_second{{color=\"…\"}} is known here, not {text}");
        let body = json!({"status": "error", "errorType": "bad_data", "error": error});
        return (StatusCode::BAD_REQUEST, Json(body));
    };
    // Asked now, and not taken from the last reading: nobody knows how long ago that was.
    let rate = reader.read(color).await;
    let series: Vec<Value> =
        rate.map(|rate| json!({"metric": {"color": color}, "value": [0, rate.to_string()]})).into_iter().collect();
    (StatusCode::OK, Json(json!({"status": "success", "data": {"resultType": "vector", "result": series}})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_do_not_count() {
        let text = "# TYPE front_door_requests_total counter\nfront_door_requests_total{color=\"blue\",code=\"200\",probe=\"true\"} 7\nfront_door_requests_total{color=\"blue\",code=\"200\",probe=\"false\"} 3\nfront_door_requests_total{color=\"blue\",code=\"500\",probe=\"false\"} 2\n";
        assert!((users(text) - 5.0).abs() < f64::EPSILON);
    }

    #[test]
    fn there_is_no_rate_before_the_window_is_full() {
        let now = Instant::now();
        let early = now.checked_sub(Duration::from_secs(1)).unwrap();
        assert_eq!(rate(&VecDeque::from([(early, 1.0), (now, 9.0)])), None);
        let full = now.checked_sub(WINDOW).unwrap();
        assert_eq!(rate(&VecDeque::from([(full, 0.0), (now, 10.0)])), Some(2.0));
    }

    #[test]
    fn late_readings_leave_a_whole_window() {
        let start = Instant::now();
        let mut readings = VecDeque::new();
        let mut at = start;
        for (step, late) in (0..40_u8).zip([0, 700, 0, 300, 1_400].into_iter().cycle()) {
            at += STEP + Duration::from_millis(late);
            keep(&mut readings, at, f64::from(step));
            let span = at.duration_since(readings[0].0);
            assert!(at.duration_since(start) < WINDOW * 2 || span >= WINDOW, "{span:?}");
            assert!(readings.len() <= LEAST || at.duration_since(readings[1].0) < WINDOW);
        }
    }

    #[test]
    fn what_was_before_a_pause_counts_after_it() {
        let start = Instant::now();
        let mut readings = VecDeque::new();
        for step in 0..30_u32 {
            keep(&mut readings, start + STEP * step, f64::from(step) * 25.0);
        }
        keep(&mut readings, start + STEP * 29 + WINDOW * 10, 29.0 * 25.0);
        assert!(rate(&readings).is_some_and(|rate| rate > 1.0), "{:?}", rate(&readings));
        assert!(readings.len() <= LEAST);
    }
}
