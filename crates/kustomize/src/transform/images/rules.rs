//! Which of many `images` an image meets next, without trying each.
//!
//! The name under `images` is a regular expression (`my.img` is also `myXimg`: kustomize does so), but nearly always one of
//! letters, digits and `-_/:`, with dots. Those are found by their text: all that have dots in the same places are one
//! group, in which a name is looked up with dots put in those places. What is found is tried like any other.

use crate::kustomization::Image;
use regex::Regex;
use std::cell::OnceCell;
use std::collections::HashMap;

pub(super) struct Rule<'a> {
    pub(super) image: &'a Image,
    matches: OnceCell<Option<Regex>>,
}

impl Rule<'_> {
    /// A name that is no regular expression matches nothing, as in kustomize.
    pub(super) fn matches(&self, text: &str) -> bool {
        self.matches.get_or_init(|| pattern(&self.image.name)).as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

fn pattern(name: &str) -> Option<Regex> {
    let digest = "(@[a-zA-Z0-9]+([.+_-][a-zA-Z0-9]+)*:[a-zA-Z0-9_.{}-]*)?";
    Regex::new(&format!("^{name}(:[a-zA-Z0-9_.{{}}-]*)?{digest}$")).ok()
}

/// Places of the rules whose names have the same length and dots in the same places, by name.
struct Group<'a> {
    dots: Vec<usize>,
    names: HashMap<&'a str, Vec<usize>>,
}

/// All rules of one field, in order.
pub(super) struct Rules<'a> {
    all: Vec<Rule<'a>>,
    /// By the length of the name.
    plain: HashMap<usize, Vec<Group<'a>>>,
    /// The others, in order.
    patterns: Vec<usize>,
}

impl<'a> Rules<'a> {
    pub(super) fn of(images: &'a [Image]) -> Self {
        let all = images.iter().map(|image| Rule { image, matches: OnceCell::new() }).collect();
        let mut rules = Self { all, plain: HashMap::new(), patterns: Vec::new() };
        for (at, image) in images.iter().enumerate() {
            let name = image.name.as_str();
            if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_/:.".contains(&byte)) {
                rules.patterns.push(at);
                continue;
            }
            let dots: Vec<usize> = name.match_indices('.').map(|(at, _)| at).collect();
            let groups = rules.plain.entry(name.len()).or_default();
            let known = groups.iter().position(|group| group.dots == dots).unwrap_or_else(|| {
                groups.push(Group { dots, names: HashMap::new() });
                groups.len() - 1
            });
            groups[known].names.entry(name).or_default().push(at);
        }
        rules
    }

    /// The first rule from a place on that an image meets, and its place.
    pub(super) fn next(&self, text: &str, from: usize) -> Option<(usize, &Rule<'a>)> {
        let mut places = if text.is_ascii() { self.perhaps(text, from) } else { (from..self.all.len()).collect() };
        places.sort_unstable();
        places.into_iter().map(|at| (at, &self.all[at])).find(|(_, rule)| rule.matches(text))
    }

    fn perhaps(&self, text: &str, from: usize) -> Vec<usize> {
        let after = |places: &[usize]| places.partition_point(|&at| at < from);
        let mut found = self.patterns[after(&self.patterns)..].to_vec();
        for name in names(text) {
            for group in self.plain.get(&name.len()).into_iter().flatten() {
                let mut key = name.as_bytes().to_vec();
                group.dots.iter().for_each(|&dot| key[dot] = b'.');
                let places = std::str::from_utf8(&key).ok().and_then(|key| group.names.get(key));
                // Of several of one name, the first that is still to come is enough.
                found.extend(places.and_then(|places| places.get(after(places))));
            }
        }
        found
    }
}

/// What may be the name in an image: all of it, or all before a colon or an `@`. Behind the name come no more than a tag
/// and a digest, which have two colons and one `@` between them.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let ends = text.rmatch_indices(':').take(2).chain(text.rmatch_indices('@').take(1)).map(|(at, _)| at);
    std::iter::once(text.len()).chain(ends).map(|end| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::{Rules, pattern};
    use crate::kustomization::Image;
    use proptest::prelude::*;

    fn images(names: &[String]) -> Vec<Image> {
        names.iter().map(|name| Image { name: name.clone(), ..Image::default() }).collect()
    }

    proptest! {
        #[test]
        fn what_is_found_is_the_first_that_matches(
            names in proptest::collection::vec("[ab.:/(?@]{0,4}", 0..12),
            text in "[ab.:/@é\n]{0,9}",
            from in 0_usize..4,
        ) {
            let images = images(&names);
            let rules = Rules::of(&images);
            let is_first = |name: &String| pattern(name).is_some_and(|regex| regex.is_match(&text));
            let expected = (from..names.len()).find(|&at| is_first(&names[at]));
            prop_assert_eq!(rules.next(&text, from).map(|(at, _)| at), expected);
        }
    }

    #[test]
    fn dots_are_any_character_and_names_may_hold_a_port() {
        let images = images(&["my.img".into(), "registry:5000/app".into(), "myXimg".into()]);
        let rules = Rules::of(&images);
        let next = |text: &str, from: usize| rules.next(text, from).map(|(at, _)| at);
        assert_eq!(next("myXimg:1", 0), Some(0));
        assert_eq!(next("myXimg:1", 1), Some(2));
        assert_eq!(next("my.img", 1), None);
        assert_eq!(next("registry:5000/app:1@sha256:abc", 0), Some(1));
        assert_eq!(next("registry:5000/app/more", 0), None);
    }
}
