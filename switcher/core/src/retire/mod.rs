//! The end of a color (SWITCH §10), pure: may it go, and what is to be done next?
//!
//! | file | what |
//! |---|---|
//! | [`facts`] | everything that is looked at, as plain data |
//! | `guard` | what speaks against it, all at once; what could not be read speaks against it |
//! | `next` | the next step of a retirement, from facts and ledgers alone: a crash between two steps is nothing special |

pub mod facts;
mod guard;
mod next;
#[cfg(test)]
mod tests;

pub use facts::{
    Branch, ClusterSeen, Doomed, DoomedKind, Drain, Facts, Git, Likeness, Place, Pointer, Policy, Pushed, State,
    SwitchSeen, TargetValue, Weight,
};
pub use guard::{Finding, Severity, guard};
pub use next::{Act, Next, Revive, next, revive};
