use std::collections::HashMap;
use std::time::Instant;

use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};
use serde_json::{Value, json};

use super::make::{crd, id, manifest, prepared};
use crate::order::{Catalog, LayerObjects, Order, OrderError, Until, order};
use crate::{GroupKind, Prepared};

fn after(of: &str, first: &str) -> Value {
    let mut value = manifest(of);
    value["metadata"]["annotations"] = json!({"teal.dev/after": first});
    value
}

fn in_one_layer(objects: &[Prepared]) -> Order {
    let all: Vec<_> = objects.iter().collect();
    let catalog = Catalog::of(&[LayerObjects { name: "apps", after: &[], objects: all.clone() }]);
    order(&all, &catalog, |_| false)
}

/// `rank key` of every step.
fn told(order: &Order, objects: &[Prepared]) -> Vec<String> {
    order
        .steps
        .iter()
        .map(|step| format!("{}{} {}", step.rank, if step.last { " last" } else { "" }, objects[step.object].id.key()))
        .collect()
}

#[test]
fn the_order_follows_real_dependencies() {
    let api = {
        let mut api = manifest("apiregistration.k8s.io/APIService//v1.metrics");
        api["spec"] = json!({"service": {"namespace": "shop", "name": "metrics"}});
        api
    };
    let hook = {
        let mut hook = manifest("admissionregistration.k8s.io/ValidatingWebhookConfiguration//hook");
        hook["webhooks"] = json!([{"clientConfig": {"service": {"namespace": "shop", "name": "metrics"}}}]);
        hook
    };
    let objects: Vec<_> = [
        hook,
        api,
        manifest("example.com/Thing/shop/a"),
        after("apps/Deployment/shop/web", "example.com/Thing/shop/a"),
        manifest("apps/Deployment/shop/db"),
        manifest("/Service/shop/metrics"),
        manifest("/ServiceAccount/shop/web"),
        manifest("/Namespace//shop"),
        crd("example.com", "Thing"),
        manifest("admissionregistration.k8s.io/ValidatingAdmissionPolicy//upgrades"),
        manifest("admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding//upgrades"),
        manifest("admissionregistration.k8s.io/MutatingAdmissionPolicy//defaults"),
        after("/ConfigMap/shop/defaulted", "admissionregistration.k8s.io/MutatingAdmissionPolicy//defaults"),
    ]
    .map(prepared)
    .into();
    let order = in_one_layer(&objects);
    assert_eq!(
        told(&order, &objects),
        [
            "0 /Namespace//shop",
            "0 apiextensions.k8s.io/CustomResourceDefinition//things.example.com",
            "0 admissionregistration.k8s.io/MutatingAdmissionPolicy//defaults",
            "0 last admissionregistration.k8s.io/ValidatingAdmissionPolicy//upgrades",
            "0 last admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding//upgrades",
            "1 /ServiceAccount/shop/web",
            "1 /ConfigMap/shop/defaulted",
            "1 /Service/shop/metrics",
            "1 apps/Deployment/shop/db",
            "1 example.com/Thing/shop/a",
            "2 apps/Deployment/shop/web",
            "2 last admissionregistration.k8s.io/ValidatingWebhookConfiguration//hook",
            "2 apiregistration.k8s.io/APIService//v1.metrics",
        ]
    );
    let needs: HashMap<_, _> =
        order.steps.iter().map(|step| (objects[step.object].id.name.as_str(), &step.needs)).collect();
    assert!(
        needs["a"].iter().any(|need| need.until == Until::Current && need.object == 8),
        "a CR waits for its CRD to be served"
    );
    assert!(needs["db"].iter().all(|need| need.until == Until::Applied), "a Namespace only needs to be there");
    assert!(order.errors.is_empty() && order.waiting.is_empty() && order.held.is_empty());
}

fn annotated(of: &str, name: &str, value: &str) -> Value {
    let mut object = manifest(of);
    object["metadata"]["annotations"] = json!({name: value});
    object
}

#[test]
fn a_units_waves_come_one_after_the_other_and_namespaces_before_all() {
    let wave = |of: &str, wave: &str| annotated(of, "teal.dev/wave", wave);
    let objects: Vec<_> = [
        wave("batch/Job/shop/after", "1"),
        manifest("/ConfigMap/shop/own"),
        wave("batch/Job/shop/second", "-1"),
        wave("batch/Job/shop/first", "-2"),
        manifest("/Namespace//shop"),
        crd("example.com", "Thing"),
    ]
    .map(prepared)
    .into_iter()
    .chain([super::make::prepared_in("other-00000000", manifest("/ConfigMap/shop/other"))])
    .collect();
    let order = in_one_layer(&objects);
    assert!(order.errors.is_empty() && order.held.is_empty(), "{order:?}");
    assert_eq!(
        told(&order, &objects),
        [
            "0 /Namespace//shop",
            "0 apiextensions.k8s.io/CustomResourceDefinition//things.example.com",
            "1 /ConfigMap/shop/other",
            "1 batch/Job/shop/first",
            "2 batch/Job/shop/second",
            "3 /ConfigMap/shop/own",
            "4 batch/Job/shop/after",
        ]
    );
    let until = |name: &str| {
        let step = order.steps.iter().find(|step| objects[step.object].id.name == name).unwrap();
        step.needs.iter().find(|need| objects[need.object].id.kind != "Namespace").map(|need| need.until)
    };
    assert_eq!(until("second"), Some(Until::Current), "what comes before must be done");
    assert_eq!(until("own"), Some(Until::Current));
    assert_eq!(until("after"), Some(Until::Applied), "what comes after does not wait for health");
}

#[test]
fn a_cycle_names_its_members_and_holds_only_what_depends_on_it() {
    let objects: Vec<_> = [
        after("/ConfigMap/shop/a", "/ConfigMap/shop/b"),
        after("/ConfigMap/shop/b", "/ConfigMap/shop/c"),
        after("/ConfigMap/shop/c", "/ConfigMap/shop/a"),
        after("/ConfigMap/shop/downstream", "/ConfigMap/shop/c"),
        manifest("/ConfigMap/shop/free"),
        after("/ConfigMap/shop/x", "/ConfigMap/shop/y"),
        after("/ConfigMap/shop/y", "/ConfigMap/shop/x"),
    ]
    .map(prepared)
    .into();
    let order = in_one_layer(&objects);
    assert_eq!(told(&order, &objects), ["0 /ConfigMap/shop/free"]);
    assert_eq!(order.held, [0, 1, 2, 3, 5, 6]);
    let errors: Vec<_> = order.errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        errors,
        [
            "these objects wait for each other: ConfigMap shop/a → ConfigMap shop/b → ConfigMap shop/c; remove one teal.dev/after",
            "these objects wait for each other: ConfigMap shop/x → ConfigMap shop/y; remove one teal.dev/after",
        ]
    );
}

#[test]
fn a_cycle_behind_a_dead_end_is_still_found() {
    let objects: Vec<_> = [
        after("/ConfigMap/shop/a", "example.com/Thing/shop/t, /ConfigMap/shop/b"),
        after("/ConfigMap/shop/b", "example.com/Thing/shop/t, /ConfigMap/shop/a"),
        manifest("example.com/Thing/shop/t"),
    ]
    .map(prepared)
    .into();
    let order = in_one_layer(&objects);
    assert_eq!(order.errors.len(), 1, "{:?}", order.errors);
    assert_eq!(order.errors[0].objects(), [id("/ConfigMap/shop/a"), id("/ConfigMap/shop/b")]);
    assert_eq!((order.waiting.len(), order.held.as_slice()), (1, [0, 1].as_slice()));
}

#[test]
fn a_custom_resource_waits_or_is_a_layer_cycle() {
    let thing = prepared(manifest("example.com/Thing/shop/a"));
    let definition = prepared(crd("example.com", "Thing"));
    let earlier = ["base".to_owned()];
    let catalog = |of_thing: &str, of_crd: &str| {
        let objects = |layer: &str| {
            let thing = (of_thing == layer).then_some(&thing);
            thing.into_iter().chain((of_crd == layer).then_some(&definition)).collect()
        };
        Catalog::of(&[
            LayerObjects { name: "base", after: &[], objects: objects("base") },
            LayerObjects { name: "apps", after: &earlier, objects: objects("apps") },
            LayerObjects { name: "beside", after: &[], objects: objects("beside") },
        ])
    };
    let outcome = |catalog: &Catalog, served: bool| {
        let order = order(&[&thing], catalog, |kind| served && *kind == GroupKind::new("example.com", "Thing"));
        match (order.steps.len(), order.waiting.first(), order.errors.first()) {
            (1, None, None) => "applied".to_owned(),
            (0, Some(waiting), None) => format!("waits, CRD declared: {}", waiting.definition.is_some()),
            (0, None, Some(error)) => error.to_string(),
            other => format!("{other:?}"),
        }
    };
    assert_eq!(outcome(&catalog("apps", "base"), true), "applied", "an earlier layer brought it");
    assert_eq!(outcome(&catalog("apps", "nowhere"), true), "applied", "somebody brought it");
    assert_eq!(outcome(&catalog("apps", "nowhere"), false), "waits, CRD declared: false", "an operator will bring it");
    assert_eq!(
        outcome(&catalog("apps", "beside"), false),
        "waits, CRD declared: true",
        "a layer beside it will bring it"
    );
    assert_eq!(outcome(&catalog("base", "apps"), true), "applied", "served already: no harm");
    assert_eq!(
        outcome(&catalog("base", "apps"), false),
        "layer cycle: example.com/Thing shop/a in layer base needs apiextensions.k8s.io/CustomResourceDefinition \
         things.example.com, which is in layer apps, which comes after base; move one of them"
    );
}

#[test]
fn a_layer_cycle_is_seen_across_layers_between() {
    let thing = prepared(manifest("example.com/Thing/shop/a"));
    let definition = prepared(crd("example.com", "Thing"));
    let (base, middle) = (["base".to_owned()], ["middle".to_owned()]);
    let catalog = Catalog::of(&[
        LayerObjects { name: "base", after: &[], objects: vec![&thing] },
        LayerObjects { name: "middle", after: &base, objects: vec![] },
        LayerObjects { name: "apps", after: &middle, objects: vec![&definition] },
    ]);
    assert_eq!(order(&[&thing], &catalog, |_| false).errors[0].reason(), "LayerCycle");
}

#[test]
fn what_depends_on_a_waiting_object_is_held_with_it() {
    let objects: Vec<_> = [
        manifest("example.com/Thing/shop/a"),
        after("/ConfigMap/shop/b", "example.com/Thing/shop/a"),
        manifest("/ConfigMap/shop/c"),
    ]
    .map(prepared)
    .into();
    let order = in_one_layer(&objects);
    assert_eq!(
        (told(&order, &objects), order.held.as_slice()),
        (vec!["0 /ConfigMap/shop/c".to_owned()], [1].as_slice())
    );
    assert!(order.errors.is_empty());
}

#[test]
fn after_something_undeclared_is_an_error() {
    let objects = [prepared(after("/ConfigMap/shop/a", "/ConfigMap/shop/gone"))];
    let order = in_one_layer(&objects);
    assert_eq!(
        order.errors,
        [OrderError::UnknownAfter { object: id("/ConfigMap/shop/a"), named: id("/ConfigMap/shop/gone") }]
    );
    assert_eq!(order.held, [0]);
}

#[test]
fn ten_thousand_objects_are_nothing() {
    let mut objects = vec![prepared(crd("example.com", "Thing"))];
    for namespace in 0..100 {
        objects.push(prepared(manifest(&format!("/Namespace//n{namespace}"))));
        for n in 0..100 {
            let kind = if n % 2 == 0 { "/ConfigMap" } else { "example.com/Thing" };
            objects.push(prepared(manifest(&format!("{kind}/n{namespace}/o{n}"))));
        }
    }
    let begun = Instant::now();
    let order = in_one_layer(&objects);
    let took = begun.elapsed();
    assert_eq!(order.steps.len(), objects.len());
    // Linear and unoptimised it takes well under a second; quadratic it would take minutes.
    assert!(took.as_secs() < 60, "{took:?}");
}

proptest! {
    #[test]
    fn every_object_is_placed_once_and_after_its_needs(edges in prop::collection::vec((0_usize..20, 0_usize..20), 0..30)) {
        let mut first: HashMap<usize, Vec<String>> = HashMap::new();
        for (from, to) in edges.into_iter().filter(|(from, to)| from != to) {
            first.entry(from).or_default().push(format!("/ConfigMap/shop/c{to}"));
        }
        let objects: Vec<_> = (0..20).map(|n| prepared(after(&format!("/ConfigMap/shop/c{n}"), &first.get(&n).map(|all| all.join(",")).unwrap_or_default()))).collect();
        let order = in_one_layer(&objects);
        let mut seen = [false; 20];
        for step in &order.steps {
            prop_assert!(step.needs.iter().all(|need| seen[need.object]), "a need comes later");
            prop_assert!(!seen[step.object]);
            seen[step.object] = true;
        }
        prop_assert_eq!(order.steps.len() + order.held.len(), 20);
        prop_assert_eq!(order.held.is_empty(), order.errors.is_empty());
        for error in &order.errors {
            // Each member really waits for the next, and the last for the first.
            let members = error.objects();
            for (at, member) in members.iter().enumerate() {
                let next = &members[(at + 1) % members.len()];
                let object = objects.iter().find(|object| object.id == *member).unwrap();
                prop_assert!(object.links.after.contains(next), "{} does not wait for {}", member, next);
            }
        }
    }
}
