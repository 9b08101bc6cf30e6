//! Does the world see what the record says? All vantages agree *and* the provider's bound has passed (SWITCH §7).

use std::fmt;

use crate::color::Color;
use crate::declaration::Asking;

/// One server that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vantage {
    /// `host:port`.
    pub server: String,
    /// Is it one of the zone's own servers? Otherwise it is a resolver.
    pub authoritative: bool,
    /// What it said.
    pub says: Says,
}

/// What a server said. These mean different things and are never taken one for the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Says {
    /// Exactly this color.
    Color(Color),
    /// Addresses of no color, or of several; with what.
    Other(String),
    /// An answer by which no color can be told, now or later; with why. It proves nothing, and nothing is awaited of it.
    Untold(String),
    /// The name does not exist.
    NxDomain,
    /// The name exists without an address.
    NoData,
    /// The server failed.
    ServFail,
    /// The server will not answer us.
    Refused,
    /// Another type; with which.
    WrongType(String),
    /// Nothing usable came back; with what happened.
    Silent(String),
    /// Not asked yet.
    NotAsked,
}

impl fmt::Display for Says {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Color(color) => write!(f, "{color}"),
            Self::Other(what) => write!(f, "{what}, which is no single color"),
            Self::Untold(why) => write!(f, "an answer that tells no color: {why}"),
            Self::NxDomain => f.write_str("NXDOMAIN"),
            Self::NoData => f.write_str("no address"),
            Self::ServFail => f.write_str("SERVFAIL"),
            Self::Refused => f.write_str("REFUSED"),
            Self::WrongType(kind) => write!(f, "a {kind} instead of an address"),
            Self::Silent(why) => write!(f, "no answer: {why}"),
            Self::NotAsked => f.write_str("not asked yet"),
        }
    }
}

/// How far a change has spread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spread {
    /// Every server asked says the wanted color.
    Everywhere,
    /// There is nobody to ask, or no answer tells a color, with why: the provider's bound is all there is to go by, and
    /// nothing is proved.
    Unasked(Vec<String>),
    /// Some still say another color; the rest agree. Time cures it. With who.
    Stale(Vec<String>),
    /// Some say nothing, or something that time does not cure. With who and what.
    Unproven(Vec<String>),
}

/// Judges the answers. Where an authority can be asked, no authoritative server at all is *unproven*, never *everywhere*;
/// where none can, silence is *unasked*, and so are answers that tell no color.
#[must_use]
pub fn spread(vantages: &[Vantage], wanted: &Color, asking: Asking) -> Spread {
    let mut stale = Vec::new();
    let mut unproven = Vec::new();
    let (mut agrees, mut untold) = (false, Vec::new());
    for vantage in vantages {
        match &vantage.says {
            Says::Color(color) if color == wanted => agrees = true,
            Says::Untold(why) => untold.push(why.clone()),
            Says::Color(_) => stale.push(format!("{} says {}", vantage.server, vantage.says)),
            _ => unproven.push(format!("{} says {}", vantage.server, vantage.says)),
        }
    }
    if asking == Asking::Authority && !vantages.iter().any(|vantage| vantage.authoritative) {
        unproven.push("no authoritative server was asked".to_owned());
    }
    match (stale.is_empty(), unproven.is_empty()) {
        (true, true) if !agrees => {
            untold.sort();
            untold.dedup();
            Spread::Unasked(untold)
        }
        (true, true) => Spread::Everywhere,
        (false, true) => Spread::Stale(stale),
        (_, false) => {
            unproven.extend(stale);
            Spread::Unproven(unproven)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vantage(authoritative: bool, says: Says) -> Vantage {
        Vantage { server: if authoritative { "ns1" } else { "resolver" }.to_owned(), authoritative, says }
    }

    #[test]
    fn the_world_agrees_only_when_everyone_asked_does() {
        let green = Color::from("green");
        let says = |color: &str| Says::Color(Color::from(color));
        let untold = || Says::Untold("it follows a profile".to_owned());
        for (rule, vantages, want) in [
            ("nobody was asked", vec![], "unproven"),
            ("only a resolver was asked", vec![vantage(false, says("green"))], "unproven"),
            ("the authority agrees", vec![vantage(true, says("green"))], "everywhere"),
            ("a secondary is behind", vec![vantage(true, says("green")), vantage(true, says("blue"))], "stale"),
            ("a resolver is behind", vec![vantage(true, says("green")), vantage(false, says("blue"))], "stale"),
            (
                "one is silent",
                vec![vantage(true, says("green")), vantage(true, Says::Silent("timeout".into()))],
                "unproven",
            ),
            ("SERVFAIL is not stale", vec![vantage(true, says("green")), vantage(false, Says::ServFail)], "unproven"),
            ("NXDOMAIN is not stale", vec![vantage(true, Says::NxDomain)], "unproven"),
            ("the wrong type is not stale", vec![vantage(true, Says::WrongType("CNAME".into()))], "unproven"),
            ("an answer of no color", vec![vantage(true, Says::Other("10.9.9.9".into()))], "unproven"),
            ("not asked yet", vec![vantage(true, Says::NotAsked)], "unproven"),
            ("nothing can be told by an alias", vec![vantage(true, untold()), vantage(false, untold())], "unasked"),
            ("but a dead one is seen", vec![vantage(true, untold()), vantage(true, Says::NoData)], "unproven"),
            ("another record tells", vec![vantage(true, untold()), vantage(true, says("green"))], "everywhere"),
            ("and is behind", vec![vantage(true, untold()), vantage(true, says("blue"))], "stale"),
            ("a resolver alone", vec![vantage(false, untold())], "unproven"),
        ] {
            let got = match spread(&vantages, &green, Asking::Authority) {
                Spread::Everywhere => "everywhere",
                Spread::Unasked(_) => "unasked",
                Spread::Stale(_) => "stale",
                Spread::Unproven(_) => "unproven",
            };
            assert_eq!(got, want, "{rule}");
        }
        let nobody = Spread::Unasked(Vec::new());
        assert_eq!(spread(&[], &green, Asking::Anyone), nobody, "a private zone without a vantage");
        let twice = [vantage(true, untold()), vantage(true, untold())];
        let once = Spread::Unasked(vec!["it follows a profile".to_owned()]);
        assert_eq!(spread(&twice, &green, Asking::Authority), once, "why is told once");
        let resolver = [vantage(false, says("green"))];
        assert_eq!(spread(&resolver, &green, Asking::Anyone), Spread::Everywhere, "a private zone with one");
    }

    #[test]
    fn what_went_wrong_is_named_by_server() {
        let found = spread(
            &[vantage(true, Says::ServFail), vantage(false, Says::Color(Color::from("blue")))],
            &Color::from("green"),
            Asking::Authority,
        );
        let Spread::Unproven(who) = found else { panic!("{found:?}") };
        assert_eq!(who, ["ns1 says SERVFAIL", "resolver says blue"]);
    }
}
