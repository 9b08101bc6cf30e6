//! Helm's hooks as an order. What a chart does *before* itself stands in waves below 0, what it does *after* itself above,
//! one wave a weight.
//!
//! | hook | here |
//! |---|---|
//! | `pre-install`, `pre-upgrade` | before the chart's own objects, until Current |
//! | `post-install`, `post-upgrade` | after them, once they are applied (as Helm without `--wait`) |
//! | `test` | left out |
//! | `pre-delete`, `post-delete`, `pre-rollback`, `post-rollback` alone | left out: Teal goes forward to what git says |
//! | for install alone | made once; a later change is not run again |
//! | `before-hook-creation`, the default | what can't be changed in place is deleted and made anew |
//! | `hook-succeeded`, `hook-failed` | nothing is deleted: what ran can be looked at until it changes or goes from git |
//! | `helm.sh/resource-policy: keep` | never pruned |

use std::collections::BTreeSet;

use teal_agent_core::mark::PRUNE_ANNOTATION;
use teal_agent_core::{CHANGE_ANNOTATION, WAVE_ANNOTATION};

use super::output::Annotated;

pub(crate) const HOOK: &str = "helm.sh/hook";
const WEIGHT: &str = "helm.sh/hook-weight";
const DELETE_POLICY: &str = "helm.sh/hook-delete-policy";
const RESOURCE_POLICY: &str = "helm.sh/resource-policy";

/// When a hook runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Before,
    After,
    /// Never here.
    Never,
}

/// Gives every hook its wave and takes out those that never run; says what was left out beside tests.
pub(crate) fn arrange<T: Annotated>(made: &mut Vec<T>, file: &str, notices: &mut Vec<String>) {
    let mut left_out = Vec::new();
    made.retain(|object| {
        let Some(hook) = object.annotation(HOOK) else { return true };
        let never = when(hook) == When::Never;
        if never && !is_test(hook) {
            left_out.push(format!("{} ({hook})", object.described()));
        }
        !never
    });
    if !left_out.is_empty() {
        notices.push(format!("{file}: hooks that run at no time here are left out: {}", left_out.join(", ")));
    }
    let weights = |side: When| -> Vec<i64> {
        let hooks = made.iter().filter(|object| object.annotation(HOOK).is_some_and(|hook| when(hook) == side));
        hooks.map(|object| weight(object)).collect::<BTreeSet<_>>().into_iter().collect()
    };
    let (before, after) = (weights(When::Before), weights(When::After));
    for object in made {
        if object.annotation(RESOURCE_POLICY).is_some_and(|policy| policy.trim().eq_ignore_ascii_case("keep"))
            && object.annotation(PRUNE_ANNOTATION).is_none()
        {
            object.annotate(PRUNE_ANNOTATION, "disabled");
        }
        let Some(hook) = object.annotation(HOOK).map(str::to_owned) else { continue };
        let weight = weight(object);
        let place = |weights: &[i64]| weights.binary_search(&weight).unwrap_or_default();
        let wave = match when(&hook) {
            When::Before => place(&before) as i64 - before.len() as i64,
            When::After => place(&after) as i64 + 1,
            When::Never => continue,
        };
        object.annotate(WAVE_ANNOTATION, &wave.to_string());
        let install_alone = !words(&hook).any(|word| word.ends_with("-upgrade"));
        let policy = object.annotation(DELETE_POLICY).unwrap_or_default().to_owned();
        let recreate = policy.trim().is_empty() || words(&policy).any(|word| word == "before-hook-creation");
        if install_alone {
            object.annotate(CHANGE_ANNOTATION, "once");
        } else if recreate {
            object.annotate(CHANGE_ANNOTATION, "recreate");
        }
    }
}

/// Whether a hook is a test, which runs at no time here.
pub(crate) fn is_test(hook: &str) -> bool {
    words(hook).any(|word| matches!(word, "test" | "test-success" | "test-failure"))
}

fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|word| !word.is_empty())
}

fn when(hook: &str) -> When {
    // An object with several hooks runs at its first time.
    if words(hook).any(|word| matches!(word, "pre-install" | "pre-upgrade" | "crd-install")) {
        When::Before
    } else if words(hook).any(|word| matches!(word, "post-install" | "post-upgrade")) {
        When::After
    } else {
        When::Never
    }
}

/// Helm takes a weight that is no number for 0.
fn weight(object: &impl Annotated) -> i64 {
    object.annotation(WEIGHT).and_then(|weight| weight.trim().parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::output::Made;
    use super::*;
    use serde_json::json;

    fn made(name: &str, annotations: serde_json::Value) -> Made {
        Made {
            value: json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "annotations": annotations}}),
            template: "t".into(),
            secret: false,
            cleared: false,
        }
    }

    #[test]
    fn weights_become_waves_round_the_chart_itself() {
        let mut objects = vec![
            made("own", json!({})),
            made("late", json!({"helm.sh/hook": "post-install,post-upgrade", "helm.sh/hook-weight": "5"})),
            made("first", json!({"helm.sh/hook": "pre-install, pre-upgrade", "helm.sh/hook-weight": "-5"})),
            made(
                "second",
                json!({"helm.sh/hook": "pre-install,pre-upgrade", "helm.sh/hook-delete-policy": "hook-succeeded"}),
            ),
            made("once", json!({"helm.sh/hook": "pre-install"})),
            made("test", json!({"helm.sh/hook": "test"})),
            made("bye", json!({"helm.sh/hook": "post-delete"})),
            made("kept", json!({"helm.sh/resource-policy": "keep"})),
        ];
        let mut notices = Vec::new();
        arrange(&mut objects, "helm.yaml", &mut notices);
        let found: Vec<_> = objects
            .iter()
            .map(|object| {
                (
                    object.text("/metadata/name"),
                    object.annotation(WAVE_ANNOTATION),
                    object.annotation(CHANGE_ANNOTATION),
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                ("own", None, None),
                ("late", Some("1"), Some("recreate")),
                ("first", Some("-2"), Some("recreate")),
                ("second", Some("-1"), None),
                ("once", Some("-1"), Some("once")),
                ("kept", None, None),
            ]
        );
        assert_eq!(objects.last().and_then(|kept| kept.annotation(PRUNE_ANNOTATION)), Some("disabled"));
        assert_eq!(notices, ["helm.yaml: hooks that run at no time here are left out: Pod bye (post-delete)"]);
    }
}
