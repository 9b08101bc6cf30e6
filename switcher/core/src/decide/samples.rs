//! Observations for tests.

use crate::color::Color;
use crate::declaration::{Declaration, Policy};
use crate::ledger::Digest;

pub(crate) fn declaration(active: &str) -> Declaration {
    Declaration {
        name: "contoso".to_owned(),
        active: Color::from(active),
        attempt: 1,
        with_fleet: false,
        digest: Digest::of(&format!("digest-of-{active}")),
        revision: "a".repeat(40),
        colors: ["blue", "green"].map(Color::from).into(),
        policy: Policy::default(),
    }
}
