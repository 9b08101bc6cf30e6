//! The declarations here, beside what git's remote says of them now.

use teal_api::colors::Colors;
use teal_api::switch::Switch;
use teal_switcher_core::retire::{Branch, Git, Likeness, Pushed, SwitchSeen};

use crate::documents;
use crate::retirement::{Named, Retirement};
use crate::upstream::{self, Answer, Said};

/// `None` where nobody is to be asked.
pub(super) async fn ask(of: &Retirement) -> Option<Vec<Answer>> {
    Some(upstream::ask(of.git.as_ref()?).await)
}

/// Puts what the branches say beside each Switch, and tells the rest.
pub(super) async fn compare(of: &Retirement, answers: Option<Vec<Answer>>, seen: &mut [SwitchSeen]) -> Git {
    let Some(answers) = answers else { return Git::NotAsked };
    let known: Vec<(&str, &Said)> =
        answers.iter().filter_map(|answer| Some((answer.name.as_str(), answer.said.as_ref().ok()?))).collect();
    for named in &of.switches {
        if let Some(one) = seen.iter_mut().find(|one| one.name == named.switch.name) {
            let revision = one.ledger.as_ref().map(|ledger| ledger.revision.clone()).unwrap_or_default();
            one.pushed = pushed(of, named, &revision, &known, known.len() == answers.len()).await;
        }
    }
    let colors = known.iter().find_map(|(_, said)| said.colors.as_ref());
    let colors = colors.map_or(Likeness::Absent, |text| match Colors::parse("colors.yaml", text) {
        Ok(colors) if colors.colors.get(&of.name) == Some(&of.color) => Likeness::Same,
        _ => Likeness::Differs,
    });
    Git::Asked { branches: answers.iter().map(|answer| branch(of, answer)).collect(), colors }
}

fn branch(of: &Retirement, answer: &Answer) -> Branch {
    let beyond = |switch: &&Switch| {
        documents::names(switch, &of.name, &of.color.cluster).is_some()
            && !of.switches.iter().any(|named| named.switch.name == switch.name)
    };
    let names = |said: &Said| said.switches.iter().filter(beyond).map(|switch| switch.name.clone()).collect();
    Branch { name: answer.name.clone(), beyond: answer.said.as_ref().map(names).map_err(Clone::clone) }
}

/// `all`: every repository has answered, so that one that is declared by none of them is pushed nowhere.
async fn pushed(of: &Retirement, named: &Named, revision: &str, known: &[(&str, &Said)], all: bool) -> Option<Pushed> {
    let declared = |said: &&Said| said.switches.iter().find(|switch| switch.name == named.switch.name).cloned();
    let Some((branch, said, there)) = known.iter().find_map(|(branch, said)| Some((branch, said, declared(said)?)))
    else {
        let branch = known.iter().map(|(branch, _)| *branch).collect::<Vec<_>>().join(", ");
        return all.then_some(Pushed { branch, copy: Likeness::Absent, wants_it: false, acted_on: None });
    };
    let calls = documents::names(&there, &of.name, &of.color.cluster);
    let same = there.digest == named.switch.digest;
    Some(Pushed {
        branch: (*branch).to_owned(),
        copy: if same { Likeness::Same } else { Likeness::Differs },
        wants_it: calls.is_some_and(|color| there.active == color),
        acted_on: if revision.is_empty() { Some(true) } else { said.holds(revision).await },
    })
}
