//! Every Switch that names the cluster: its ledger, and where its targets route to.

use futures::future::join_all;
use teal_switcher::switch::Route;
use teal_switcher_core::retire::{SwitchSeen, TargetValue};
use teal_switcher_core::{Color, Ledger, LedgerSeen, Value};
use teal_targets::{Routed, RoutedNow, Settled};

use crate::retirement::{Named, Retirement};

/// A ledger with what a write of it expects.
pub(crate) struct Held {
    pub(crate) switch: String,
    pub(crate) route: Route,
    pub(crate) routed: Routed,
    pub(crate) ledger: Ledger,
}

pub(super) async fn read(of: &Retirement) -> (Vec<SwitchSeen>, Vec<Held>) {
    let (mut seen, mut held) = (Vec::new(), Vec::new());
    for (one, kept) in join_all(of.switches.iter().map(|named| read_one(of, named))).await {
        seen.push(one);
        held.extend(kept);
    }
    (seen, held)
}

async fn read_one(of: &Retirement, named: &Named) -> (SwitchSeen, Option<Held>) {
    let switch = &named.switch;
    let mut seen = SwitchSeen {
        name: switch.name.clone(),
        color: Color::new(&named.color),
        wanted: Color::new(&switch.active),
        listed: of.color.switches.contains(&switch.name),
        ledger: Err("not read".to_owned()),
        targets: Vec::new(),
        same_identity: named.same_identity,
        pushed: None,
    };
    let route = match Route::new(switch, &of.secrets, &of.azure) {
        Ok(route) => route,
        Err(error) => {
            seen.ledger = Err(error.to_string());
            return (seen, None);
        }
    };
    for target in &route.followers {
        let value = target.now().await.map_err(|error| error.to_string()).and_then(value);
        seen.targets.push(TargetValue { name: target.name().to_owned(), value });
    }
    let read = route.read(true).await;
    if route.leads {
        let value = read.as_ref().map(|(routed, _)| route.value(routed)).map_err(ToString::to_string);
        seen.targets.push(TargetValue { name: route.target.name().to_owned(), value });
    }
    match read {
        Err(error) => seen.ledger = Err(error.to_string()),
        Ok((routed, LedgerSeen::Known(ledger))) => {
            seen.ledger = Ok((*ledger).clone());
            let held = Held { switch: switch.name.clone(), route, routed, ledger: *ledger };
            return (seen, Some(held));
        }
        Ok((_, LedgerSeen::Missing { .. })) => {
            seen.ledger = Err("there is none: no switcher has begun with this Switch".to_owned());
        }
        Ok((_, LedgerSeen::Unreadable(why) | LedgerSeen::Foreign(why))) => seen.ledger = Err(why),
    }
    (seen, None)
}

/// Where a follower routes to; one at work may still route as before.
fn value(now: RoutedNow) -> Result<Value, String> {
    match now.settled {
        Settled::Working { what, .. } => Err(format!("its provider is at work: {what}")),
        Settled::Failed { why } => Err(format!("its last change failed: {why}")),
        Settled::Yes => Ok(match now.foreign {
            Some(what) => Value::Foreign(what),
            None => {
                let share = |(color, share): (&String, &u32)| (Color::new(color), u8::try_from(*share).unwrap_or(100));
                Value::of(now.shares.iter().map(share).collect())
            }
        }),
    }
}
