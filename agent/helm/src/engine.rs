//! Questions and answers. A question that has no answer yet is worked on by a thread of its own, and whoever asks waits only
//! as long as it may: one slow repository holds up nobody else's unit (G8).

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use ring::digest::{Context, SHA256};
use teal_render::helm::{ChartEngine, ChartError, ChartSource, Inflated, Inflation, OwnValues};

use crate::Settings;
use crate::confine::Walls;
use crate::fetch::Policy;
use crate::run::{Ended, Task, run};
use crate::scene::Scene;
use crate::shelf::{Shelf, held};
use crate::work::Bench;

/// How many charts are worked on at once.
const AT_ONCE: usize = 2;
/// Most bytes of answers that are kept.
const MAX_KEPT: usize = 64 << 20;
/// Waits between tries of what may pass by itself.
const RETRY: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(300));

/// Fetches and renders charts. Cheap to clone.
#[derive(Clone)]
pub struct Helm(Arc<Inner>);

/// Asks [`Helm`] with limited patience.
pub struct Patient {
    helm: Helm,
    policy: Policy,
    until: Option<Instant>,
}

struct Inner {
    settings: Settings,
    shelf: Shelf,
    news: Box<dyn Fn() + Send + Sync>,
    jobs: Mutex<HashMap<String, Job>>,
    ended: Condvar,
    running: Mutex<usize>,
    free: Condvar,
    /// Which walls stand here around a child, and why not all: tried once.
    walls: OnceLock<(Walls, Option<ChartError>)>,
}

struct Job {
    /// API versions that it was answered for, as far as they matter.
    api_versions: Arc<Vec<String>>,
    answer: Option<Result<Arc<Inflated>, ChartError>>,
    /// Somebody was told to wait.
    awaited: bool,
    /// It was asked for since the last try.
    wanted: bool,
    last_asked: Instant,
}

impl std::fmt::Debug for Helm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Helm").field(&self.0.settings).finish()
    }
}

impl Helm {
    /// `news` is called when an answer is there that somebody was told to wait for, or may be another one now.
    pub fn new(settings: Settings, news: impl Fn() + Send + Sync + 'static) -> Self {
        let shelf = Shelf::new(settings.shelf.clone());
        Self(Arc::new(Inner {
            settings,
            shelf,
            news: Box::new(news),
            jobs: Mutex::default(),
            ended: Condvar::new(),
            running: Mutex::new(0),
            free: Condvar::new(),
            walls: OnceLock::new(),
        }))
    }

    /// An engine that waits this long for all answers together; without a limit when absent.
    #[must_use]
    pub fn patient(&self, policy: Policy, patience: Option<Duration>) -> Patient {
        Patient { helm: self.clone(), policy, until: patience.map(|patience| Instant::now() + patience) }
    }
}

impl ChartEngine for Patient {
    fn inflate(&self, inflation: &Inflation) -> Result<Arc<Inflated>, ChartError> {
        let inner = &self.helm.0;
        let key = key(inflation, &self.policy);
        let mut jobs = held(&inner.jobs);
        let stale = |job: &Job| {
            let asks = match &job.answer {
                Some(Ok(inflated)) => inflated.asks_api_versions,
                Some(Err(error)) => error.heeds_api_versions(),
                None => false,
            };
            asks && job.api_versions != inflation.capabilities.api_versions
        };
        if jobs.get(&key).is_none_or(stale) {
            let api_versions = Arc::clone(&inflation.capabilities.api_versions);
            jobs.insert(
                key.clone(),
                Job { api_versions, answer: None, awaited: false, wanted: true, last_asked: Instant::now() },
            );
            start(inner, key.clone(), inflation.clone(), self.policy.clone())?;
        }
        loop {
            let Some(job) = jobs.get_mut(&key) else { return Err(pending(inflation)) };
            (job.wanted, job.last_asked) = (true, Instant::now());
            if let Some(answer) = &job.answer {
                return answer.clone();
            }
            let left = match self.until {
                None => Duration::from_secs(1),
                Some(until) => until.saturating_duration_since(Instant::now()),
            };
            if left.is_zero() {
                job.awaited = true;
                return Err(pending(inflation));
            }
            jobs = inner.ended.wait_timeout(jobs, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

fn pending(inflation: &Inflation) -> ChartError {
    let what = match &inflation.chart {
        ChartSource::Remote(wanted) => format!("chart {} is being fetched and rendered", wanted.chart),
        ChartSource::Files(_) => "the chart is being rendered".to_owned(),
    };
    ChartError::new(ChartError::PENDING, format!("{what}; nothing is to be done"))
}

fn start(inner: &Arc<Inner>, key: String, inflation: Inflation, policy: Policy) -> Result<(), ChartError> {
    let weak = Arc::downgrade(inner);
    let work = move || {
        let mut pause = RETRY.0;
        while try_once(&weak, &key, &inflation, &policy) {
            std::thread::sleep(pause);
            pause = (pause * 2).min(RETRY.1);
        }
    };
    std::thread::Builder::new()
        .name("teal-helm".into())
        .spawn(work)
        .map(drop)
        .map_err(|error| ChartError::new(ChartError::ENGINE, format!("no thread to render on: {error}")))
}

/// Works once and stores the answer. Returns whether it is worth another try later.
fn try_once(weak: &Weak<Inner>, key: &str, inflation: &Inflation, policy: &Policy) -> bool {
    let Some(inner) = weak.upgrade() else { return false };
    // It may have been asked anew since, for other API versions: then another thread works on it.
    let is_ours = |job: &&mut Job| job.api_versions == inflation.capabilities.api_versions;
    let mut jobs = held(&inner.jobs);
    let Some(job) = jobs.get_mut(key).filter(is_ours) else { return false };
    if !std::mem::take(&mut job.wanted) && job.answer.is_some() {
        // Nobody has asked since the last try.
        jobs.remove(key);
        return false;
    }
    drop(jobs);
    let place = inner.place();
    let answer = inner.answer(inflation, policy).map(Arc::new);
    drop(place);
    let again = answer.as_ref().is_err_and(|error| passes(error.reason));
    let mut jobs = held(&inner.jobs);
    let Some(job) = jobs.get_mut(key).filter(is_ours) else { return false };
    let news = job.awaited || job.answer.is_some();
    job.answer = Some(answer);
    job.awaited = false;
    make_room(&mut jobs, key);
    drop(jobs);
    inner.ended.notify_all();
    if news {
        (inner.news)();
    }
    again
}

/// Whether an error may be gone by itself the next time.
fn passes(reason: &str) -> bool {
    [ChartError::FETCH, ChartError::LIMIT, ChartError::ENGINE].contains(&reason)
}

/// Drops the answers that were asked for longest ago, all but `keep`.
fn make_room(jobs: &mut HashMap<String, Job>, keep: &str) {
    let size = |job: &Job| match &job.answer {
        Some(Ok(inflated)) => inflated.first.len() + inflated.second.as_ref().map_or(0, String::len),
        _ => 0,
    };
    let mut total: usize = jobs.values().map(size).sum();
    while total > MAX_KEPT {
        let oldest =
            jobs.iter().filter(|(key, job)| *key != keep && size(job) > 0).min_by_key(|(_, job)| job.last_asked);
        let Some(oldest) = oldest.map(|(key, _)| key.clone()) else { return };
        total -= jobs.remove(&oldest).as_ref().map_or(0, size);
    }
}

impl Inner {
    fn answer(&self, inflation: &Inflation, policy: &Policy) -> Result<Inflated, ChartError> {
        let (walls, missing) = self.walls.get_or_init(|| self.try_walls());
        match missing {
            Some(error) if !policy.unconfined => Err(error.clone()),
            _ => Bench { settings: &self.settings, policy, shelf: &self.shelf, walls: *walls }.inflate(inflation),
        }
    }

    /// Starts `helm` confined to see whether that works here; where it does not, with as much as does.
    fn try_walls(&self) -> (Walls, Option<ChartError>) {
        let Err(error) = self.start_within(Walls::ALL) else { return (Walls::ALL, None) };
        let less = [Walls { files: false, ..Walls::ALL }, Walls { network: false, ..Walls::ALL }];
        let walls = less.into_iter().find(|walls| self.start_within(*walls).is_ok());
        (walls.unwrap_or(Walls::NONE), Some(error))
    }

    fn start_within(&self, walls: Walls) -> Result<(), ChartError> {
        let Some(program) = &self.settings.program else {
            return Err(ChartError::new(ChartError::ENGINE, "there is no `helm` to render charts with; give its path"));
        };
        let scene = Scene::set(&self.settings.scratch)?;
        let task = Task { arguments: vec!["version".into()], home: scene.home(), stdin: Vec::new() };
        match run(program, walls, &self.settings, task)? {
            Ended::Well(said) => {
                tracing::info!(?walls, version = %String::from_utf8_lossy(&said).trim(), "Helm runs confined");
                Ok(())
            }
            Ended::Badly(complaint) => {
                let shown = program.display();
                let first = crate::archive::tame(complaint.lines().next().unwrap_or("no word"));
                Err(ChartError::new(
                    ChartError::ENGINE,
                    format!(
                        "{shown} does not run confined: {first}; it reaches no network and no files but its own, so give `helm` itself and no program that looks for it"
                    ),
                ))
            }
        }
    }

    /// Waits for a place to work at.
    fn place(&self) -> Place<'_> {
        let mut running = held(&self.running);
        while *running >= AT_ONCE {
            running = self.free.wait(running).unwrap_or_else(PoisonError::into_inner);
        }
        *running += 1;
        Place(self)
    }
}

struct Place<'a>(&'a Inner);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *held(&self.0.running) -= 1;
        self.0.free.notify_one();
    }
}

/// Names a question: everything that its answer depends on but API versions, which most charts don't ask about.
fn key(inflation: &Inflation, policy: &Policy) -> String {
    let mut context = Context::new(&SHA256);
    let mut add = |bytes: &[u8]| {
        context.update(&(bytes.len() as u64).to_be_bytes());
        context.update(bytes);
    };
    match &inflation.chart {
        ChartSource::Files(files) => {
            for (path, bytes) in files.iter() {
                add(path.as_bytes());
                add(bytes);
            }
        }
        ChartSource::Remote(wanted) => add(format!("{wanted:?}").as_bytes()),
    }
    add(format!("{:?}", inflation.dependencies).as_bytes());
    add(inflation.values.to_string().as_bytes());
    match &inflation.own_values {
        OwnValues::Apart => add(b""),
        OwnValues::Given { inline, chart_wins } => add(format!("{inline}{chart_wins}").as_bytes()),
    }
    add(format!("{:?}", inflation.release).as_bytes());
    add(inflation.namespace.as_bytes());
    let flags = (inflation.include_crds, inflation.hooks, inflation.lookup, inflation.twice);
    add(format!("{flags:?}{:?}{policy:?}", inflation.capabilities.kube_version).as_bytes());
    hex::encode(context.finish())
}
