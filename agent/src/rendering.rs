//! From a commit to what is wanted: layers, units, and prepared objects. Only units whose inputs changed are rendered;
//! of each, compact bytes are kept and nothing else. Runs on a thread of its own.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use teal_agent_core::kinds::{Scope, built_in_scope};
use teal_agent_core::layers::Layout;
use teal_agent_core::{Digest, GroupKind, Object, Origin, OwnerMark, ParityKey, Prepared};
use teal_api::fleet::{Fleet, UnitSettings};
use teal_api::sync::{HelmSettings, Role};
use teal_api::unit::Problem;
use teal_cluster::KindMap;
use teal_git::Snapshot;
use teal_render::helm::{Capabilities, Charts, ValueRef};
use teal_render::{ClusterValues, Given, RenderedObject, UnitInput, is_own_file, render_unit_with};
use teal_sops::Unwrap;

use crate::chart_values::ChartValues;
use crate::charts::{ClusterCharts, capabilities};
use crate::checking::{check_units, drop_twice, file_problem};
use crate::declared::{check_path, lay_out, layers, read_fleet, tidy};
use crate::fingerprints::{Fingerprints, Used};
use crate::keys::{Asked, Keys};
use crate::scanning::{below, scan};
use crate::source::Fetched;
use crate::wanted::{Unit, Wanted};

/// How long a unit may take to become ready when nothing says otherwise.
const TIMEOUT: Duration = Duration::from_secs(600);

/// What to render, and for whom.
pub(crate) struct Request {
    pub(crate) fetched: Fetched,
    pub(crate) sync: String,
    pub(crate) path: String,
    pub(crate) color: String,
    pub(crate) role: Role,
    /// Whether somebody gave the role, or it is a guess worth a notice.
    pub(crate) role_is_given: bool,
    pub(crate) key: Option<ParityKey>,
    pub(crate) kinds: KindMap,
    pub(crate) charts: ClusterCharts,
    /// What the Sync allows charts.
    pub(crate) helm: Option<HelmSettings>,
    /// Version of Kubernetes here.
    pub(crate) version: Option<String>,
    /// Opens what SOPS encrypted; `None` without `spec.decryption`.
    pub(crate) keys: Option<Keys>,
    /// What `substituteFrom` brought.
    pub(crate) values: ClusterValues,
    /// What is known of the values that charts asked for.
    pub(crate) chart_values: ChartValues,
}

/// A commit whose declaration can't be used as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rejected {
    pub(crate) reason: &'static str,
    pub(crate) message: String,
}

/// Renders revisions and remembers units.
pub(crate) struct Renderer {
    cache: HashMap<String, Cached>,
    /// Digests Secrets while there is no shared key; means nothing outside this process.
    ephemeral: ParityKey,
    /// Units rendered since somebody asked.
    count: u64,
}

/// A unit as last rendered.
struct Cached {
    key: Digest,
    used: Used,
    objects: Arc<Vec<Prepared>>,
    errors: Vec<Problem>,
    notices: Vec<String>,
    settings: UnitSettings,
    /// A key service did not give a key of it.
    unanswered: bool,
    /// It has objects whose scope nobody could tell yet.
    unknown_kinds: bool,
    /// A chart is not there yet, or may be the next time.
    awaits_charts: bool,
    /// What its charts were told of the cluster; API versions only where they ask.
    told: Option<Capabilities>,
}

impl Cached {
    /// Whether its charts would be told the same now.
    fn told_the_same(&self, now: &Capabilities) -> bool {
        self.told.as_ref().is_none_or(|told| {
            told.kube_version == now.kube_version
                && (told.api_versions.is_empty() || told.api_versions == now.api_versions)
        })
    }
}

impl Renderer {
    pub(crate) fn new() -> Self {
        let mut random = [0_u8; 32];
        // Without randomness Secrets would be digested under a guessable key: their digests never leave the process
        // either way, so this is no leak, and starting is better than not.
        let filled = ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut random);
        if filled.is_err() {
            tracing::warn!("The system gives no randomness; digests of Secrets are weak until the next start");
        }
        Self { cache: HashMap::new(), ephemeral: ParityKey::ephemeral(&random), count: 0 }
    }

    /// Whether a new kind map may change what was rendered.
    pub(crate) fn depends_on_kinds(&self) -> bool {
        self.cache.values().any(|unit| unit.unknown_kinds || unit.told.is_some())
    }

    /// The values in the cluster that charts asked for when they were last rendered.
    pub(crate) fn chart_values(&self) -> BTreeSet<&ValueRef> {
        self.cache.values().flat_map(|unit| &unit.used.chart_values).collect()
    }

    /// Whether a chart or its values were not there yet.
    pub(crate) fn awaits_charts(&self) -> bool {
        self.cache.values().any(|unit| unit.awaits_charts)
    }

    /// Whether a key service should be asked again.
    pub(crate) fn has_unanswered(&self) -> bool {
        self.cache.values().any(|unit| unit.unanswered)
    }

    /// How many units were rendered since this was last asked.
    pub(crate) fn take_count(&mut self) -> u64 {
        std::mem::take(&mut self.count)
    }

    /// Renders a revision. Units fail alone; only the fleet's own declaration fails the whole (G8).
    pub(crate) fn render(&mut self, request: &Request) -> Result<Wanted, Rejected> {
        let snapshot = &request.fetched.snapshot;
        let root = tidy(&request.path);
        check_path(snapshot, &root, &request.path)?;
        let (fleet, declared) = read_fleet(snapshot, &root)?;
        let scanned =
            scan(snapshot, &root).map_err(|error| Rejected { reason: "TreeUnreadable", message: error.to_string() })?;
        let layout = lay_out(request, declared.as_ref(), &scanned.directories)?;
        let mut wanted = Wanted {
            revision: request.fetched.commit.id.to_string(),
            fleet_digest: scanned.digest.map(|digest| digest.to_string()).unwrap_or_default(),
            layers: layers(&layout, &fleet),
            units: Vec::new(),
            max_share_percent: fleet.layers.iter().filter_map(|layer| layer.max_share_percent).min(),
            notices: layout.notices.clone(),
        };
        wanted.notices.extend(request.values.missing().iter().map(|source| format!("substituteFrom: {source}")));
        if !request.role_is_given {
            let role = request.role.as_str();
            wanted
                .notices
                .push(format!("spec.role is not set: treated as {role} until a switcher or a person sets it"));
        }
        if !fleet.colors.is_empty() && !fleet.colors.contains_key(&request.color) {
            let known: Vec<&str> = fleet.colors.keys().map(String::as_str).collect();
            let (color, known) = (&request.color, known.join(", "));
            wanted.notices.push(format!("spec.color: teal.yaml declares nothing for {color}; it knows {known}"));
        }
        self.render_units(request, &fleet, &root, &layout, &mut wanted);
        if let Some(digest) = self.received(request, &fleet) {
            wanted.fleet_digest =
                Digest::of_parts([wanted.fleet_digest.as_bytes(), digest.to_string().as_bytes()]).to_string();
        }
        Ok(wanted)
    }

    /// Digest of the cluster's values that units use and that should be the same on the other cluster (SYNC §9); `None`
    /// when there are none. Values of Secrets go in under the parity key, and not at all without one: objects that hold
    /// them can't be compared then either.
    fn received(&self, request: &Request, fleet: &Fleet) -> Option<Digest> {
        let names: BTreeSet<&String> = self.cache.values().flat_map(|unit| &unit.used.names).collect();
        let colored = |name: &str| fleet.colors.values().any(|color| color.substitute.contains_key(name));
        let mut parts: Vec<String> = Vec::new();
        for name in names {
            let values = &request.values;
            if colored(name) || values.differs(name) || fleet.substitute.contains_key(name) {
                continue;
            }
            let value = match (values.get(name), &request.key) {
                (None, _) if !values.declares(name) => continue,
                (None, _) => "absent".to_owned(),
                (Some(value), Some(key)) if value.is_secret() => {
                    Digest::of_secret(&value.text().into(), key).to_string()
                }
                (Some(value), None) if value.is_secret() => "secret".to_owned(),
                (Some(value), _) => Digest::of_parts([value.text().as_bytes()]).to_string(),
            };
            parts.extend([name.clone(), value]);
        }
        for wanted in self.chart_values() {
            parts.extend([
                wanted.to_string(),
                wanted.key.clone(),
                request.chart_values.told(wanted, request.key.as_ref()),
            ]);
        }
        (!parts.is_empty()).then(|| Digest::of_parts(parts.iter().map(String::as_bytes)))
    }

    fn render_units(&mut self, request: &Request, fleet: &Fleet, root: &str, layout: &Layout, wanted: &mut Wanted) {
        let inputs = Fingerprints::new(request, fleet);
        let paths: Vec<String> = layout.units().map(|(_, unit)| unit.path.clone()).collect();
        self.cache.retain(|path, _| paths.contains(path));
        let mut definitions = BTreeMap::new();
        for unit in self.cache.values() {
            collect_definitions(&unit.objects, &mut definitions);
        }
        let tree = request.fetched.snapshot.clone();
        let engine = request.charts.engine(request.helm.as_ref());
        let target = capabilities(&request.kinds, request.version.as_deref());
        let charts = Charts { engine: Some(&engine), capabilities: Some(&target), values: Some(&request.chart_values) };
        // A CRD may come after its instances: those units get a second look with all definitions known.
        for again in [false, true] {
            for (_, unit) in layout.units() {
                let cached = self.cache.get(&unit.path);
                let fresh = cached.is_some_and(|cached| {
                    !cached.awaits_charts
                        && !cached.unanswered
                        && cached.told_the_same(&target)
                        && cached.key == inputs.of(&cached.used)
                });
                let unsettled = cached.is_some_and(|cached| cached.unknown_kinds);
                if (fresh || again) && !unsettled {
                    continue;
                }
                let key = self.key(request);
                let worker = Worker { request, fleet, root, tree: &tree, key, inputs: &inputs, charts };
                let rendered = worker.render(&unit.path, &unit.slug, &definitions, cached);
                self.count += 1;
                collect_definitions(&rendered.objects, &mut definitions);
                self.cache.insert(unit.path.clone(), rendered);
            }
        }
        for (name, unit) in layout.units() {
            let Some(cached) = self.cache.get(&unit.path) else { continue };
            let layer = wanted.layers.iter().position(|layer| layer.name == name).unwrap_or(0);
            let timeout = fleet.layers.get(layer).map_or(TIMEOUT, |layer| layer.timeout);
            // Digests under an ephemeral key would make the unit look new to every process.
            let lasting = cached.objects.iter().filter(|object| object.lasting);
            let digests: Vec<_> = lasting.map(|object| (&object.id, &object.digest)).collect();
            wanted.notices.extend(cached.notices.iter().cloned());
            wanted.units.push(Unit {
                slug: unit.slug.as_str().into(),
                path: unit.path.clone(),
                layer,
                depends_on: cached.settings.depends_on.clone(),
                // unit.yaml may only narrow what teal.yaml allows.
                timeout: cached.settings.timeout.map_or(timeout, |own| own.min(timeout)),
                ignore: cached.settings.readiness_ignore.clone(),
                digest: Digest::rolled_up(digests),
                objects: cached.objects.clone(),
                errors: cached.errors.clone(),
            });
        }
        check_units(&mut wanted.units);
    }

    fn key<'a>(&'a self, request: &'a Request) -> &'a ParityKey {
        request.key.as_ref().unwrap_or(&self.ephemeral)
    }
}

/// Renders one unit.
struct Worker<'a> {
    request: &'a Request,
    fleet: &'a Fleet,
    root: &'a str,
    tree: &'a Snapshot,
    key: &'a ParityKey,
    inputs: &'a Fingerprints<'a>,
    charts: Charts<'a>,
}

impl Worker<'_> {
    fn render(
        &self,
        path: &str,
        slug: &str,
        definitions: &BTreeMap<GroupKind, Scope>,
        last_good: Option<&Cached>,
    ) -> Cached {
        let full = below(self.root, path);
        let input =
            UnitInput { path: &full, fleet: self.fleet, color: &self.request.color, role: Some(self.request.role) };
        let asked = self.request.keys.as_ref().map(Keys::asked);
        let keys = asked.as_ref().map(|keys| keys as &dyn Unwrap);
        let given = Given { charts: self.charts, keys, values: Some(&self.request.values) };
        let rendered = render_unit_with(self.tree, &input, given);
        let told = self.charts.capabilities.filter(|_| rendered.charts).map(|target| Capabilities {
            api_versions: if rendered.asks_api_versions { target.api_versions.clone() } else { Arc::default() },
            ..target.clone()
        });
        let mut errors: Vec<Problem> =
            rendered.errors.iter().map(|error| file_problem(&full, error.reason(), error.to_string())).collect();
        let mark = OwnerMark::new(self.request.sync.as_str(), slug);
        let (mut objects, mut unknown_kinds) = (Vec::with_capacity(rendered.objects.len()), false);
        // The unit's own CRDs first, so that its instances know their scope.
        let mut definitions = definitions.clone();
        for found in rendered.objects.iter().filter(|found| found.value["kind"] == "CustomResourceDefinition") {
            let origin = Origin::new(found.origin.file.clone(), found.origin.line);
            if let Some((kind, scope)) =
                Object::new(found.value.clone(), origin).ok().and_then(|object| object.defines())
            {
                definitions.insert(kind, scope);
            }
        }
        for found in rendered.objects {
            if is_own_file(&found.value) {
                continue;
            }
            match self.prepare(found, &mark, &definitions) {
                Ok((prepared, known)) => {
                    unknown_kinds |= !known;
                    objects.push(prepared);
                }
                Err(error) => errors.push(file_problem(&error.origin().to_string(), error.reason(), error.to_string())),
            }
        }
        errors.extend(drop_twice(&mut objects));
        // Nothing came of it: what it last was stays in force, drift repair and all.
        if objects.is_empty()
            && !errors.is_empty()
            && let Some(last) = last_good
        {
            objects.clone_from(&last.objects);
        }
        let refused = asked.as_ref().is_some_and(Asked::was_refused);
        let unanswered = refused && rendered.errors.iter().any(|error| error.reason() == "SopsNoKey");
        let used = Used {
            reads: rendered.reads,
            names: rendered.names,
            decrypted: rendered.decrypted,
            chart_values: rendered.cluster_values,
        };
        Cached {
            key: self.inputs.of(&used),
            used,
            unanswered,
            objects: Arc::new(objects),
            errors,
            notices: rendered.notices,
            settings: rendered.settings,
            unknown_kinds,
            awaits_charts: rendered.pending,
            told,
        }
    }

    fn prepare(
        &self,
        found: RenderedObject,
        mark: &OwnerMark,
        definitions: &BTreeMap<GroupKind, Scope>,
    ) -> Result<(Prepared, bool), teal_agent_core::ObjectError> {
        let origin = Origin::new(found.origin.file.clone(), found.origin.line);
        let object = Object::new(found.value, origin.clone())?.holding_secrets(found.secret);
        let scope = self.scope(&object.id.group_kind(), definitions);
        let object = object.scoped(scope);
        let neutral = match found.neutral {
            Some(value) => Some(Object::new(value, origin)?.scoped(scope)),
            None => None,
        };
        Ok((Prepared::new(object, neutral.as_ref(), mark, self.key)?, scope.is_some()))
    }

    /// The cluster knows best, then the fleet's own CRDs, then what Kubernetes always was.
    fn scope(&self, kind: &GroupKind, definitions: &BTreeMap<GroupKind, Scope>) -> Option<Scope> {
        let served = self.request.kinds.preferred(kind);
        let scope = served.map(|kind| if kind.namespaced { Scope::Namespaced } else { Scope::Cluster });
        scope.or_else(|| definitions.get(kind).copied()).or_else(|| built_in_scope(kind))
    }
}

fn collect_definitions(objects: &[Prepared], definitions: &mut BTreeMap<GroupKind, Scope>) {
    definitions.extend(objects.iter().filter_map(|object| object.links.defines.clone()));
}
