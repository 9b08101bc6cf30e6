//! Variables in the values of charts: the chart sees what they stand for, and what it prints is left alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use teal_api::fleet::Fleet;
use teal_render::helm::{ChartEngine, ChartError, Charts, Inflated, Inflation, remote_charts};
use teal_render::{ClusterValues, Given, MemoryTree, Rendered, UnitInput, render_unit_with};

const CANARY: &str = "canary7c1d";

/// Prints the length of `host` and all of `host` and `file`, with a text that looks like a variable.
struct Echo;

impl ChartEngine for Echo {
    fn inflate(&self, inflation: &Inflation) -> Result<Arc<Inflated>, ChartError> {
        let text = |key: &str| inflation.values[key].as_str().unwrap_or_default();
        let first = format!(
            "---\n# Source: web/templates/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x}}\ndata:\n  length: 'n{}'\n  host: '{}'\n  file: '{}'\n  script: '${{DOMAIN}} ${{HOME}}'\n",
            text("host").len(),
            text("host"),
            text("file"),
        );
        Ok(Arc::new(Inflated { second: Some(first.clone()), first, ..Inflated::default() }))
    }
}

fn render(helm: &str, spec: &str, color: &str) -> Rendered {
    let fleet = format!(
        "apiVersion: teal.dev/v1alpha1\nkind: Fleet\nmetadata: {{name: test}}\nspec:\n  layers: [{{name: all, paths: [u]}}]\n{spec}"
    );
    let fleet = Fleet::parse("teal.yaml", &fleet).unwrap();
    let mut values = ClusterValues::default();
    for source in &fleet.substitute_from {
        values.add(source, Some(&BTreeMap::from([("TOKEN".to_owned(), CANARY.as_bytes().to_vec())])));
    }
    let helm = format!(
        "apiVersion: teal.dev/v1alpha1\nkind: Helm\nmetadata: {{name: web}}\nspec:\n  chart: {{path: ../c}}\n{helm}"
    );
    let tree = MemoryTree::from([
        ("u/helm.yaml", helm.as_str()),
        ("u/values.yaml", "file: 'in ${DOMAIN}'\n"),
        ("c/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"),
    ]);
    let input = UnitInput { path: "u", fleet: &fleet, color, role: None };
    let charts = Charts { engine: Some(&Echo), ..Charts::default() };
    render_unit_with(&tree, &input, Given { charts, values: Some(&values), ..Given::default() })
}

fn data<'r>(rendered: &'r Rendered, key: &str) -> &'r Value {
    let object = rendered.objects.first().unwrap_or_else(|| panic!("{:?}", rendered.errors));
    &object.value["data"][key]
}

#[test]
fn a_chart_is_given_what_variables_stand_for_and_its_print_is_left_alone() {
    let rendered = render(
        "  valuesFiles: [values.yaml]\n  values: {host: 'a.${DOMAIN}'}\n",
        "  substitute: {DOMAIN: contoso.example}\n",
        "blue",
    );
    assert_eq!((rendered.errors.len(), rendered.notices.len()), (0, 0), "{:?}", rendered.notices);
    assert_eq!(data(&rendered, "host"), "a.contoso.example");
    assert_eq!(data(&rendered, "length"), "n17", "a function of the template saw it, too");
    assert_eq!(data(&rendered, "file"), "in contoso.example");
    assert_eq!(data(&rendered, "script"), "${DOMAIN} ${HOME}");
    assert!(rendered.objects[0].neutral.is_none() && rendered.names.contains("DOMAIN"));
}

#[test]
fn what_differs_by_color_stays_out_of_the_neutral_form() {
    let colors = "  colors: {blue: {substitute: {POOL: one}}, green: {substitute: {POOL: three}}}\n";
    let of = |color| {
        render("  values: {host: '${POOL}'}\n  colors: {green: {values: {file: 'for ${POOL}'}}}\n", colors, color)
    };
    let (blue, green) = (of("blue"), of("green"));
    assert_eq!((data(&blue, "length"), data(&green, "length")), (&"n3".into(), &"n5".into()));
    assert_eq!((data(&blue, "file"), data(&green, "file")), (&"".into(), &"for three".into()));
    let neutral = |rendered: &Rendered| rendered.objects[0].neutral.clone().unwrap();
    assert_eq!(neutral(&blue), neutral(&green));
    assert_eq!(neutral(&blue)["data"]["host"], "${POOL}");
}

#[test]
fn a_variable_without_a_value_is_told_with_its_line_and_nothing_is_rendered() {
    let colors = "  colors: {blue: {substitute: {POOL: one}}, green: {}}\n";
    let rendered = render("  values:\n    deep:\n    - host: 'x'\n    - host: 'in ${POOL}'\n", colors, "green");
    assert!(rendered.objects.is_empty() && rendered.errors.len() == 1, "{:?}", rendered.errors);
    let told = rendered.errors[0].to_string();
    assert!(told.starts_with("u/helm.yaml:9:17: spec.values.deep[1].host: `${POOL}` has no value"), "{told}");
}

#[test]
fn g9_a_value_from_a_secret_that_a_chart_is_given_is_known_in_what_it_makes() {
    let tokens = "  substituteFrom: [{kind: Secret, name: tokens}]\n";
    let rendered = render("  values: {host: 'x-${TOKEN}'}\n", tokens, "blue");
    assert_eq!(data(&rendered, "host"), &format!("x-{CANARY}"));
    assert!(rendered.objects[0].secret && rendered.names.contains("TOKEN"));
    assert!(!render("  values: {host: x}\n", tokens, "blue").objects[0].secret);
    assert!(!format!("{rendered:?}{:?}", rendered.notices).contains(CANARY));
    let keyed = render("  values: {'${TOKEN}': x}\n", tokens, "blue");
    assert_eq!(keyed.errors.first().map(|error| error.reason()), Some("SecretIdentity"));
    assert!(!keyed.errors[0].to_string().contains(CANARY));
}

#[test]
fn charts_that_name_others_many_times_end_in_one_error_soon() {
    // Each names the next one eight times: eight to the power of twelve folders.
    let mut tree = MemoryTree::new();
    for level in 0..12 {
        let next = level + 1;
        let names = (0..8).map(|at| format!("- {{name: d{at}, version: 1.0.0, repository: 'file://../l{next}'}}\n"));
        let chart = format!("name: l{level}\nversion: 1.0.0\ndependencies:\n{}", names.collect::<String>());
        tree.insert(format!("l{level}/Chart.yaml"), &chart);
    }
    tree.insert("l12/Chart.yaml", "name: l12\nversion: 1.0.0\n");
    let errors = remote_charts(&tree, "l0").unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].to_string().contains("or 10000 files"), "{}", errors[0]);
}

#[test]
fn charts_that_name_a_wrong_one_many_times_end_in_some_errors() {
    // 8 + 64 + 512 folders with 50 mistakes each.
    let mut tree = MemoryTree::new();
    for level in 0..4 {
        let next = level + 1;
        let names = (0..8).map(|at| format!("- {{name: d{at}, version: 1.0.0, repository: 'file://../l{next}'}}\n"));
        let (names, wrong) = (names.collect::<String>(), "- {}\n".repeat(50));
        tree.insert(format!("l{level}/Chart.yaml"), format!("name: l{level}\ndependencies:\n{names}{wrong}"));
    }
    tree.insert("l4/Chart.yaml", "name: l4\nversion: 1.0.0\n");
    let told: Vec<String> = remote_charts(&tree, "l0").unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 201);
    assert!(told[0].contains("l3/Chart.yaml:11:3: a dependency has no name"), "{}", told[0]);
    assert!(told[200].contains("l0/Chart.yaml: the chart has 200 mistakes"), "{}", told[200]);
}
