//! What is another one in each rendering is found, named, and kept where that is declared.

use serde_json::Value;
use teal_helm::Settings;

use crate::world::{World, objects};

const CHART: (&str, &str) = ("u/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n");

fn unit(template: &str, spec: &str) -> Option<World> {
    let helm = format!(
        "apiVersion: teal.dev/v1alpha1\nkind: Helm\nmetadata: {{name: rel}}\nspec:\n  chart: {{path: .}}\n{spec}"
    );
    World::of(&[CHART, ("u/helm.yaml", &helm), ("u/templates/a.yaml", template)])
}

fn map(data: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  v: {data}\n")
}

#[test]
fn every_restless_function_is_found_and_named_with_template_and_field() {
    for (data, function) in [
        ("{{ randAlphaNum 8 | quote }}", "randAlphaNum"),
        ("{{ uuidv4 | quote }}", "uuidv4"),
        ("{{ now | date \"2006\" | quote }}", "now"),
        ("{{ now | date \"01\" | quote }}", "now"),
        ("{{ now | date \"15\" | quote }}", "now"),
        ("{{ now | date \"02\" | quote }}", "now"),
        ("{{ now | date \"Mon\" | quote }}", "now"),
        ("{{ now | date \"3\" | quote }}", "now"),
        ("{{ now | date \"04\" | quote }}", "now"),
        ("{{ now | date \"05\" | quote }}", "now"),
        ("{{ now | unixEpoch | quote }}", "now"),
        ("{{ ago (toDate \"2006\" \"2001\") | quote }}", "ago"),
        ("{{ (genCA \"ca\" 365).Cert | b64enc | quote }}", "genCA"),
        ("{{ genPrivateKey \"ecdsa\" | b64enc | quote }}", "genPrivateKey"),
        ("{{ htpasswd \"u\" \"p\" | quote }}", "htpasswd"),
        ("{{ tpl \"{{ uuidv4 }}\" . | quote }}", ""),
    ] {
        let Some(world) = unit(&map(data), "") else { return };
        let (reason, message) = world.error();
        assert_eq!(reason, "ChartRestless", "{data}: {message}");
        assert!(message.contains("web/templates/a.yaml") && message.contains("/data/v"), "{data}: {message}");
        assert!(
            message.contains(function) && message.contains("preserve: [{kind: ConfigMap, name: a"),
            "{data}: {message}"
        );
    }
}

#[test]
fn templates_among_the_values_get_the_other_clock_too() {
    let Some(world) = unit(&map("{{ tpl .Values.t . | quote }}"), "  values: {t: '{{ now | date \"2006\" }}'}\n")
    else {
        return;
    };
    assert_eq!(world.error().0, "ChartRestless");
    // One that is printed and not run is a text like any other.
    let printed =
        unit(&map("{{ .Values.t | quote }}"), "  values: {t: '{{ now | date }} {{ lookup }} {{ ago }}'}\n").unwrap();
    assert_eq!(objects(&printed.render())[0]["data"]["v"], "{{ now | date }} {{ lookup }} {{ ago }}");
}

#[test]
fn a_declared_field_is_kept_and_everything_else_must_stand_still() {
    let template = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  password: {{ randAlphaNum 8 | quote }}\n  user: u\n";
    let preserve = "  preserve: [{kind: Secret, name: a, fields: [/data/password]}]\n";
    let Some(world) = unit(template, preserve) else { return };
    let rendered = world.render();
    let secret = &objects(&rendered)[0];
    assert_eq!(secret["metadata"]["annotations"]["teal.dev/preserve"], "/data/password");
    assert_eq!(secret["stringData"]["password"].as_str().map(str::len), Some(8), "made so the first time");
    assert!(rendered.notices.is_empty(), "{:?}", rendered.notices);

    let more = template.replace("user: u", "user: {{ randAlphaNum 8 | quote }}");
    let (_, message) = unit(&more, preserve).unwrap().error();
    assert!(message.contains("/data/user") && !message.contains("/data/password of"), "{message}");

    let still = template.replace("{{ randAlphaNum 8 | quote }}", "p");
    let other = preserve.replace("name: a", "name: b");
    let rendered = unit(&still, &other).unwrap().render();
    assert!(rendered.notices.iter().any(|notice| notice.contains("preserve")), "{:?}", rendered.notices);

    let names = map("x").replace("name: a", "name: a-{{ randNumeric 8 }}");
    let told = unit(&names, "").unwrap().render().errors;
    assert!(
        told.iter().all(|error| error.reason() == "ChartRestless" && error.to_string().contains("another name")),
        "{told:?}"
    );
    assert_eq!(told.len(), 2, "one name a rendering");
}

#[test]
fn lookup_is_refused_only_where_it_is_reached() {
    let template = map(
        "{{ if .Values.look }}{{ (lookup \"v1\" \"Secret\" \"a\" \"b\").data | default \"nothing\" | quote }}{{ else }}no{{ end }}",
    );
    let Some(world) = unit(&template, "  values: {look: false}\n") else { return };
    assert_eq!(objects(&world.render())[0]["data"]["v"], false, "`no` as Kubernetes reads it");
    let (reason, message) = unit(&template, "  values: {look: true}\n").unwrap().error();
    assert_eq!(reason, "ChartLookup");
    assert!(message.contains("web/templates/a.yaml:5:"), "{message}");
    let empty = unit(&template, "  values: {look: true}\n  lookup: empty\n").unwrap();
    assert_eq!(objects(&empty.render())[0]["data"]["v"], "nothing");
}

#[test]
fn values_of_a_color_change_what_is_held_and_not_what_is_there() {
    let spec = "  values: {size: 1}\n  colors: {green: {values: {size: 2}}}\n";
    let template = map("{{ .Values.size | quote }}");
    let Some(world) = unit(&template, spec) else { return };
    let blue = world.render();
    let green = World { color: "green", ..unit(&template, spec).unwrap() }.render();
    let neutral = |rendered: &teal_render::Rendered| -> Value {
        let object = &rendered.objects[0];
        object.neutral.clone().unwrap_or_else(|| object.value.clone())
    };
    assert_eq!(
        (objects(&blue)[0]["data"]["v"].clone(), objects(&green)[0]["data"]["v"].clone()),
        ("1".into(), "2".into())
    );
    assert_eq!(neutral(&blue), neutral(&green));
    let only = "{{ if eq (int .Values.size) 2 }}\n".to_owned() + &template + "{{ end }}";
    let (reason, message) = World { color: "green", ..unit(&only, spec).unwrap() }.error();
    assert!(reason == "IdentityDiffers" && message.contains("ConfigMap a is there only with"), "{reason}: {message}");
}

#[test]
fn what_is_restless_only_without_the_values_of_a_color_is_found_too() {
    let spec = "  colors: {blue: {values: {pw: given}}}\n";
    for template in ["{{ .Values.pw | default (randAlphaNum 9) | quote }}", "{{ randAlphaNum 9 | quote }}"] {
        let Some(world) = unit(&map(template), spec) else { return };
        let (reason, message) = world.error();
        assert!(reason == "ChartRestless" && message.contains("/data/v"), "{template}: {reason}: {message}");
    }
}

#[test]
fn what_helm_refuses_is_told_by_template() {
    for (template, says) in [
        ("{{ .Values.a.b.c }}", "web/templates/a.yaml"),
        ("{{ fail \"give a name\" }}", "give a name"),
        ("{{ nonsense }}", "nonsense"),
        ("{{ include \"none\" . }}", "none"),
        ("a: b: c\n", "web/templates/a.yaml"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: 1, a: 2}\n", "web/templates/a.yaml"),
    ] {
        let Some(world) = unit(template, "") else { return };
        let (reason, message) = world.error();
        assert!(reason == "ChartTemplate" && message.contains(says), "{template}: {reason}: {message}");
        assert!(!message.contains("/dev/shm"), "{message}");
    }
}

#[test]
fn a_chart_that_takes_too_much_is_stopped_and_leaves_nothing() {
    let scratch = tempfile::tempdir_in("/dev/shm").unwrap();
    let limited = |template: &str, bound: &dyn Fn(&mut Settings)| {
        let mut world = unit(template, "")?;
        world.settings.scratch = scratch.path().to_owned();
        bound(&mut world.settings);
        let (reason, message) = world.error();
        assert_eq!(reason, "ChartLimit", "{message}");
        assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0, "{message}");
        Some(message)
    };
    let endless = "{{ range $i := until 100000 }}{{ range $j := until 100000 }}{{ $j }}{{ end }}{{ end }}";
    let long = |settings: &mut Settings| {
        settings.run_time = std::time::Duration::from_secs(2);
        settings.memory = 4 << 30;
    };
    let Some(message) = limited(endless, &long) else { return };
    assert!(message.contains("longer than 2 s"), "{message}");
    // At once, more than the kernel gives; and little by little, until the watcher sees it, or the kernel where it pauses.
    let message = limited("{{ repeat 1000000000 \"x\" }}", &|settings| settings.memory = 200 << 20).unwrap();
    assert!(message.contains("200 MiB of memory"), "{message}");
    let growing = "{{ $all := list }}{{ range until 600 }}{{ $all = append $all (repeat 10000000 \"x\") }}{{ end }}";
    let message = limited(growing, &|settings| settings.memory = 200 << 20).unwrap();
    assert!(message.contains("200 MiB of memory"), "{message}");
    let printing = "a: {{ repeat 3000000 \"x\" }}";
    let message = limited(printing, &|settings| settings.output = 1 << 20).unwrap();
    assert!(message.contains("printed more"), "{message}");
}
