//! Which units a change renders again, on real commits.

use std::collections::BTreeMap;

use teal_api::fleet::{SourceKind, SubstituteFrom};
use teal_api::sync::Role;
use teal_cluster::KindMap;
use teal_git::{Options, Reference, Repository};
use teal_render::ClusterValues;
use teal_testkit::git_server::{GitServer, Repo};

use crate::charts::ClusterCharts;
use crate::config::HelmConfig;
use crate::rendering::{Renderer, Request};
use crate::source::Fetched;
use crate::wanted::Wanted;

const FLEET: &str = "
apiVersion: teal.dev/v1alpha1
kind: Fleet
metadata: {name: test}
spec:
  layers: [{name: all, paths: [apps/*]}]
  substitute: {A: '1', B: '1'}
  substituteFrom: [{kind: ConfigMap, name: facts, optional: true, names: [C]}]
";

fn map(name: &str, text: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{k: '{text}'}}\n")
}

/// A repository, and a renderer that follows it.
struct Bench {
    _server: GitServer,
    repo: Repo,
    git: Repository,
    _store: tempfile::TempDir,
    renderer: Renderer,
    values: ClusterValues,
    charts: ClusterCharts,
    /// Charts would run on it.
    _runtime: tokio::runtime::Runtime,
}

impl Bench {
    fn new() -> Self {
        let server = GitServer::start().unwrap();
        let repo = server.repository("fleet").unwrap();
        let store = tempfile::tempdir().unwrap();
        let git = Repository::open(store.path(), &Options::new(format!("{}/fleet.git", server.url()))).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        // No unit here has a chart or is applied: nobody is called.
        let charts = runtime.block_on(async {
            let nowhere = kube::Config::new("http://127.0.0.1:9".parse().unwrap());
            let client = kube::Client::try_from(nowhere).unwrap();
            ClusterCharts::new(&HelmConfig::default(), store.path(), client, "teal-system")
        });
        let (renderer, values) = (Renderer::new(), ClusterValues::default());
        Self { _server: server, repo, git, _store: store, renderer, values, charts, _runtime: runtime }
    }

    /// Commits, renders, and says how many units were rendered.
    fn commit(&mut self, files: &[(&str, Option<&str>)]) -> u64 {
        self.repo.commit(files, "Change").unwrap();
        self.render().0
    }

    fn render(&mut self) -> (u64, Wanted) {
        let commit = self.git.fetch(&Reference::Branch("main".into())).unwrap();
        let snapshot = self.git.snapshot(&commit.id).unwrap();
        let request = Request {
            fetched: Fetched { commit, snapshot },
            sync: "test".into(),
            path: String::new(),
            color: "blue".into(),
            role: Role::Active,
            role_is_given: true,
            key: None,
            kinds: KindMap::default(),
            charts: self.charts.clone(),
            helm: None,
            version: None,
            keys: None,
            values: self.values.clone(),
            chart_values: Default::default(),
        };
        let wanted = self.renderer.render(&request).unwrap();
        let broken: Vec<_> = wanted.units.iter().flat_map(|unit| &unit.errors).collect();
        assert!(broken.is_empty(), "{broken:?}");
        (self.renderer.take_count(), wanted)
    }

    fn receive(&mut self, held: Option<&[(&str, &str)]>) {
        let data: Option<BTreeMap<String, Vec<u8>>> =
            held.map(|held| held.iter().map(|(key, value)| ((*key).into(), value.as_bytes().to_vec())).collect());
        let source = SubstituteFrom {
            kind: SourceKind::ConfigMap,
            name: "facts".into(),
            optional: true,
            names: vec!["C".into()],
            ..SubstituteFrom::default()
        };
        self.values = ClusterValues::default();
        self.values.add(&source, data.as_ref());
    }
}

#[test]
fn a_change_renders_exactly_the_units_that_read_it() {
    let mut bench = Bench::new();
    bench.receive(None);
    let base = map("base", "base");
    let fleet = FLEET.to_owned();
    let count = bench.commit(&[
        ("teal.yaml", Some(&fleet)),
        ("lib/base/kustomization.yaml", Some("resources: [map.yaml]\n")),
        ("lib/base/map.yaml", Some(&base)),
        (
            "apps/a/kustomization.yaml",
            Some("resources: [../../lib/base]\nnamePrefix: a-\npatches: [{path: patch.yaml}]\n"),
        ),
        ("apps/a/patch.yaml", Some(&map("base", "patched"))),
        (
            "apps/b/kustomization.yaml",
            Some("resources: [../../lib/base]\nnamePrefix: b-\nconfigMapGenerator: [{name: g, envs: [b.env]}]\n"),
        ),
        ("apps/b/b.env", Some("K=1\n")),
        ("apps/c/one.yaml", Some(&map("one", "${A}"))),
        ("apps/d/one.yaml", Some(&map("d", "${B} ${C:=none}"))),
        ("notes.txt", Some("1\n")),
    ]);
    assert_eq!(count, 4, "the first time, all");
    assert_eq!(bench.render().0, 0, "the same again");
    for (file, text, units) in [
        ("lib/base/map.yaml", map("base", "other"), 2),
        ("apps/a/patch.yaml", map("base", "again"), 1),
        ("apps/b/b.env", "K=2\n".to_owned(), 1),
        ("apps/c/one.yaml", map("one", "other ${A}"), 1),
        ("notes.txt", "2\n".to_owned(), 0),
        ("lib/base/README.md", "new beside what is read\n".to_owned(), 2),
        ("lib/base/README.md", "and changed, which nobody reads\n".to_owned(), 0),
        ("apps/a/notes/deep.txt", "a folder in a unit\n".to_owned(), 1),
        ("apps/a/notes/deep.txt", "and a change in it\n".to_owned(), 0),
        ("apps/c/two.yaml", map("two", "x"), 1),
        ("apps/e/one.yaml", map("e", "a new unit"), 1),
        // Variables: only who uses them.
        ("teal.yaml", fleet.replace("A: '1'", "A: '2'"), 1),
        ("teal.yaml", fleet.replace("A: '1'", "A: '2', UNUSED: '1'"), 0),
        ("teal.yaml", fleet.replace("A: '1'", "A: '2'").replace("apps/*]", "apps/*], timeout: 7m"), 0),
        // Without any variable declared `$$` is no escape, for nobody.
        ("teal.yaml", fleet.split("  substitute:").next().unwrap().to_owned(), 5),
        ("teal.yaml", fleet.replace("substitute:", "strict: true\n  substitute:").replace("A: '1'", "A: '2'"), 5),
    ] {
        assert_eq!(bench.commit(&[(file, Some(&text))]), units, "{file}: {text}");
    }
    assert_eq!(bench.commit(&[("apps/e/one.yaml", None)]), 0, "a unit that went");
}

#[test]
fn a_value_of_the_cluster_renders_who_uses_it_and_is_part_of_what_the_fleet_is() {
    let mut bench = Bench::new();
    bench.commit(&[
        ("teal.yaml", Some(FLEET)),
        ("apps/c/one.yaml", Some(&map("one", "${A}"))),
        ("apps/d/one.yaml", Some(&map("d", "${C:=none}"))),
    ]);
    let nothing = bench.render().1.fleet_digest;
    bench.receive(None);
    let (count, absent) = bench.render();
    assert_eq!(count, 1, "declared now, so it is another thing to lack it");
    assert_ne!(absent.fleet_digest, nothing);
    bench.receive(Some(&[("C", "west"), ("UNUSED", "1")]));
    let (count, west) = bench.render();
    assert_eq!(count, 1);
    assert_ne!(west.fleet_digest, absent.fleet_digest, "two clusters with other values are not one fleet (SYNC §9)");
    bench.receive(Some(&[("C", "west"), ("UNUSED", "2")]));
    let (count, same) = bench.render();
    assert_eq!((count, same.fleet_digest), (0, west.fleet_digest));
}
