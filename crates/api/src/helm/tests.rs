use super::*;

fn parse(spec: &str) -> Result<Helm, Vec<String>> {
    let text = format!("apiVersion: teal.dev/v1alpha1\nkind: Helm\nmetadata: {{name: web}}\nspec:\n{spec}");
    Helm::parse("apps/web/helm.yaml", &text)
        .map_err(|mistakes| mistakes.0.iter().map(std::string::ToString::to_string).collect())
}

#[test]
fn every_field_is_read() {
    let helm = parse(
        "  chart: {oci: 'oci://registry.example.com:5000/charts/web', version: ^1.2, secretRef: {name: access}}\n\
         \x20 release: front\n  namespace: shop\n  valuesFiles: [a.yaml]\n\
         \x20 valuesFrom:\n  - configMap: {name: a}\n  - secret: {name: b, key: password, target: auth.password, optional: true}\n\
         \x20 values: {a: 1}\n  colors: {green: {values: {a: 2}}}\n  includeCRDs: false\n  hooks: false\n  lookup: empty\n\
         \x20 kubeVersion: '1.33'\n  apiVersions: [apps/v1]\n  preserve: [{kind: Secret, name: s, fields: [/data/x]}]\n",
    )
    .unwrap();
    let ChartRef::Remote(chart) = &helm.chart else { panic!("it is remote") };
    assert_eq!(chart.repository, Repository::Oci("registry.example.com:5000/charts/web".into()));
    assert_eq!((chart.name.as_str(), chart.repository.host()), ("web", "registry.example.com:5000"));
    assert_eq!(helm.values_from[1].target.as_deref(), Some("auth.password"));
    assert_eq!(helm.values_from[0].key, "values.yaml");
    assert_eq!(helm.colors["green"]["a"], 2);
    assert!(!helm.include_crds && !helm.hooks && helm.lookup == Lookup::Empty);
    let small = parse("  chart: {path: .}\n").unwrap();
    assert!(small.include_crds && small.hooks && small.lookup == Lookup::Refuse && small.values.is_object());
}

#[test]
fn every_mistake_is_told_at_once_with_its_place() {
    let told = parse(
        "  chart: {repository: 'https://u:hunter2@a.example', name: ../web, digest: 'sha256:1'}\n  relase: x\n  namespace: A\n\
         \x20 values: [1]\n  lookup: maybe\n  kubeVersion: latest\n  includeCRDs: sure\n\
         \x20 preserve: [{kind: Secret, name: s, fields: [data.x, /metadata/name, '/a,b']}]\n\
         \x20 valuesFrom: [{file: {name: x}}, {secret: {}}]\n",
    )
    .unwrap_err();
    for (place, says) in [
        (":5:", "user name or password"),
        (":5:", "no name of a chart"),
        (":5:", "no digest"),
        (":6:3:", "did you mean `release`?"),
        (":7:", "is no name"),
        (":8:", "a list where a mapping belongs"),
        (":9:", "`maybe`"),
        (":10:", "no version of Kubernetes"),
        (":11:", "true or false"),
        (":12:", "no JSON pointer"),
        (":12:", "what an object is known by"),
        (":13:", "known are configMap, secret"),
        (":13:", "name: missing"),
    ] {
        assert!(told.iter().any(|line| line.contains(place) && line.contains(says)), "{place} {says}: {told:#?}");
    }
    assert!(!told.iter().any(|line| line.contains("hunter2")), "{told:?}");
    for (chart, says) in [
        ("{}", "says nowhere"),
        ("{path: a, oci: 'oci://a/b'}", "path and oci"),
        ("{path: a, version: '1'}", "unknown field"),
        ("{oci: 'https://a/b'}", "no chart in a registry"),
        ("{oci: 'oci://a'}", "no chart in a registry"),
        ("{oci: 'oci://a/../b'}", "no chart in a registry"),
        ("{oci: 'oci://u:hunter2@a/b'}", "with `@`"),
        ("{repository: 'oci://a/b', name: c}", "write `oci:"),
        ("{repository: 'https://a', name: '..'}", "no name of a chart"),
        ("{repository: 'https://a'}", "name: missing"),
        ("{repository: 'file:///etc', name: a}", "no address"),
    ] {
        let told = parse(&format!("  chart: {chart}\n")).unwrap_err().join("\n");
        assert!(told.contains(says) && !told.contains("hunter2"), "{chart}: {told}");
    }
}

#[test]
fn a_lock_reads_as_it_was_written() {
    let digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
    let locked = |repository, name: &str, requested: &str| LockedChart {
        repository,
        name: name.into(),
        requested: requested.into(),
        version: "1.2.3+b".into(),
        digest: digest.clone(),
    };
    let lock = HelmLock {
        charts: vec![
            locked(Repository::Http("https://charts.example.com".into()), "web", "^1 || \"2\""),
            locked(Repository::Oci("a.example/b/c".into()), "c", ""),
        ],
    };
    assert_eq!(HelmLock::parse("helm.lock", &lock.write()).unwrap(), lock);
    let empty = HelmLock::default();
    assert_eq!(HelmLock::parse("helm.lock", &empty.write()).unwrap(), empty);
    let chart = |version: &str| RemoteChart {
        repository: Repository::Oci("a.example/b/c".into()),
        name: "c".into(),
        version: version.into(),
        digest: None,
        secret: None,
    };
    assert!(
        lock.find(&chart("")).is_some() && lock.find(&chart("1.2.3")).is_none(),
        "another range is another question"
    );
}
