//! Generated kustomizations through ours and through the real kustomize; what differs is shrunk to the least that does.

mod layers;
mod objects;
mod patches;
mod plugins;
mod world;

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use serde_json::Value;
use teal_kustomize::{FolderTree, Options};

use crate::cases::{changes, difference, documents};
use world::World;

/// How much is tried.
pub(crate) struct Plan {
    /// Kustomizations a seed.
    pub cases: u32,
    /// The first seed.
    pub first: u64,
    /// How many seeds.
    pub seeds: u64,
    /// No new seed after this long.
    pub at_most: Option<Duration>,
    /// Where differences are kept, a folder each.
    pub keep: Option<PathBuf>,
}

/// Tries every seed of the plan, tells the least kustomization that differs for each, and whether there was none.
pub(crate) fn run(kustomize: &Path, plan: &Plan) -> Result<bool> {
    let kustomize = kustomize.canonicalize().with_context(|| format!("{}: no oracle", kustomize.display()))?;
    let started = Instant::now();
    let (mut differences, mut tried, mut built, mut unsupported) = (0_usize, 0_u64, 0_u64, 0_u64);
    for seed in plan.first..plan.first + plan.seeds {
        if plan.at_most.is_some_and(|most| started.elapsed() >= most) {
            break;
        }
        let oracle =
            Oracle { kustomize: &kustomize, tried: Cell::new(0), built: Cell::new(0), unsupported: Cell::new(0) };
        if let Some((world, what)) = oracle.search(seed, plan.cases)? {
            differences += 1;
            println!("seed {seed}: {what}\n{}", world.shown());
            if let Some(folder) = &plan.keep {
                let folder = folder.join(format!("seed-{seed}"));
                world.write(&folder)?;
                fs::write(folder.join("difference.txt"), what)?;
            }
        }
        tried += oracle.tried.get();
        built += oracle.built.get();
        unsupported += oracle.unsupported.get();
    }
    println!(
        "{tried} kustomizations, {built} built by both, {unsupported} beyond what teal supports, the others refused by both; {differences} differences in {} s",
        started.elapsed().as_secs()
    );
    // A generator whose kustomizations nobody builds would prove nothing.
    Ok(differences == 0 && built * 5 > tried)
}

struct Oracle<'a> {
    kustomize: &'a Path,
    tried: Cell<u64>,
    built: Cell<u64>,
    unsupported: Cell<u64>,
}

impl Oracle<'_> {
    /// The least difference that this seed leads to.
    fn search(&self, seed: u64, cases: u32) -> Result<Option<(World, String)>> {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let config = Config {
            cases,
            failure_persistence: None,
            max_shrink_time: 60_000,
            max_shrink_iters: 600,
            ..Config::default()
        };
        let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
        let outcome = runner.run(&world::worlds(), |world| match self.compare(&world) {
            Ok(None) => Ok(()),
            Ok(Some(what)) => Err(TestCaseError::fail(what)),
            Err(error) => Err(TestCaseError::reject(format!("{error:#}"))),
        });
        match outcome {
            Ok(()) => Ok(None),
            Err(TestError::Fail(_, world)) => {
                let what =
                    self.compare(&world)?.unwrap_or_else(|| "differs now and then: not deterministic".to_owned());
                Ok(Some((world, what)))
            }
            Err(TestError::Abort(why)) => anyhow::bail!("the oracle does not run: {why}"),
        }
    }

    /// What differs between ours and the real one's answer; `None` when nothing does.
    fn compare(&self, world: &World) -> Result<Option<String>> {
        let folder = tempfile::tempdir().context("make a folder")?;
        world.write(folder.path())?;
        self.tried.set(self.tried.get() + 1);
        let want = self.theirs(&folder.path().join(&world.dir))?;
        let got = ours(folder.path(), &world.dir);
        Ok(match (want, got) {
            (Err(_), Err(_)) => None,
            // Unfinished, and it says so; told in the sum.
            (Ok(_), Err(said)) if said.contains("is not supported here") => {
                self.unsupported.set(self.unsupported.get() + 1);
                None
            }
            (Ok(want), Ok(got)) if want == got => {
                self.built.set(self.built.get() + 1);
                None
            }
            (Ok(want), Ok(got)) => Some(match (documents(&want), documents(&got)) {
                (Ok(a), Ok(b)) if a == b => format!("equal documents, other bytes\n{}", changes(&want, &got)),
                (Ok(a), Ok(b)) => difference(&a, &b),
                _ => format!("one of the outputs is no YAML\nkustomize:\n{want}\nteal:\n{got}"),
            }),
            (Ok(want), Err(said)) => Some(format!("kustomize builds it, teal says: {said}\nkustomize:\n{want}")),
            (Err(said), Ok(got)) => Some(format!("teal builds it, kustomize says: {said}\nteal:\n{got}")),
        })
    }

    fn theirs(&self, folder: &Path) -> Result<std::result::Result<String, String>> {
        let output = Command::new(self.kustomize).arg("build").arg(folder).output().context("run kustomize")?;
        Ok(if output.status.success() {
            Ok(String::from_utf8(output.stdout).context("kustomize prints no UTF-8")?)
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        })
    }
}

/// What the command prints for this folder, made in this process.
pub(crate) fn ours(root: &Path, dir: &str) -> std::result::Result<String, String> {
    let tree = FolderTree::open(root).map_err(|error| error.to_string())?;
    let built = teal_kustomize::build(&tree, dir, &Options::default()).map_err(|errors| errors.to_string())?;
    let texts: Vec<String> = built.objects.iter().map(|object| teal_yaml::write(&object.value)).collect();
    Ok(texts.join("---\n"))
}

/// A value as YAML.
pub(crate) fn yaml(value: &Value) -> String {
    teal_yaml::write(value)
}
