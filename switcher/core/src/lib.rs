//! What the switcher decides, pure: no clock, network, file, randomness or thread; all of it comes in as arguments.
//!
//! ```text
//! Declaration (git) ─┐
//! Observation (now) ─┴─> decide ──> Step: hold, one compare-and-swap of record and ledger, or idempotent effects
//! ```
//!
//! | to know | read |
//! |---|---|
//! | what is declared | [`declaration`] |
//! | what is remembered outside both clusters | [`ledger`], sealed by [`seal`] |
//! | what is seen now | [`observation`], measured in time by [`watch`] |
//! | what follows | [`decide()`], one file a phase; [`verdict`] is the law of health |
//! | what an operator may order | [`order`] |
//! | what a person is told | [`step`], [`plan`] |
//! | when a color may go, and what its retirement does next | [`retire`] |
//!
//! The guarantees G1 to G5 are model-checked in `tests/`.

pub mod color;
pub mod decide;
pub mod declaration;
pub mod gate;
pub mod health;
pub mod ledger;
pub mod observation;
pub mod order;
pub mod plan;
pub mod propagation;
pub mod retire;
pub mod seal;
pub mod step;
pub mod watch;

pub use color::{Color, Role};
pub use decide::{decide, wanted};
pub use declaration::{Asking, Declaration, Fallback, Follower, Policy, Rollback, Stage};
pub use gate::{GateSeen, Limits, Outcome, Standing, Tally};
pub use health::{Health, Proof, Verdict, verdict};
pub use ledger::{Course, Digest, Fleet, Ledger, LedgerError, Parked, ParkedWhy, Phase, Retirement, Routing, Task};
pub use observation::{
    ColorSeen, FreezeSeen, Git, Inspected, LedgerSeen, Me, Observation, Record, Relation, SyncFacts, SyncSeen,
    TargetSeen, Time, Value,
};
pub use order::{Order, Refusal, Verb};
pub use propagation::{Says, Spread, Vantage};
pub use seal::{LedgerKey, SealError};
pub use step::{Action, Alert, Change, Effect, Reason, Step, Wait, When, Write};
pub use watch::Watch;
