//! What the world sees: every authoritative server and every declared resolver, asked in a task of its own.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use teal_api::switch::Vantage as Declared;
use teal_switcher_core::Color;
use teal_switcher_core::propagation::{Says, Vantage};
use teal_targets::{Answer, Meaning, Outcome, Target};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::kit::Busy;
use crate::config::SwitcherConfig;
use crate::status::VantageStatus;
use crate::wake::Wake;

/// One round of answers.
#[derive(Debug, Clone)]
struct Round {
    asked: Instant,
    at: Timestamp,
    answers: Vec<Heard>,
}

/// One answer.
#[derive(Debug, Clone)]
struct Heard {
    /// Which of the targets was asked for.
    target: usize,
    /// Whether the server is one of the zone's own.
    authoritative: bool,
    answer: Answer,
}

/// The newest answers.
#[derive(Debug)]
pub(crate) struct Outside {
    last: Arc<Mutex<Option<Round>>>,
    changed: watch::Receiver<u64>,
    look: Wake,
    targets: Vec<Target>,
    resolvers: Vec<String>,
}

impl Outside {
    /// Starts asking, in `tasks`.
    pub(crate) fn start(
        targets: Vec<Target>,
        declared: &[Declared],
        busy: Busy,
        config: &SwitcherConfig,
        tasks: &mut JoinSet<()>,
    ) -> Self {
        let resolvers: Vec<String> = declared.iter().map(|Declared::Resolver(address)| address.clone()).collect();
        let (sender, changed) = watch::channel(0);
        let outside = Self {
            last: Arc::default(),
            changed,
            look: Wake::default(),
            targets: targets.clone(),
            resolvers: resolvers.clone(),
        };
        let (last, look) = (outside.last.clone(), outside.look.clone());
        let (often, seldom) = (config.busy_interval, config.idle_interval.saturating_mul(2));
        tasks.spawn(async move {
            loop {
                let (asked, at) = (Instant::now(), Timestamp::now());
                let answers = ask_everyone(&targets, &resolvers).await;
                let news = {
                    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                    let outcomes = |answers: &[Heard]| {
                        answers.iter().map(|heard| heard.answer.outcome.clone()).collect::<Vec<_>>()
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
    pub(crate) fn vantages(&self, since: Option<Instant>) -> Vec<Vantage> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(round) = last.as_ref().filter(|round| since.is_none_or(|since| round.asked >= since)) {
            let vantage = |heard: &Heard| Vantage {
                server: heard.answer.server.clone(),
                authoritative: heard.authoritative,
                says: self.says(heard),
            };
            return round.answers.iter().map(vantage).collect();
        }
        let not_asked =
            |server: &str, authoritative| Vantage { server: server.to_owned(), authoritative, says: Says::NotAsked };
        let own = self.targets.iter().map(|target| not_asked(target.name(), true));
        let others = self.resolvers.iter().filter(|_| !self.targets.is_empty());
        own.chain(others.map(|server| not_asked(server, false))).collect()
    }

    /// The answers for people, as old as they are.
    pub(crate) fn statuses(&self) -> Vec<VantageStatus> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(round) = last.as_ref() else { return Vec::new() };
        let several = self.targets.len() > 1;
        let status = |heard: &Heard| VantageStatus {
            vantage: match self.targets.get(heard.target).filter(|_| several) {
                Some(target) => format!("{} ({})", heard.answer.server, target.name()),
                None => heard.answer.server.clone(),
            },
            authoritative: heard.authoritative,
            color: match self.says(heard) {
                Says::Color(color) => Some(color.to_string()),
                _ => None,
            },
            answer: self.shown(heard),
            at: round.at,
        };
        round.answers.iter().map(status).collect()
    }

    /// The answer, and why it tells no color.
    fn shown(&self, heard: &Heard) -> String {
        let answer = heard.answer.outcome.to_string();
        match self.targets.get(heard.target).and_then(|target| target.untold(&heard.answer)) {
            Some(untold) => format!("{answer}; {}", untold.why),
            None => answer,
        }
    }

    fn says(&self, heard: &Heard) -> Says {
        match self.targets.get(heard.target) {
            Some(target) => says(target, &heard.answer),
            None => Says::NotAsked,
        }
    }
}

async fn ask_everyone(targets: &[Target], resolvers: &[String]) -> Vec<Heard> {
    let each = targets.iter().enumerate().map(async |(index, target)| {
        let asked = futures::future::join_all(resolvers.iter().map(|resolver| target.ask(resolver)));
        let (own, others) = tokio::join!(target.observe(), asked);
        let heard = move |authoritative| move |answer| Heard { target: index, authoritative, answer };
        own.into_iter().map(heard(true)).chain(others.into_iter().map(heard(false))).collect::<Vec<_>>()
    });
    futures::future::join_all(each).await.concat()
}

fn says(target: &Target, answer: &Answer) -> Says {
    match &answer.outcome {
        Outcome::Addresses(..) | Outcome::Cname(..) => match (target.means(answer), target.untold(answer)) {
            (Meaning::Color(color), _) => Says::Color(Color::new(color)),
            (_, Some(untold)) if untold.lasting => Says::Untold(untold.why),
            (_, Some(untold)) => Says::Other(format!("{} ({})", answer.outcome, untold.why)),
            (_, None) => Says::Other(answer.outcome.to_string()),
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
