//! Units that wait for each other, by `dependsOn` alone or by way of layers. Layers alone can't: their order is checked
//! when `teal.yaml` is read.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};

use super::{Gates, Layer};

/// What waits, or is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Node<'a> {
    Unit(&'a str),
    Layer(&'a str),
}

/// The shortest way from a unit along what it waits for back to itself, both ends included.
pub(super) fn through(gates: &Gates, slug: &str) -> Option<Vec<String>> {
    if gates.units.values().all(|unit| unit.depends_on.is_empty()) {
        return None;
    }
    let layer_of: HashMap<&str, &Layer> =
        gates.layers.iter().flat_map(|layer| layer.units.iter().map(move |slug| (&**slug, layer))).collect();
    let start = Node::Unit(slug);
    let mut came: HashMap<Node<'_>, Node<'_>> = HashMap::new();
    let mut open = VecDeque::from([start]);
    while let Some(node) = open.pop_front() {
        for next in waits(gates, &layer_of, node) {
            if next == start {
                return Some(way(&came, node, slug));
            }
            if let Entry::Vacant(place) = came.entry(next) {
                place.insert(node);
                open.push_back(next);
            }
        }
    }
    None
}

fn waits<'a>(gates: &'a Gates, layer_of: &HashMap<&str, &'a Layer>, node: Node<'a>) -> Vec<Node<'a>> {
    match node {
        Node::Unit(slug) => {
            let layers =
                layer_of.get(slug).copied().into_iter().flat_map(|layer| &layer.after).map(|name| Node::Layer(name));
            let units = gates.units.get(slug).into_iter().flat_map(|unit| &unit.depends_on);
            units.map(|slug| Node::Unit(slug)).chain(layers).collect()
        }
        Node::Layer(name) => {
            let layer = gates.layers.iter().find(|layer| layer.name == name);
            let units = layer.into_iter().flat_map(|layer| &layer.units).map(|slug| Node::Unit(slug));
            units.chain(layer.into_iter().flat_map(|layer| &layer.after).map(|name| Node::Layer(name))).collect()
        }
    }
}

fn way(came: &HashMap<Node<'_>, Node<'_>>, last: Node<'_>, slug: &str) -> Vec<String> {
    let named = |node: Node<'_>| match node {
        Node::Unit(slug) => slug.to_owned(),
        Node::Layer(name) => format!("layer {name}"),
    };
    let mut back = vec![slug.to_owned()];
    let mut at = last;
    while at != Node::Unit(slug) {
        back.push(named(at));
        let Some(before) = came.get(&at) else { break };
        at = *before;
    }
    back.push(slug.to_owned());
    back.reverse();
    back
}
