//! Vars.

use serde_json::json;

use crate::Want::{At, Error};
use crate::{check, run};

#[test]
fn vars_keep_types_and_find_their_objects() {
    let service =
        "apiVersion: v1\nkind: Service\nmetadata: {name: svc}\nspec: {ports: [{port: 80}], selector: {a: b}}\n";
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: pod, annotations: {p: $(PORT)}}\nspec: {containers: [{name: c, args: [$(PORT), x$(PORT), $(NAME) $$(NAME) $(NONE)]}]}\n";
    let vars = "vars:\n- {name: NAME, objref: {apiVersion: v1, kind: Service, name: svc}}\n- {name: PORT, objref: {apiVersion: v1, kind: Service, name: svc}, fieldref: {fieldpath: 'spec.ports[0].port'}}\n";
    let build = |top: &str, vars: &str| {
        run(&[
            ("kustomization.yaml", &format!("resources: [pod.yaml, svc.yaml]\n{top}{vars}")),
            ("pod.yaml", pod),
            ("svc.yaml", service),
        ])
    };
    let args = "/spec/containers/0/args";
    check("types", build("", vars), &At(0, args, json!([80, "x80", "svc $(NAME) $(NONE)"])));
    check("annotations are texts", build("", vars), &At(0, "/metadata/annotations/p", json!("80")));
    check("final names", build("namePrefix: x-\n", vars), &At(0, args, json!([80, "x80", "x-svc $(NAME) $(NONE)"])));
    check(
        "a mapping replaces nothing",
        build("", &vars.replace("ports[0].port", "selector")),
        &At(0, args, json!(["$(PORT)", "x$(PORT)", "svc $(NAME) $(NONE)"])),
    );
    check("no field", build("", &vars.replace("ports[0].port", "none")), &Error("not found in corresponding resource"));
    check("no object", build("", &vars.replace("name: svc", "name: none")), &Error("cannot be mapped to a field"));
    check("twice", build("", &format!("{vars}{}", &vars[6..])), &Error("already encountered"));
}

#[test]
fn null_and_dates_are_texts_to_a_var() {
    let custom = "apiVersion: x.io/v1\nkind: Foo\nmetadata: {name: f}\nspec: {none: null, day: 2020-01-01}\n";
    let pod =
        "apiVersion: v1\nkind: Pod\nmetadata: {name: pod}\nspec: {containers: [{name: c, args: [$(V), x$(V)]}]}\n";
    for (field, want) in [("none", json!(["null", "xnull"])), ("day", json!(["2020-01-01", "x2020-01-01"]))] {
        let text = format!(
            "resources: [pod.yaml, f.yaml]\nvars: [{{name: V, objref: {{apiVersion: x.io/v1, kind: Foo, name: f}}, fieldref: {{fieldpath: spec.{field}}}}}]\n"
        );
        let built = run(&[("kustomization.yaml", &text), ("pod.yaml", pod), ("f.yaml", custom)]);
        check(field, built, &At(0, "/spec/containers/0/args", want));
    }
}
