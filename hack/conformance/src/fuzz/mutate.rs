//! Inputs from inputs: bytes flipped, lines moved, words of the trade put in, pieces repeated and joined.

/// Small, fast and the same everywhere (splitmix64).
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed ^ 0x5851_f42d_4c95_7f2d)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 when that is 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % (bound.max(1) as u64)).unwrap_or(0)
    }
}

/// Largest input that is made: enough for what grows faster than its input to show.
const LARGEST: usize = 16 << 10;

const WORDS: &[&str] = &[
    "&a ",
    "*a",
    "<<: *a\n",
    "<<: [*a, *a]\n",
    "!!binary ",
    "!!str ",
    "!!int ",
    "!!float ",
    "!!null ",
    "!foo ",
    "? ",
    ": ",
    "- ",
    "- - - ",
    "|\n",
    "|+2\n",
    ">-\n",
    "{",
    "}",
    "[",
    "]",
    ",",
    "#",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "'",
    "\"",
    "\\u0000",
    "\\x",
    "\t",
    "\r\n",
    "\u{feff}",
    "\u{2028}",
    "\u{0}",
    "0o17",
    "0x",
    "1e999",
    "-0",
    ".inf",
    ".nan",
    "1:30",
    "2020-01-01",
    "~",
    "null",
    "yes",
    "on:",
    "99999999999999999999999",
    "$patch: delete\n",
    "$patch: replace\n",
    "$patch: merge\n",
    "$retainKeys: [a]\n",
    "$setElementOrder/containers: [{name: a}]\n",
    "$deleteFromPrimitiveList/args: [a]\n",
    "op: add",
    "op: remove",
    "op: move",
    "op: copy",
    "op: test",
    "path: /a/-",
    "path: /a/0",
    "path: ''",
    "path: /~0~1~2",
    "from: /",
    "resources: [.]\n",
    "resources: [..]\n",
    "resources: [a, a]\n",
    "components: [c]\n",
    "namePrefix: x-\n",
    "nameSuffix: ''\n",
    "namespace: n\n",
    "commonLabels: {a: b}\n",
    "labels: [{pairs: {a: b}, includeSelectors: true}]\n",
    "images: [{name: '.*', newTag: x}]\n",
    "replicas: [{name: a, count: -1}]\n",
    "patches: [{patch: '{}', target: {}}]\n",
    "patchesStrategicMerge: ['{}']\n",
    "configMapGenerator: [{name: m, literals: [a=b]}]\n",
    "secretGenerator: [{name: m, envs: [e]}]\n",
    "behavior: merge",
    "replacements: [{source: {kind: ConfigMap}, targets: [{select: {kind: ConfigMap}, fieldPaths: [data.a]}]}]\n",
    "vars: [{name: A, objref: {kind: ConfigMap, name: a}}]\n",
    "fieldPath: metadata.name",
    "fieldPaths: ['*']",
    "delimiter: ''",
    "index: -1",
    "create: true",
    "sortOptions: {order: legacy}\n",
    "buildMetadata: [originAnnotations]\n",
    "transformers: [t.yaml]\n",
    "openapi: {path: a}\n",
    "kind: Component\n",
    "kind: List\nitems: []\n",
    "apiVersion: v1\n",
    "metadata: {name: a}\n",
    "=== a/kustomization.yaml\n",
    "\n%%%\n",
    "dependencies: [{name: a, version: '>0', repository: 'file://../a'}, {name: b, repository: 'file://../a'}]\n",
    "=== a/Chart.yaml\nname: a\nversion: 1.0.0\n",
    "=== charts/a/Chart.yaml\n",
    "helmCharts: [{name: a}]\n",
    "repository: oci://a.example/b\n",
    "entries:\n",
    "  web:\n",
    "  - version: 1.2.3-rc.1\n    urls: [a.tgz]\n",
    " >=1.2 <2 || ~1 || 1.x - 2, !=1.5",
    "name: '('",
    "name: ((((((((((a*)*)*)*)*)*)*)*)*)*",
    "labelSelector: a in (b",
    "annotationSelector: '!a'",
];

/// One input made from the pool.
pub(super) fn make(random: &mut Random, pool: &[Vec<u8>]) -> Vec<u8> {
    let mut input = pool[random.below(pool.len())].clone();
    for _ in 0..=random.below(6) {
        change(random, &mut input, pool);
        input.truncate(LARGEST);
    }
    input
}

fn change(random: &mut Random, input: &mut Vec<u8>, pool: &[Vec<u8>]) {
    let at = random.below(input.len() + 1);
    let (from, to) = span(random, input.len());
    match random.below(11) {
        0 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        1 => drop(input.drain(from..to)),
        2 => {
            let piece = input[from..to].to_vec();
            insert(input, at, &piece);
        }
        3 => {
            // A piece many times: what is quadratic shows.
            let piece = input[from..to.min(from + 200)].repeat(1 << random.below(8));
            insert(input, at, &piece);
        }
        4..=6 => insert(input, at, WORDS[random.below(WORDS.len())].as_bytes()),
        7 => {
            let other = &pool[random.below(pool.len())];
            let (from, to) = span(random, other.len());
            insert(input, at, &other[from..to]);
        }
        8 => {
            let line = lines(input);
            let (from, to) = line[random.below(line.len())];
            let piece = input[from..to].to_vec();
            let (target, _) = line[random.below(line.len())];
            insert(input, target, &piece);
        }
        9 => {
            let line = lines(input);
            let (from, to) = line[random.below(line.len())];
            drop(input.drain(from..to));
        }
        _ => {
            let line = lines(input);
            let (from, _) = line[random.below(line.len())];
            insert(input, from, "  ".repeat(1 + random.below(3)).as_bytes());
        }
    }
}

fn insert(input: &mut Vec<u8>, at: usize, piece: &[u8]) {
    let at = at.min(input.len());
    input.splice(at..at, piece.iter().copied());
}

fn span(random: &mut Random, length: usize) -> (usize, usize) {
    let from = random.below(length);
    (from, (from + random.below(40)).min(length))
}

/// Where lines begin and end; at least one.
fn lines(input: &[u8]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut from = 0;
    for line in input.split_inclusive(|byte| *byte == b'\n') {
        found.push((from, from + line.len()));
        from += line.len();
    }
    if found.is_empty() {
        found.push((0, 0));
    }
    found
}
