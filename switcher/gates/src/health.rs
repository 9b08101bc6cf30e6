//! The evidence that G3 and G4 rest on: every color is probed all the time, at its own address, with the
//! production host name. No API server, no git, no metrics (SWITCH §4).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use teal_api::switch::{Color, Health};
pub use teal_switcher_core::health::Proof;
use teal_switcher_core::health::{Evidence, Sample, prove};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::http::{Answer, ProbeError, Prober};

/// A proof with its story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// The verdict.
    pub proof: Proof,
    /// What it rests on, for people.
    pub message: String,
    /// How long ago the last answer (or silence) was seen; `None` before the first.
    pub age: Option<Duration>,
}

/// The vantage of this process.
const HERE: &str = "here";

/// The samples of one color from one vantage, steadied: a verdict changes only after `threshold` samples that agree.
/// Pure: time is an argument.
#[derive(Debug, Clone, Default)]
pub struct Track {
    last: Option<Seen>,
    /// Samples in a row that agree with the last one.
    streak: u32,
    /// What the last streak of `threshold` samples said.
    settled: Option<bool>,
    /// Whether the color itself answered within the streak of bad samples: then silence is no excuse.
    answered: bool,
    last_good: Option<Instant>,
    last_bad: Option<Instant>,
}

#[derive(Debug, Clone)]
struct Seen {
    at: Instant,
    good: bool,
    message: String,
}

impl Track {
    /// Takes one sample in; `at` is when its request began.
    pub fn observe(&mut self, at: Instant, answer: &Answer, threshold: u32) {
        let (good, answered, message) = match answer {
            Answer::Good => (true, true, "answers as declared".to_owned()),
            Answer::Bad(why) => (false, true, why.clone()),
            Answer::Silent(why) => (false, false, why.clone()),
        };
        let agrees = self.last.as_ref().is_some_and(|last| last.good == good);
        self.streak = if agrees { self.streak.saturating_add(1) } else { 1 };
        self.answered = answered || (agrees && self.answered);
        *(if good { &mut self.last_good } else { &mut self.last_bad }) = Some(at);
        if self.streak >= threshold.max(1) {
            self.settled = Some(good);
        }
        self.last = Some(Seen { at, good, message });
    }

    /// Returns whether the color answered anything at all within `freshness`.
    fn heard(&self, now: Instant, freshness: Duration) -> bool {
        self.answered && self.last.as_ref().is_some_and(|last| now.saturating_duration_since(last.at) <= freshness)
    }

    /// The steadied sample: a stumble within the threshold does not change it, but its evidence keeps ageing.
    fn sample(&self, now: Instant, threshold: u32, sighted: bool) -> Option<Sample> {
        let last = self.last.as_ref()?;
        let good = self.settled.unwrap_or(last.good);
        let evidence = if good { self.last_good } else { self.last_bad };
        let stumbles = good != last.good;
        Some(Sample {
            vantage: HERE.to_owned(),
            good,
            answered: if stumbles { !good || self.answered } else { self.answered },
            streak: if self.settled.is_some() { self.streak.max(threshold) } else { self.streak },
            age: now.saturating_duration_since(evidence.unwrap_or(last.at)),
            sighted,
        })
    }

    /// The verdict at `now`. `sighted` says that something else answered us: only then is silence evidence.
    #[must_use]
    pub fn proven(&self, now: Instant, freshness: Duration, threshold: u32, sighted: bool) -> Proven {
        let (Some(last), Some(sample)) = (&self.last, self.sample(now, threshold, sighted)) else {
            return Proven { proof: Proof::Unknown, message: "not probed yet".to_owned(), age: None };
        };
        let age = now.saturating_duration_since(last.at);
        let proof = prove(std::slice::from_ref(&sample), &Evidence { freshness, threshold, vantages: 1 });
        let message = match proof {
            Proof::Unknown if age > freshness => format!("last probed {} s ago: {}", age.as_secs(), last.message),
            Proof::Unknown if self.settled.is_none() => format!("{}, seen {} times so far", last.message, self.streak),
            Proof::Unknown if !sample.good => {
                format!("{}; nothing else answers either, so we may be blind", last.message)
            }
            _ => last.message.clone(),
        };
        Proven { proof, message, age: Some(age) }
    }
}

/// Probes every color of one Switch for as long as it lives.
#[derive(Debug)]
pub struct Monitor {
    shared: Arc<Shared>,
    changed: watch::Receiver<u64>,
    _tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Shared {
    freshness: Duration,
    threshold: u32,
    tracks: Mutex<BTreeMap<String, Track>>,
    /// `None` when no control probe is declared.
    control: Option<Mutex<Track>>,
    changed: watch::Sender<u64>,
}

impl Monitor {
    /// Starts probing. Must be called inside a tokio run time; ends when dropped.
    ///
    /// # Errors
    /// When a probe's URL can't be used; the first one is named.
    pub fn start(settings: &Health, colors: &BTreeMap<String, Color>) -> Result<Self, ProbeError> {
        let mut probers = Vec::new();
        for (name, color) in colors {
            probers.push((Some(name.clone()), Prober::new(&color.probe)?));
        }
        if let Some(control) = &settings.control {
            probers.push((None, Prober::new(control)?));
        }
        let (sender, receiver) = watch::channel(0);
        let shared = Arc::new(Shared {
            freshness: settings.freshness,
            threshold: settings.threshold,
            tracks: Mutex::new(colors.keys().map(|name| (name.clone(), Track::default())).collect()),
            control: settings.control.as_ref().map(|_| Mutex::default()),
            changed: sender,
        });
        let mut tasks = JoinSet::new();
        for (name, prober) in probers {
            tasks.spawn(probe_for_ever(shared.clone(), name, prober, settings.interval));
        }
        Ok(Self { shared, changed: receiver, _tasks: tasks })
    }

    /// The proof of every color at this moment.
    #[must_use]
    pub fn proofs(&self) -> BTreeMap<String, Proven> {
        self.shared.proofs(Instant::now())
    }

    /// Changes whenever the proof of a color may have changed.
    #[must_use]
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.changed.clone()
    }
}

impl Shared {
    fn proofs(&self, now: Instant) -> BTreeMap<String, Proven> {
        let control = self.control.as_ref().map(|track| lock(track).heard(now, self.freshness));
        let tracks = lock(&self.tracks);
        let proven = |name: &String, track: &Track| {
            // Without a declared control probe the other colors are the control.
            let others = || tracks.iter().any(|(other, track)| other != name && track.heard(now, self.freshness));
            track.proven(now, self.freshness, self.threshold, control.unwrap_or_else(others))
        };
        tracks.iter().map(|(name, track)| (name.clone(), proven(name, track))).collect()
    }

    fn observe(&self, name: Option<&str>, at: Instant, answer: &Answer) {
        let before = self.verdicts();
        match name {
            Some(name) => {
                if let Some(track) = lock(&self.tracks).get_mut(name) {
                    track.observe(at, answer, self.threshold);
                }
            }
            None => {
                if let Some(control) = &self.control {
                    lock(control).observe(at, answer, self.threshold);
                }
            }
        }
        if self.verdicts() != before {
            self.changed.send_modify(|count| *count += 1);
        }
    }

    fn verdicts(&self) -> Vec<Proof> {
        self.proofs(Instant::now()).into_values().map(|proven| proven.proof).collect()
    }
}

async fn probe_for_ever(shared: Arc<Shared>, name: Option<String>, prober: Prober, interval: Duration) {
    // A verdict that is not settled yet is worth asking again at once.
    let eager = (interval / 4).min(Duration::from_secs(1));
    loop {
        let began = Instant::now();
        let (answer, _) = prober.ask().await;
        shared.observe(name.as_deref(), began, &answer);
        let settled = match &name {
            Some(name) => lock(&shared.tracks).get(name).is_none_or(|track| track.streak >= shared.threshold),
            None => true,
        };
        tokio::time::sleep_until(began + if settled { interval } else { eager }).await;
    }
}

/// A poisoned lock still holds whole values: every critical section here only assigns.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "health_tests.rs"]
mod tests;
