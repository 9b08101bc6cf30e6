//! What the world sees: every authoritative server and every declared resolver, asked in a task of its own.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use teal_api::switch::{Destination, Vantage as Declared};
use teal_switcher_core::propagation::{Says, Vantage};
use teal_switcher_core::{Color, Value};
use teal_targets::{Answer, Meaning, Outcome, Target};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::kit::{Busy, Route};
use crate::config::SwitcherConfig;
use crate::status::VantageStatus;
use crate::wake::Wake;

/// One round of answers.
#[derive(Debug, Clone)]
struct Round {
    asked: Instant,
    at: Timestamp,
    /// With whether the server is one of the zone's own.
    answers: Vec<(bool, Answer)>,
}

/// The newest answers.
#[derive(Debug)]
pub(crate) struct Outside {
    last: Arc<Mutex<Option<Round>>>,
    changed: watch::Receiver<u64>,
    look: Wake,
    resolvers: Vec<String>,
}

impl Outside {
    /// Starts asking, in `tasks`.
    pub(crate) fn start(
        target: Target,
        declared: &[Declared],
        busy: Busy,
        config: &SwitcherConfig,
        tasks: &mut JoinSet<()>,
    ) -> Self {
        let resolvers: Vec<String> = declared.iter().map(|Declared::Resolver(address)| address.clone()).collect();
        let (sender, changed) = watch::channel(0);
        let outside = Self { last: Arc::default(), changed, look: Wake::default(), resolvers: resolvers.clone() };
        let (last, look) = (outside.last.clone(), outside.look.clone());
        let (often, seldom) = (config.busy_interval, config.idle_interval.saturating_mul(2));
        tasks.spawn(async move {
            loop {
                let (asked, at) = (Instant::now(), Timestamp::now());
                let answers = ask_everyone(&target, &resolvers).await;
                let news = {
                    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                    let outcomes = |answers: &[(bool, Answer)]| {
                        answers.iter().map(|(_, answer)| answer.outcome.clone()).collect::<Vec<_>>()
                    };
                    let news =
                        busy.is() || last.as_ref().is_none_or(|old| outcomes(&old.answers) != outcomes(&answers));
                    *last = Some(Round { asked, at, answers });
                    news
                };
                if news {
                    sender.send_modify(|count| *count += 1);
                }
                let pause: Duration = if busy.is() { often } else { seldom };
                tokio::select! { () = tokio::time::sleep(pause) => {} () = look.rung() => {} }
            }
        });
        outside
    }

    pub(crate) fn changed(&self) -> watch::Receiver<u64> {
        self.changed.clone()
    }

    /// Asks again at once.
    pub(crate) fn look_now(&self) {
        self.look.ring();
    }

    /// The answers for deciding. Those asked before `since` (the last write of the record) do not count any more.
    pub(crate) fn vantages(&self, route: &Route, since: Option<Instant>) -> Vec<Vantage> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match last.as_ref().filter(|round| since.is_none_or(|since| round.asked >= since)) {
            Some(round) => round
                .answers
                .iter()
                .map(|(authoritative, answer)| Vantage {
                    server: answer.server.clone(),
                    authoritative: *authoritative,
                    says: says(route, answer),
                })
                .collect(),
            None => {
                let not_asked = |server: &str, authoritative| Vantage {
                    server: server.to_owned(),
                    authoritative,
                    says: Says::NotAsked,
                };
                let resolvers = self.resolvers.iter().map(|server| not_asked(server, false));
                std::iter::once(not_asked(route.target.name(), true)).chain(resolvers).collect()
            }
        }
    }

    /// The answers for people, as old as they are.
    pub(crate) fn statuses(&self, route: &Route) -> Vec<VantageStatus> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(round) = last.as_ref() else { return Vec::new() };
        let status = |(authoritative, answer): &(bool, Answer)| VantageStatus {
            vantage: answer.server.clone(),
            authoritative: *authoritative,
            color: match says(route, answer) {
                Says::Color(color) => Some(color.to_string()),
                _ => None,
            },
            answer: answer.outcome.to_string(),
            at: round.at,
        };
        round.answers.iter().map(status).collect()
    }
}

async fn ask_everyone(target: &Target, resolvers: &[String]) -> Vec<(bool, Answer)> {
    let asked = futures::future::join_all(resolvers.iter().map(|resolver| target.ask(resolver)));
    let (own, others) = tokio::join!(target.observe(), asked);
    own.into_iter().map(|answer| (true, answer)).chain(others.into_iter().map(|answer| (false, answer))).collect()
}

fn says(route: &Route, answer: &Answer) -> Says {
    match &answer.outcome {
        Outcome::Addresses(..) | Outcome::Cname(..) => match route.target.means(answer) {
            Meaning::Color(color) => Says::Color(Color::new(color)),
            _ => Says::Other(answer.outcome.to_string()),
        },
        Outcome::NxDomain => Says::NxDomain,
        Outcome::NoData => Says::NoData,
        Outcome::ServFail => Says::ServFail,
        Outcome::Refused => Says::Refused,
        Outcome::WrongType(kind) => Says::WrongType(kind.clone()),
        Outcome::NotAuthoritative | Outcome::Timeout | Outcome::Unreachable(_) | Outcome::Malformed => {
            Says::Silent(answer.outcome.to_string())
        }
    }
}

/// What a value means: one color exactly, several colors at once, or something that no color declares.
pub(crate) fn value_of(route: &Route, value: Option<&Destination>) -> Value {
    match route.target.means_value(value) {
        Meaning::Color(color) => Value::Color(Color::new(color)),
        Meaning::Mixed => Value::Mixed,
        Meaning::Foreign(what) => Value::Foreign(what),
        Meaning::Gone => Value::Gone,
    }
}
