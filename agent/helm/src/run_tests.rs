//! What one run has and has not, seen from inside: with the real Helm, and with `env` in its place.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use teal_testkit::charts::{Web, pack};

use super::*;
use crate::scene::Scene;

fn settings() -> Settings {
    Settings::default()
}

/// The real program; without it a test is skipped, or fails where nothing may be.
fn helm() -> Option<PathBuf> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../hack/helm/bin/helm");
    if program.is_file() {
        return Some(program);
    }
    let required = std::env::var("TEAL_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|word| word == "all" || word == "helm"), "no helm; run cargo xtask tools helm");
    None
}

/// Runs with these arguments in a scene of its own with a chart in it; what it printed, or its complaint.
fn said(program: &Path, walls: Walls, files: &[(&str, &str)], arguments: &[&str]) -> (Scene, Result<String, String>) {
    let scene = Scene::set(&settings().scratch).unwrap();
    for (path, text) in files {
        let path = scene.home().join("chart").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let arguments = arguments.iter().map(|text| (*text).to_owned()).collect();
    let task = Task { arguments, home: scene.home(), stdin: b"{\"given\": \"yes\"}".to_vec() };
    let said = match run(program, walls, &settings(), task).unwrap() {
        Ended::Well(printed) => Ok(String::from_utf8(printed).unwrap()),
        Ended::Badly(complaint) => Err(complaint),
    };
    (scene, said)
}

#[test]
fn nothing_of_the_environment_is_handed_on_and_the_home_is_its_own() {
    let program = ["/usr/bin/env", "/bin/env"].map(Path::new).into_iter().find(|path| path.is_file()).unwrap();
    assert!(std::env::vars_os().count() > 3, "there is something to hand on");
    let (scene, said) = said(program, Walls::ALL, &[], &[]);
    let said = said.unwrap();
    let mut all: BTreeMap<&str, &str> = said.lines().filter_map(|line| line.split_once('=')).collect();
    assert_eq!((all.remove("TZ"), all.remove("GOMEMLIMIT")), (Some("UTC"), Some("402653184")));
    let names: Vec<&str> = all.keys().copied().collect();
    let wanted =
        ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME", "HELM_PLUGINS", "HOME", "KUBECONFIG", "TMPDIR"];
    assert_eq!(names, wanted);
    assert!(all.values().all(|folder| Path::new(folder).starts_with(scene.home())), "{all:?}");
    assert_eq!(fs::metadata(scene.home()).unwrap().permissions().mode() & 0o777, 0o700, "and nobody else enters it");
    let home = scene.home().to_owned();
    drop(scene);
    assert!(!home.exists(), "nothing is left of it");
}

#[test]
fn real_helm_gets_no_network() {
    let Some(helm) = helm() else { return };
    let packed = pack("web", "1.0.0", &[("templates/a.yaml", "")]).unwrap();
    let web = Web::start(move |_| teal_testkit::charts::Answer::ok(packed.clone())).unwrap();
    let url = format!("{}/web-1.0.0.tgz", web.url());
    let (_scene, fetched) = said(&helm, Walls::NONE, &[], &["show", "chart", &url]);
    assert!(fetched.unwrap().contains("name: web"), "the test itself can fetch it");
    let asked = web.asked().len();
    assert!(asked > 0);
    for walls in [Walls::ALL, Walls { files: false, ..Walls::ALL }] {
        let (_scene, refused) = said(&helm, walls, &[], &["show", "chart", &url]);
        assert!(refused.unwrap_err().contains("not permitted"));
        assert_eq!(web.asked().len(), asked, "and nobody was asked");
    }
}

#[test]
fn real_helm_reads_no_file_but_the_chart() {
    let Some(helm) = helm() else { return };
    let others = tempfile::tempdir().unwrap();
    let canary = others.path().join("canary.json");
    fs::write(&canary, r#"{"type": "object", "required": ["CANARYPROP"]}"#).unwrap();
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {v: {{ .Values | toJson | quote }}}\n";
    let schema = format!(r#"{{"$ref": "file://{}"}}"#, canary.display());
    let plain = [("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"), ("templates/a.yaml", template)];
    // As if no check had refused it before.
    let leading = [plain[0], plain[1], ("values.schema.json", schema.as_str())];
    let set = format!("x={}", canary.display());
    let with_file = ["template", "rel", "chart", "--values", "-", "--set-file", &set];
    let alone = ["template", "rel", "chart", "--values", "-"];

    let whole = |said: &Result<String, String>| format!("{said:?}");
    let (_scene, shown) = said(&helm, Walls::NONE, &plain, &with_file);
    assert!(whole(&shown).contains("CANARYPROP"), "the test itself can read it: {shown:?}");
    let (_scene, shown) = said(&helm, Walls::NONE, &leading, &alone);
    assert!(whole(&shown).contains("CANARYPROP"), "a schema leads there: {shown:?}");
    for walls in [Walls::ALL, Walls { network: false, ..Walls::ALL }] {
        for (files, arguments) in [(&plain[..], &with_file[..]), (&leading[..], &alone[..])] {
            let (_scene, refused) = said(&helm, walls, files, arguments);
            assert!(refused.is_err() && !whole(&refused).contains("CANARYPROP"), "{refused:?}");
            assert!(whole(&refused).contains("permission denied"), "{refused:?}");
        }
        let (_scene, rendered) = said(&helm, walls, &plain, &alone);
        assert!(rendered.unwrap().contains(r#"{\"given\":\"yes\"}"#), "and the chart renders");
    }
}

#[test]
fn want_of_memory_is_told_from_a_complaint() {
    assert!(ran_out("runtime: out of memory: cannot allocate 9-byte block\nfatal error: out of memory\n\ngoroutine 1"));
    assert!(ran_out("fatal error: runtime: cannot allocate memory"));
    assert!(!ran_out("Error: execution error at (a.yaml:1:3): the pod is out of memory"));
}

#[test]
fn what_can_not_be_confined_says_what_is_missing() {
    let told = |error: io::Error| not_started(Path::new("/helm"), &error).message;
    for (error, says) in [
        (io::Error::from_raw_os_error(libc::EOPNOTSUPP), "kept from files here"),
        (io::ErrorKind::Unsupported.into(), "kept from files here"),
        (io::Error::from_raw_os_error(libc::ENOSYS), "kept from the network here"),
    ] {
        let message = told(error);
        assert!(message.contains(says) && message.contains("spec.helm.unconfined: true"), "{message}");
    }
    assert!(told(io::ErrorKind::NotFound.into()).contains("there is no /helm"));
}
