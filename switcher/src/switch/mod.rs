//! One Switch: `observe → decide → record and act → verify`, again and again.

mod act;
mod copies;
mod followers;
mod gates;
mod inspection;
mod kit;
mod observe;
mod operation;
mod outside;
mod pace;
mod present;
mod route;
mod tell;

use std::sync::Arc;
use std::time::Duration;

use teal_daemon::Backoff;
use teal_switcher_core::{Action, Declaration, Ledger, LedgerSeen, Phase, Step, decide};
use teal_targets::TargetError;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::board::Board;
use crate::config::SwitcherConfig;
use crate::metrics::{Failure, Metrics, Of};
use crate::secrets::Secrets;
use crate::source::{Declared, DeclaredSwitch, Mixing, Question, Source};
use crate::wake::Wake;

use act::{Effects, Why};
use kit::{Busy, Kit, declaration};
use observe::{GitNow, Look, Memory};
use pace::Pace;
use present::Facts;
use tell::{Cause, Chronicle, tell_clusters};

pub use act::WriteError;
pub use kit::KitError;
pub use route::Route;

/// Least time between two looks when a write lost a race: the other writer gets to finish.
const RACE_PAUSE: Duration = Duration::from_millis(50);

/// What every Switch of this process shares.
#[derive(Clone)]
pub(crate) struct Shared {
    pub config: Arc<SwitcherConfig>,
    pub source: Arc<Source>,
    pub board: Board,
    pub metrics: Metrics,
}

/// Follows one Switch until `shutdown`, or until it is no longer declared and at rest.
pub(crate) async fn follow(shared: Shared, name: String, shutdown: CancellationToken) {
    let mut declared = shared.source.watch();
    let mut switch = OneSwitch::new(shared, name);
    loop {
        let current = declared.borrow_and_update().switches.get(&switch.name).cloned();
        if current.is_none() && switch.at_rest() {
            switch.shared.board.remove(&switch.name);
            tracing::info!(switch = switch.name, "No longer declared");
            return;
        }
        let pause = match current.or_else(|| switch.kit.as_ref().map(|kit| kit.declared.clone())) {
            Some(wanted) => switch.turn(wanted, &declared).await,
            None => return,
        };
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
            () = switch.wake.rung() => {}
            changed = declared.changed() => if changed.is_err() { return },
        }
    }
}

struct OneSwitch {
    shared: Shared,
    name: String,
    kit: Option<Kit>,
    memory: Memory,
    effects: Effects,
    chronicle: Chronicle,
    wake: Wake,
    busy: Busy,
    backoff: Backoff,
    /// When the record is written again after a failure.
    writes: Pace,
    /// Why the last write failed, until one succeeds.
    write_failure: Option<Why>,
    /// Why the newest declaration does not count yet.
    set_aside: Option<Why>,
    alerted: Option<(&'static str, String)>,
    last: Option<Ledger>,
    /// Resource versions of both Syncs when parity was last measured for the page.
    compared: Vec<Option<String>>,
}

impl OneSwitch {
    fn new(shared: Shared, name: String) -> Self {
        Self {
            shared,
            name,
            kit: None,
            memory: Memory::new(),
            effects: Effects::default(),
            chronicle: Chronicle::default(),
            wake: Wake::default(),
            busy: Busy::default(),
            backoff: pace::pauses(),
            writes: Pace::new(),
            write_failure: None,
            set_aside: None,
            alerted: None,
            last: None,
            compared: Vec::new(),
        }
    }

    fn at_rest(&self) -> bool {
        self.last.as_ref().is_none_or(|ledger| ledger.phase.at_rest())
    }

    /// One turn of the loop; returns how long to pause after it, unless something rings.
    async fn turn(&mut self, wanted: DeclaredSwitch, git: &watch::Receiver<Declared>) -> Duration {
        self.set_aside = self.equip(&wanted).err();
        if let Some((reason, message)) = self.set_aside.clone() {
            self.alert_once(reason, &message);
            if self.kit.is_none() {
                self.shared.board.set(present::broken(&wanted, reason, &message, &self.chronicle));
                return self.backoff.failed();
            }
        }
        let Some(mut kit) = self.kit.take() else { return self.shared.config.idle_interval };
        let pause = self.round(&mut kit, git).await;
        self.kit = Some(kit);
        pause
    }

    /// Makes the kit of the declaration, or keeps the one there is when only words that decide have changed. One that
    /// can't be acted on, or would take the ground from under a move, leaves everything as it was (G4).
    fn equip(&mut self, wanted: &DeclaredSwitch) -> Result<(), Why> {
        let at_rest = self.at_rest();
        match &mut self.kit {
            Some(kit) if kit.serves(&wanted.switch) => kit.declared = wanted.clone(),
            Some(kit) if !at_rest && !kit.same_ground(&wanted.switch) => {
                let message = format!(
                    "commit {} changes colors or targets during a move; it counts when the move has ended",
                    wanted.revision.short()
                );
                return Err(("GroundChanged", message));
            }
            old => {
                let kit =
                    Kit::new(wanted.clone(), &self.shared.config, self.busy.clone(), &self.wake, &self.shared.metrics)
                        .map_err(|error| (error.reason(), error.to_string()))?;
                if old.as_ref().is_some_and(|old| old.route.target.name() != kit.route.target.name()) {
                    // Another record has a ledger of its own, or none yet.
                    self.memory = Memory::new();
                }
                *old = Some(kit);
                self.backoff.succeeded();
            }
        }
        Ok(())
    }

    async fn round(&mut self, kit: &mut Kit, git: &watch::Receiver<Declared>) -> Duration {
        self.effects.reap(&self.name, &self.shared.metrics);
        let look = self.look(kit, git).await;
        if let Some(ledger) = look.ledger() {
            self.note(kit, &ledger.clone(), &Cause::Found);
        }
        self.renew_route(kit, &look);
        let declared = declaration(&kit.declared, &kit.route, &self.shared.config);
        let step = decide(&declared, &look.seen);
        if let Some(alert) = &step.alert {
            self.alert_once(alert.reason, &alert.message);
        }
        let pause = self.act(kit, &look, &step).await;
        self.show(kit, &declared, &look, &step);
        pause
    }

    /// A key that is refused, or a ledger that does not open, may have been put right in its Secret meanwhile.
    fn renew_route(&self, kit: &mut Kit, look: &Look) {
        let refused = matches!(look.routed, Err(TargetError::KeyRefused { .. } | TargetError::Untrusted { .. }));
        let shut = look.routed.is_ok() && matches!(look.seen.ledger, LedgerSeen::Unreadable(_));
        if !refused && !shut {
            return;
        }
        if let Ok(route) =
            Route::new(&kit.declared.switch, &Secrets::new(&self.shared.config.secrets), &self.shared.config.azure)
        {
            kit.route = route;
        }
    }

    async fn look(&mut self, kit: &Kit, git: &watch::Receiver<Declared>) -> Look {
        let fresh = git.borrow().is_fresh(Instant::now(), self.shared.config.git.interval);
        let (source, wake) = (&self.shared.source, &self.wake);
        let fleet = fleet_path(kit, source);
        let answer = |old: &str, changed: bool| {
            let mixed = fleet.clone().filter(|_| changed);
            let mixed = mixed.map(|fleet| Mixing { switch: kit.declared.switch.name.clone(), fleet });
            source.relation(Question { old: old.to_owned(), new: kit.declared.revision.clone(), mixed }, wake)
        };
        self.memory.look(kit, &self.shared.config, GitNow { fresh, answer: &answer }).await
    }

    async fn act(&mut self, kit: &mut Kit, look: &Look, step: &Step) -> Duration {
        let phase = look.ledger().map(|ledger| ledger.phase);
        let resting = phase.is_some_and(|phase| phase.idles());
        self.busy.set(!resting || !matches!(step.action, Action::Hold));
        match phase {
            Some(Phase::Steady | Phase::Parked | Phase::RollingBack) => kit.gates.follow(None),
            // Another life, or another switcher, has made the shift.
            Some(phase) if phase.shifted() => kit.gates.shifted(kit.gates.statuses()),
            _ => {}
        }
        let wait = if resting { self.shared.config.idle_interval } else { self.shared.config.busy_interval };
        match &step.action {
            Action::Hold => match &look.routed {
                Ok(_) => {
                    self.settled();
                    wait
                }
                Err(_) => self.backoff.failed(),
            },
            Action::Effects(effects) => {
                self.settled();
                self.effects.start(kit, look.ledger(), effects, &self.wake, &self.shared.config.interrupt);
                self.shared.config.busy_interval
            }
            Action::Write(write) => {
                let Ok(routed) = &look.routed else { return self.backoff.failed() };
                if let Some(left) = self.writes.left(write.next.phase == Phase::RollingBack) {
                    return left.min(wait);
                }
                let label = format!("{} epoch {}", present::whereabouts(Some(&write.next)), write.next.epoch);
                self.shared.config.interrupt.at(&format!("before write {label}")).await;
                let (began, gates) = (Instant::now(), kit.gates.statuses());
                let written = kit.route.write(routed, write).await;
                self.shared.config.interrupt.at(&format!("after write {label}")).await;
                if written.is_ok() && write.next.phase.shifted() {
                    kit.gates.shifted(gates);
                }
                self.wrote(kit, step, &write.next, written.map(|_| ()), began)
            }
        }
    }

    fn wrote(
        &mut self,
        kit: &Kit,
        step: &Step,
        next: &Ledger,
        written: Result<(), WriteError>,
        began: Instant,
    ) -> Duration {
        let of = Of { switch: self.name.clone() };
        match written {
            Ok(()) => {
                self.settled();
                self.writes.succeeded();
                self.shared.metrics.writes.get_or_create(&of).inc();
                self.shared.metrics.write_seconds.get_or_create(&of).observe(began.elapsed().as_secs_f64());
                let identity = self.shared.config.identity.clone();
                self.note(kit, next, &Cause::Ours(step, &identity));
                self.busy.set(true);
                self.memory.wrote(next, began);
                kit.outside.look_now();
                kit.followers.look_now();
                kit.clusters.values().for_each(|cluster| cluster.look_now());
                Duration::ZERO
            }
            // Nothing is wrong with the world, or it is to be read before anything can be said.
            Err(error) if error.raced() => {
                tracing::info!(switch = self.name, epoch = next.epoch, "Another writer was faster");
                RACE_PAUSE
            }
            Err(error) => {
                let reason = error.reason();
                let message = error.to_string();
                self.shared
                    .metrics
                    .failures
                    .get_or_create(&Failure {
                        switch: self.name.clone(),
                        on: "target".to_owned(),
                        reason: reason.to_owned(),
                    })
                    .inc();
                if self.write_failure.as_ref() != Some(&(reason, message.clone())) {
                    tracing::error!(
                        switch = self.name,
                        error = &error as &dyn std::error::Error,
                        reason,
                        "Record not written"
                    );
                }
                self.write_failure = Some((reason, message));
                self.writes.failed()
            }
        }
    }

    fn settled(&mut self) {
        self.backoff.succeeded();
        self.write_failure = None;
    }

    fn note(&mut self, kit: &Kit, ledger: &Ledger, cause: &Cause<'_>) {
        self.last = Some(ledger.clone());
        if let Some(told) = self.chronicle.note(&self.name, ledger, cause, &self.shared.metrics) {
            tell_clusters(kit.clusters.values(), &told);
        }
    }

    fn alert_once(&mut self, reason: &'static str, message: &str) {
        let alert = (reason, message.to_owned());
        if self.alerted.as_ref() != Some(&alert) {
            tracing::warn!(switch = self.name, reason, message, "Needs attention");
            self.alerted = Some(alert);
        }
    }

    fn show(&mut self, kit: &mut Kit, declared: &Declaration, look: &Look, step: &Step) {
        self.compare_at_rest(kit, look);
        let facts = Facts {
            kit,
            declared,
            look,
            step,
            failures: &self.effects.failures,
            write_failure: self.write_failure.as_ref(),
            set_aside: self.set_aside.as_ref(),
            chronicle: &self.chronicle,
        };
        self.shared.board.set(present::present(&facts));
    }

    /// Keeps the page's parity live at rest: measured when either Sync has changed, never by the clock (G10).
    fn compare_at_rest(&mut self, kit: &mut Kit, look: &Look) {
        let Some(ledger) = look.ledger().filter(|ledger| ledger.phase.at_rest()) else { return };
        let live = ledger.active.to_string();
        let Some(other) = kit.clusters.keys().find(|color| **color != live).cloned() else { return };
        let version = |color: &String| {
            let view = kit.clusters.get(color)?.known().view?;
            view.sync.as_ref().ok()?.metadata.resource_version.clone()
        };
        let versions = vec![version(&live), version(&other)];
        if versions.iter().all(Option::is_some) && versions != self.compared {
            self.compared = versions;
            kit.gates.look_at_parity(&live, &other);
        }
    }
}

/// Where the fleet is in the repository of the declarations; `None` when it is in another one, or not known yet.
fn fleet_path(kit: &Kit, source: &Source) -> Option<String> {
    let views = kit.clusters.values().filter_map(|cluster| cluster.known().view);
    let mut sources = views.filter_map(|view| view.sync.as_ref().ok().map(|sync| sync.spec.source.clone()));
    sources.find(|declared| source.is_at(&declared.url)).map(|declared| declared.path)
}
