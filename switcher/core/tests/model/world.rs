//! A small world: two colors, a switcher in each, one cell that holds record and ledger, and everything that can go
//! wrong between them. States are values; nothing here is random.

use std::sync::Arc;
use std::time::Duration;

use teal_switcher_core::{
    Action, Asking, Color, Course, Declaration, Digest, Effect, Follower, Ledger, Observation, Policy, Proof, Role,
    Step, Write,
};

/// Blue is 0, green is 1; a switcher has the index of the color it lives in.
pub(crate) const COLORS: [&str; 2] = ["blue", "green"];

/// The wall clock stands still: switchers wait by their own clocks.
pub(crate) const NOW_MS: u64 = 1_790_000_000_000;

/// What routes the traffic.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum At {
    /// A color.
    Color(u8),
    /// Something that someone else wrote.
    Foreign,
}

/// Record and ledger, changed in one compare-and-swap.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Cell {
    pub(crate) at: At,
    pub(crate) ttl: u32,
    pub(crate) ledger: Arc<Ledger>,
}

/// A second target, whose provider compares nothing.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Second {
    pub(crate) at: At,
    /// The color that the provider is at work to route to.
    pub(crate) working: Option<u8>,
    /// The color that it says it can't route to.
    pub(crate) failed: Option<u8>,
}

/// One cluster, as far as a switcher sees or changes it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Side {
    pub(crate) health: Proof,
    pub(crate) reachable: bool,
    pub(crate) role: Role,
    pub(crate) pinned: bool,
    /// The opId of the freeze.
    pub(crate) frozen: Option<Arc<str>>,
}

/// One commit of the repository.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Commit {
    pub(crate) parent: Option<u8>,
    pub(crate) active: u8,
    pub(crate) attempt: u32,
    /// The last commit, this one included, that changed this Switch.
    pub(crate) change: u8,
}

/// One switcher.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Switcher {
    /// Epochs it has seen and how long ago: 0 just now, 1 longer than any wait, 2 longer than any deadline.
    pub(crate) known: Vec<(u64, u8)>,
    /// The newest commit it has fetched.
    pub(crate) fetched: u8,
    /// What it is about to do.
    pub(crate) pending: Option<Pending>,
    /// The holder that it saw last, and whether that one has been alone for longer than any request lives.
    pub(crate) holder: Option<u8>,
    pub(crate) alone: bool,
}

/// A decision that is being carried out.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Pending {
    /// A write on its way.
    Write(Flight),
    /// A write that expects a cell that can't come back: refused whenever it arrives.
    Doomed,
    /// Effects still to be done, the next one last.
    Effects(Vec<Todo>),
}

impl Pending {
    /// For people.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::Write(flight) => format!("write {}/{}", flight.next.phase, flight.next.task.as_str()),
            Self::Doomed => "a write that comes too late".to_owned(),
            Self::Effects(todo) => format!("{todo:?}"),
        }
    }
}

/// A write, what it expects, and what was really true when it was decided.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Flight {
    pub(crate) expect: (At, u64),
    pub(crate) next: Arc<Ledger>,
    pub(crate) change: Option<(u8, u32)>,
    /// The true proofs of both colors at the moment of deciding.
    pub(crate) truth: [Proof; 2],
}

/// An effect, as a value that can be compared.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Todo {
    Freeze(u8, Arc<str>),
    Unfreeze(u8, Arc<str>),
    Pin(u8, bool),
    Role(u8, Role),
    /// The second target is to route to this color.
    Route(u8),
}

/// How often each kind of mishap may still happen.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub(crate) struct Budget {
    pub(crate) crashes: u8,
    pub(crate) stale_reads: u8,
    pub(crate) lost_answers: u8,
    pub(crate) late_writes: u8,
    pub(crate) errors: u8,
    pub(crate) flips: u8,
    pub(crate) outages: u8,
    pub(crate) foreign: u8,
    pub(crate) switches: u8,
    pub(crate) retries: u8,
    pub(crate) unrelated: u8,
    pub(crate) force_pushes: u8,
    pub(crate) undos: u8,
    /// Someone retires the color that is not live, and ends that.
    pub(crate) retires: u8,
    /// There is a second target.
    pub(crate) second: bool,
    /// It works on every change for a while.
    pub(crate) slow: bool,
    /// Requests to it whose sender is dead and that are still on their way.
    pub(crate) late_routes: u8,
    /// Requests, or changes at work, that are lost without a word.
    pub(crate) lost_routes: u8,
    /// Changes that it refuses for good.
    pub(crate) failures: u8,
    /// Requests may live longer than they should.
    pub(crate) unbounded: bool,
    /// Name servers take their time; otherwise they follow the record at once.
    pub(crate) slow_dns: bool,
    /// No switcher knows a color of its own: both drive everything.
    pub(crate) colorless: bool,
    /// Each switcher fetches when it likes; otherwise both at once.
    pub(crate) slow_git: bool,
}

/// Everything.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) cell: Cell,
    /// The cell before, which a stale read may still return.
    pub(crate) before: Option<Cell>,
    pub(crate) second: Second,
    /// A request to the second target whose sender is dead.
    pub(crate) late_route: Option<u8>,
    pub(crate) sides: [Side; 2],
    pub(crate) commits: Vec<Commit>,
    pub(crate) head: u8,
    pub(crate) switchers: [Switcher; 2],
    /// A write whose sender is dead, still on its way.
    pub(crate) late: Option<Flight>,
    /// Does the world see the record already?
    pub(crate) spread: bool,
    pub(crate) left: Budget,
    /// Moves claimed so far: names them.
    pub(crate) claims: u8,
    /// Changes of this Switch that were refused or rolled back, as bits.
    pub(crate) refused: u32,
}

/// How the switchers under test behave; a broken one shows that the invariants bite.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) decide: fn(&Declaration, &Observation) -> Step,
    /// Does the provider compare before it sets?
    pub(crate) cas: bool,
}

pub(crate) fn color(index: u8) -> Color {
    Color::from(COLORS[usize::from(index)])
}

pub(crate) fn index(color: &Color) -> u8 {
    u8::from(color.as_str() == COLORS[1])
}

pub(crate) fn policy() -> Policy {
    Policy {
        ttl_max: Duration::from_secs(300),
        soak: Duration::from_secs(300),
        deadline: Duration::from_secs(50_000),
        step: Duration::from_secs(40_000),
        grace: Duration::from_secs(1_000),
        ..Policy::default()
    }
}

/// Seconds that an age stands for.
pub(crate) fn seconds(age: u8) -> u64 {
    [0, 1_000, 1_000_000][usize::from(age)]
}

impl World {
    /// Blue serves, git agrees, nothing is to do.
    pub(crate) fn new(left: Budget) -> Self {
        let commit = Commit { parent: None, active: 0, attempt: 1, change: 0 };
        let side = |role| Side { health: Proof::Ok, reachable: true, role, pinned: false, frozen: None };
        let mut world = Self {
            cell: Cell { at: At::Color(0), ttl: 300, ledger: Arc::new(first(&declaration(0, &commit))) },
            before: None,
            second: Second { at: At::Color(0), working: None, failed: None },
            late_route: None,
            sides: [side(Role::Active), side(Role::Standby)],
            commits: vec![commit],
            head: 0,
            switchers: [Switcher::default(), Switcher::default()],
            late: None,
            spread: true,
            left,
            claims: 0,
            refused: 0,
        };
        world.tidy(true);
        world
    }

    /// Is `old` an ancestor of `new`, or the same?
    pub(crate) fn descends(&self, new: u8, old: u8) -> bool {
        let mut at = Some(new);
        while let Some(commit) = at {
            if commit == old {
                return true;
            }
            at = self.commits[usize::from(commit)].parent;
        }
        false
    }

    pub(crate) fn declared(&self, commit: u8) -> Declaration {
        let followers = if self.left.second { vec![second()] } else { Vec::new() };
        Declaration { followers, ..declaration(commit, &self.commits[usize::from(commit)]) }
    }

    /// Lets a write land, if it may; returns whether it did.
    pub(crate) fn land(&mut self, flight: &Flight, cas: bool) -> bool {
        if cas && flight.expect != (self.cell.at, self.cell.ledger.epoch) {
            return false;
        }
        let claimed = flight.next.op != self.cell.ledger.op && !flight.next.op.is_empty();
        self.claims += u8::from(claimed);
        let old = self.cell.clone();
        if let Some((to, ttl)) = flight.change {
            self.spread = !self.left.slow_dns || (self.spread && self.cell.at == At::Color(to));
            self.cell.at = At::Color(to);
            self.cell.ttl = ttl;
        }
        self.cell.ledger = flight.next.clone();
        self.before = Some(old);
        true
    }

    /// Carries out one effect; on a cluster that does not answer nothing happens.
    pub(crate) fn perform(&mut self, todo: &Todo) {
        if let Todo::Route(to) = todo {
            self.route(*to);
            return;
        }
        let (Todo::Freeze(at, _) | Todo::Unfreeze(at, _) | Todo::Pin(at, _) | Todo::Role(at, _)) = todo else { return };
        let side = &mut self.sides[usize::from(*at)];
        if !side.reachable {
            return;
        }
        match todo {
            Todo::Freeze(_, op) if side.frozen.is_none() => side.frozen = Some(op.clone()),
            Todo::Unfreeze(_, op) if side.frozen.as_ref() == Some(op) => side.frozen = None,
            Todo::Pin(_, pinned) => side.pinned = *pinned,
            Todo::Role(_, role) => side.role = *role,
            Todo::Freeze(..) | Todo::Unfreeze(..) | Todo::Route(_) => {}
        }
    }

    /// Carries out a route: it looks first, and leaves alone what is of no color.
    fn route(&mut self, to: u8) {
        if self.second.at == At::Foreign || self.second.at == At::Color(to) {
            return;
        }
        self.second.failed = None;
        if self.left.slow {
            self.second.working = Some(to);
        } else {
            self.second.at = At::Color(to);
        }
    }
}

fn first(declared: &Declaration) -> Ledger {
    Ledger::first("lineage", color(0), declared, 300, NOW_MS)
}

fn declaration(id: u8, commit: &Commit) -> Declaration {
    Declaration {
        name: "model".to_owned(),
        active: color(commit.active),
        attempt: commit.attempt,
        with_fleet: false,
        digest: Digest::of(&format!("{}-{}", commit.active, commit.attempt)),
        revision: id.to_string(),
        colors: [color(0), color(1)].into(),
        policy: policy(),
        leads: true,
        followers: Vec::new(),
        stages: Vec::new(),
        asking: Asking::Authority,
    }
}

/// The second target: no compare-and-swap, and a request that lives less than the shortest wait.
fn second() -> Follower {
    let (settling, late) = (Duration::from_secs(900), Duration::from_secs(500));
    Follower { name: "second".to_owned(), cas: false, weighs: false, settling, late }
}

/// What a decision means for this world; `None` when it does nothing.
pub(crate) fn pending(step: &Step, seen: &Cell, truth: [Proof; 2]) -> Option<Pending> {
    match &step.action {
        Action::Hold => None,
        Action::Write(write) => Some(Pending::Write(flight(write, seen, truth))),
        Action::Effects(effects) => {
            let mut todo: Vec<Todo> = effects.iter().filter_map(todo).collect();
            todo.reverse();
            (!todo.is_empty()).then_some(Pending::Effects(todo))
        }
    }
}

fn flight(write: &Write, seen: &Cell, truth: [Proof; 2]) -> Flight {
    Flight {
        expect: (seen.at, seen.ledger.epoch),
        next: Arc::new(write.next.clone()),
        change: write.change.as_ref().map(|change| (index(&change.color), change.ttl)),
        truth,
    }
}

fn todo(effect: &Effect) -> Option<Todo> {
    Some(match effect {
        Effect::Freeze { color, op, .. } => Todo::Freeze(index(color), op.as_str().into()),
        Effect::Unfreeze { color, op } => Todo::Unfreeze(index(color), op.as_str().into()),
        Effect::Pin { color, .. } => Todo::Pin(index(color), true),
        Effect::Unpin { color, .. } => Todo::Pin(index(color), false),
        Effect::SetRole { color, role } => Todo::Role(index(color), *role),
        Effect::Route { split, .. } => Todo::Route(index(split.keys().next()?)),
        Effect::Clear { .. } | Effect::RunGates { .. } => return None,
    })
}

/// The move that a ledger is in, as indices.
pub(crate) fn course(ledger: &Ledger) -> Option<(u8, u8)> {
    let Course { from, to } = ledger.course.as_ref()?;
    Some((index(from), index(to)))
}
