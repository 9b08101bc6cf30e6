//! What charts make of encrypted files: values, and files of their own. The files are those of `crates/sops`, encrypted by
//! real SOPS.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::sync::Arc;

use teal_api::fleet::Fleet;
use teal_render::helm::{ChartEngine, ChartError, ChartSource, Charts, Inflated, Inflation};
use teal_render::{Given, MemoryTree, Rendered, RenderedObject, UnitInput, render_unit_with};
use teal_sops::AgeKeys;

macro_rules! fixture {
    ($path:literal) => {
        include_bytes!(concat!("../../../crates/sops/tests/fixtures/", $path)).as_slice()
    };
}

fn object<'a>(rendered: &'a Rendered, kind: &str) -> &'a RenderedObject {
    rendered.objects.iter().find(|object| object.value["kind"] == kind).unwrap_or_else(|| panic!("{rendered:?}"))
}

/// Makes of a chart what its values say; complains where they have a `complaint`; with `branch`, looks something up where
/// the encrypted text is another one; with `named`, `keyed` or `kinded`, makes a name, a key or a kind of it.
struct Echo;

impl ChartEngine for Echo {
    fn inflate(&self, inflation: &Inflation) -> Result<Arc<Inflated>, ChartError> {
        let values = &inflation.values;
        let text = values["stringData"]["text"].as_str().unwrap_or_default();
        let told: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        if let Some(complaint) = values.get("complaint") {
            return Err(ChartError::new(ChartError::TEMPLATE, format!("web/templates/a.yaml:1:2: {complaint} {told}")));
        }
        if values.get("branch").is_some() && text != "hunter2" {
            return Err(ChartError::new(ChartError::LOOKUP, "web/templates/a.yaml:1:2 calls `lookup`"));
        }
        let put =
            |what: &str, other: &'static str| if values.get(what).is_some() { text.to_owned() } else { other.into() };
        let (named, keyed, kinded) = (put("named", "x"), put("keyed", "d"), put("kinded", ""));
        let object = |kind: &str, data: &str| {
            let (name, key, of) = if kind == "Made" { (&*named, &*keyed, &*kinded) } else { ("x", "d", "") };
            format!(
                "---\n# Source: web/templates/{kind}.yaml\napiVersion: v1\nkind: {kind}{of}\nmetadata: {{name: {name}}}\ndata: {{{key}: '{data}'}}\n"
            )
        };
        let first = object("Made", &told) + &object("Plain", "same");
        Ok(Arc::new(Inflated { second: Some(first.clone()), first, ..Inflated::default() }))
    }
}

const CHART: &[u8] = b"apiVersion: v2\nname: web\nversion: 1.0.0\n";

fn render_charts(files: &[(&str, &[u8])]) -> Rendered {
    render_with(&Echo, files)
}

fn render_with(engine: &dyn ChartEngine, files: &[(&str, &[u8])]) -> Rendered {
    let (mut keys, mut tree) = (AgeKeys::default(), MemoryTree::new());
    keys.add(std::str::from_utf8(fixture!("test-only.agekey")).unwrap()).unwrap();
    files.iter().for_each(|(path, bytes)| tree.insert(*path, bytes));
    let fleet = Fleet::default();
    let input = UnitInput { path: "u", fleet: &fleet, color: "blue", role: None };
    let charts = Charts { engine: Some(engine), ..Charts::default() };
    render_unit_with(&tree, &input, Given { charts, keys: Some(&keys), ..Given::default() })
}

fn render_chart(chart: &str, spec: &str) -> Rendered {
    let helm = format!("apiVersion: teal.dev/v1alpha1\nkind: Helm\nspec:\n  chart: {{path: {chart}}}\n{spec}");
    // One chart; a second one beside the declaration would be none of the unit's.
    let file = if chart == "." { "u/Chart.yaml" } else { "c/Chart.yaml" };
    render_charts(&[
        ("u/helm.yaml", helm.as_bytes()),
        (file, CHART),
        ("u/values.yaml", fixture!("encrypted/values.yaml")),
    ])
}

#[test]
fn g9_what_a_chart_makes_of_an_encrypted_file_is_known_to_be_secret_however_it_looks() {
    let rendered = render_chart("../c", "  valuesFiles: [../u/values.yaml]\n");
    assert_eq!(rendered.errors, []);
    assert!(object(&rendered, "Made").secret, "in another encoding, but made of it");
    assert!(!object(&rendered, "Plain").secret);
    let complaint = |chart: &str| {
        let told = render_chart(chart, "  valuesFiles: [values.yaml]\n  values: {complaint: words}\n").errors;
        assert_eq!(told.len(), 1);
        told[0].to_string()
    };
    // Nothing that Helm says is passed on: not even of the masks, which have the length of what they stand for.
    for chart in [".", "../c"] {
        let text = complaint(chart);
        assert!(text.contains("web/templates/a.yaml:1:2: helm refuses"), "{text}");
        assert!(["words", "787878", "68756e746572"].iter().all(|hidden| !text.contains(hidden)), "{text}");
    }
    let plain = render_chart("../c", "  values: {stringData: {text: seen}}\n");
    assert!(!object(&plain, "Made").secret, "nothing secret went in: {:?}", plain.errors);
}

#[test]
fn g9_a_chart_with_an_encrypted_file_of_its_own_makes_nothing_but_secrets() {
    let values = fixture!("encrypted/values.yaml");
    let dependency = b"apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies: [{name: lib, version: 1.0.0, repository: 'file://../../../lib'}]\n".as_slice();
    let kustomization: &[u8] = b"helmCharts: [{name: web, valuesInline: {stringData: {text: seen}}}]\n";
    let helm: &[u8] = b"apiVersion: teal.dev/v1alpha1\nkind: Helm\nspec: {chart: {path: charts/web}}\n";
    for unit in [("u/helm.yaml", helm), ("u/kustomization.yaml", kustomization)] {
        let own = [unit, ("u/charts/web/Chart.yaml", CHART), ("u/charts/web/values.yaml", values)];
        let lent = [
            unit,
            ("u/charts/web/Chart.yaml", dependency),
            ("lib/Chart.yaml", b"apiVersion: v2\nname: lib\nversion: 1.0.0\n"),
            ("lib/values.yaml", values),
        ];
        for files in [own.as_slice(), lent.as_slice()] {
            let rendered = render_charts(files);
            assert_eq!(rendered.errors, []);
            assert!(object(&rendered, "Made").secret && object(&rendered, "Plain").secret, "{} {files:?}", unit.0);
        }
    }
    // With a secret file of values beside it: the masked rendering still holds the real file.
    let both = render_chart(".", "  valuesFiles: [values.yaml]\n");
    assert!(object(&both, "Made").secret && object(&both, "Plain").secret, "{:?}", both.errors);
}

#[test]
fn g9_a_chart_that_fails_with_masks_alone_is_no_failure_and_all_of_it_counts() {
    let rendered = render_chart("../c", "  valuesFiles: [../u/values.yaml]\n  values: {branch: 1}\n");
    assert_eq!(rendered.errors, []);
    assert!(object(&rendered, "Made").secret && object(&rendered, "Plain").secret);
}

#[test]
fn g9_a_name_that_a_chart_makes_of_an_encrypted_value_is_refused_without_it() {
    let kustomization: &[u8] = b"helmCharts: [{name: web, additionalValuesFiles: [values.yaml, more.yaml]}]\n";
    let kustomized = render_charts(&[
        ("u/kustomization.yaml", kustomization),
        ("u/values.yaml", fixture!("encrypted/values.yaml")),
        ("u/more.yaml", b"named: 1\n"),
        ("u/charts/web/Chart.yaml", CHART),
    ]);
    let unit = render_chart("../c", "  valuesFiles: [../u/values.yaml]\n  values: {named: 1}\n");
    assert_eq!(unit.errors.first().map(|error| error.reason()), Some("SecretIdentity"));
    for rendered in [kustomized, unit] {
        assert!(rendered.errors.len() == 1 && rendered.objects.is_empty(), "{:?}", rendered.errors);
        let told = rendered.errors[0].to_string();
        assert!(told.contains("web/templates/Made.yaml: the name or namespace of a Made"), "{told}");
        assert!(!format!("{told}{:?}", rendered.notices).contains("hunter2"), "{told}");
    }
}

#[test]
fn g9_a_key_or_a_kind_that_a_chart_makes_of_an_encrypted_value_is_refused_without_it() {
    for (values, what) in
        [("keyed", "a key of an object is made of"), ("kinded", "the kind or name of an object is made of")]
    {
        let more = format!("{values}: 1\n");
        let kustomized = render_charts(&[
            ("u/kustomization.yaml", b"helmCharts: [{name: web, additionalValuesFiles: [values.yaml, more.yaml]}]\n"),
            ("u/values.yaml", fixture!("encrypted/values.yaml")),
            ("u/more.yaml", more.as_bytes()),
            ("u/charts/web/Chart.yaml", CHART),
        ]);
        let unit = render_chart("../c", &format!("  valuesFiles: [../u/values.yaml]\n  values: {{{values}: 1}}\n"));
        assert_eq!(unit.errors.first().map(|error| error.reason()), Some("SecretIdentity"));
        for rendered in [kustomized, unit] {
            assert!(rendered.errors.len() == 1 && rendered.objects.is_empty(), "{:?}", rendered.errors);
            let told = rendered.errors[0].to_string();
            assert!(told.contains(&format!("web/templates/Made.yaml: {what}")), "{told}");
            assert!(!format!("{told}{:?}", rendered.notices).contains("hunter2"), "{told}");
        }
        // In a file of the chart itself as well.
        let own = render_chart(".", &format!("  valuesFiles: [values.yaml]\n  values: {{{values}: 1}}\n"));
        assert_eq!(own.errors.first().map(|error| error.reason()), Some("SecretIdentity"), "{:?}", own.errors);
        assert!(!own.errors[0].to_string().contains("hunter2"), "{}", own.errors[0]);
    }
}

/// Makes a name, namespace, kind or key of a digest of the chart's `values.yaml`, or of a part of it.
struct Digest(&'static str);

impl ChartEngine for Digest {
    fn inflate(&self, inflation: &Inflation) -> Result<Arc<Inflated>, ChartError> {
        let ChartSource::Files(files) = &inflation.chart else { panic!("a chart in git") };
        let file = files.iter().find_map(|(path, bytes)| path.ends_with("values.yaml").then_some(bytes));
        let sum = file
            .into_iter()
            .flat_map(|file| file.iter())
            .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
        let put = |what: &str, other: &str| if self.0 == what { format!("x{sum:016x}") } else { other.to_owned() };
        let first = format!(
            "---\n# Source: web/templates/a.yaml\napiVersion: v1\nkind: A{}\nmetadata: {{name: {}, namespace: {}}}\ndata: {{{}: '{}'}}\n",
            put("kind", ""),
            put("name", "a"),
            put("namespace", "b"),
            put("key", "c"),
            put("value", "d"),
        );
        Ok(Arc::new(Inflated { second: Some(first.clone()), first, ..Inflated::default() }))
    }
}

#[test]
fn g9_a_digest_that_a_chart_makes_of_its_own_encrypted_file_is_no_name() {
    let kustomization: &[u8] = b"helmCharts: [{name: web}]\n";
    let helm: &[u8] = b"apiVersion: teal.dev/v1alpha1\nkind: Helm\nspec: {chart: {path: charts/web}}\n";
    for unit in [("u/helm.yaml", helm), ("u/kustomization.yaml", kustomization)] {
        for (what, said) in [
            ("name", "the name or namespace of a A"),
            ("namespace", "the name or namespace of a A"),
            ("kind", "the kind or name of an object"),
            ("key", "a key of an object"),
            ("value", ""),
        ] {
            let files = [
                unit,
                ("u/charts/web/Chart.yaml", CHART),
                ("u/charts/web/values.yaml", fixture!("encrypted/values.yaml")),
            ];
            let rendered = render_with(&Digest(what), &files);
            if said.is_empty() {
                assert_eq!(rendered.errors, [], "{}", unit.0);
                assert!(rendered.objects[0].secret);
                continue;
            }
            let told: Vec<String> = rendered.errors.iter().map(ToString::to_string).collect();
            assert!(told.len() == 1 && rendered.objects.is_empty(), "{} {what}: {told:?}", unit.0);
            let expected = format!("web/templates/a.yaml: {said} is made of");
            assert!(told[0].contains(&expected), "{} {what}: {told:?}", unit.0);
            // The same file in the clear may be named after.
            let plain = [unit, files[1], ("u/charts/web/values.yaml", fixture!("decrypted/values.yaml"))];
            assert_eq!(render_with(&Digest(what), &plain).errors, [], "{} {what}", unit.0);
        }
    }
}

#[test]
fn g9_an_encrypted_manifest_among_a_charts_templates_keeps_its_name() {
    /// Prints what stands in this file.
    struct Print(&'static str);
    impl ChartEngine for Print {
        fn inflate(&self, inflation: &Inflation) -> Result<Arc<Inflated>, ChartError> {
            let ChartSource::Files(files) = &inflation.chart else { panic!("a chart in git") };
            let text = std::str::from_utf8(&files[self.0]).unwrap();
            let first = format!("---\n# Source: web/templates/secret.yaml\n{text}");
            Ok(Arc::new(Inflated { second: Some(first.clone()), first, ..Inflated::default() }))
        }
    }
    let render = |file: &'static str, content: &[u8]| {
        let path = format!("u/{file}");
        render_with(&Print(file), &[("u/Chart.yaml", CHART), (&path, content)])
    };
    for file in ["templates/secret.yaml", "crds/secret.yaml", "charts/lib/templates/deep/secret.yaml"] {
        let rendered = render(file, fixture!("encrypted/secret.yaml"));
        assert_eq!(rendered.errors, [], "{file}");
        let secret = object(&rendered, "Secret");
        assert!(secret.secret && secret.value["metadata"]["name"] == "database", "{secret:?}");
        assert_eq!(secret.value["stringData"]["password"], "correct-horse-battery");
    }
    // Values may look like a manifest, and all of them are as secret as any.
    for file in ["values.yaml", "files/secret.yaml", "charts/templates/values.yaml"] {
        let rendered = render(file, fixture!("encrypted/text.yaml"));
        let reasons: Vec<_> = rendered.errors.iter().map(|error| error.reason()).collect();
        assert!(reasons == ["SecretIdentity"] && rendered.objects.is_empty(), "{file}: {:?}", rendered.errors);
    }
}
