//! A DNS record that follows a ledger kept elsewhere: written with the same compare-and-set, and stamped with the opId
//! in the place where its own ledger would be, so that two Switches never take one record for theirs.

use teal_api::switch::Destination;

use crate::error::TargetError;
use crate::flow::{Colors, Meaning, Op, RoutedNow, Split, Written, meaning};
use crate::routed::{Change, Routed};
use crate::target::Holder;

/// What a stamp begins with; no sealed ledger and no JSON does.
const STAMP: &str = "op:";

/// Reads a record as traffic by color.
pub(crate) fn now(colors: &Colors, routed: &Routed) -> RoutedNow {
    let now = match meaning(colors, routed.value.as_ref()) {
        Meaning::Color(color) => RoutedNow::all(&color),
        Meaning::Mixed => {
            RoutedNow::foreign(format!("several colors at once ({})", crate::routed::shown(routed.value.as_ref())))
        }
        Meaning::Foreign(what) => RoutedNow::foreign(what),
        Meaning::Gone => RoutedNow::foreign("nothing: the record does not exist"),
    };
    let stamp = routed.ledger.as_deref().and_then(stamped).map(str::to_owned);
    RoutedNow { ttl: Some(routed.ttl), stamp, ..now }
}

/// Brings a record to a color, in one compare-and-set write.
pub(crate) async fn route(
    target: &dyn Holder,
    colors: &Colors,
    split: &Split,
    op: &Op,
) -> Result<Written, TargetError> {
    let name = || target.name().to_owned();
    let unfit = |why: String| TargetError::Unfit { target: name(), why };
    let color = split.only().ok_or_else(|| unfit(format!("a DNS record can't split traffic ({split})")))?;
    let to: &Destination = colors.get(color).ok_or_else(|| unfit(format!("`{color}` is none of its colors")))?;
    let routed = target.read().await?;
    if let Some(ledger) = routed.ledger.as_deref().filter(|ledger| stamped(ledger).is_none()) {
        let owner = format!("another Switch, whose ledger of {} bytes it keeps", ledger.len());
        return Err(TargetError::Owned { record: name(), owner });
    }
    let before = now(colors, &routed);
    if let Some(what) = before.foreign {
        return Err(TargetError::Strange { target: name(), what });
    }
    let ttl = op.ttl.unwrap_or(routed.ttl);
    if before.is(split) && routed.ttl == ttl {
        return Ok(Written::Done(before));
    }
    let change = Change { to: to.clone(), ttl };
    let stamp = format!("{STAMP}{}", op.id);
    let written = target.commit(&routed.tag, Some(&change), stamp.as_bytes()).await?;
    Ok(Written::Done(now(colors, &written)))
}

fn stamped(ledger: &[u8]) -> Option<&str> {
    std::str::from_utf8(ledger).ok()?.strip_prefix(STAMP)
}
