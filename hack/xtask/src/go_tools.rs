//! Programs built from a Go tools module under `hack/`, once for each set of versions.
//!
//! The cache is keyed by everything that decides the result, filled by a rename and guarded by a lock,
//! so a killed build leaves nothing half-made and two processes never build the same thing twice.

use std::env::consts::{ARCH, OS};
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::go_output::GoOutput;
use crate::workspace;

/// One program of a tools module.
pub(crate) struct Program {
    /// What `go build` calls it: the last element of its package that is no version.
    pub(crate) built_as: &'static str,
    /// What everyone else calls it.
    pub(crate) name: &'static str,
}

/// Looks up the version that the tools module requires of a module.
pub(crate) type Versions<'a> = dyn Fn(&str) -> String + 'a;

/// A Go module under `hack/` whose `tool` directives name the programs to build.
pub(crate) struct GoTools {
    /// Its directory under `hack/` and in the cache.
    pub(crate) name: &'static str,
    /// The required module whose version a person wants to read in the cache's path.
    pub(crate) names_its_key: &'static str,
    /// Why it is built, for the person who waits.
    pub(crate) why: &'static str,
    pub(crate) programs: &'static [Program],
    /// Go variables set at link time, with their values.
    pub(crate) link_flags: fn(&Versions<'_>) -> Vec<(String, String)>,
}

impl GoTools {
    /// The directory that holds all programs, after building them when it is missing.
    ///
    /// Also points `hack/<name>/bin` there: the one place that tests and people look.
    ///
    /// # Errors
    /// When the module cannot be read, Go fails (its last lines are in the error) or the cache cannot be written.
    pub(crate) fn ensure(&self) -> Result<PathBuf> {
        let module = workspace::root().join("hack").join(self.name);
        let manifest = read(&module.join("go.mod"))?;
        let sums = read(&module.join("go.sum"))?;
        let link = self.link_arguments(&manifest);
        let version = required_version(&manifest, self.names_its_key);
        let digest = fnv1a([manifest.as_str(), &sums, &link, OS, ARCH]);
        let shelf = workspace::cache()?.join(self.name);
        let home = shelf.join(format!("{version}-{digest:016x}"));
        if !home.is_dir() {
            self.build_locked(&module, &shelf, &home, &version, &link)?;
        }
        let bin = home.join("bin");
        point(&module.join("bin"), &bin)?;
        Ok(bin)
    }

    fn link_arguments(&self, manifest: &str) -> String {
        let version_of = |module: &str| required_version(manifest, module);
        let variables = (self.link_flags)(&version_of);
        let settings = variables.iter().map(|(name, value)| format!(" -X {name}={value}"));
        std::iter::once("-s -w".to_owned()).chain(settings).collect()
    }

    fn build_locked(&self, module: &Path, shelf: &Path, home: &Path, version: &str, link: &str) -> Result<()> {
        fs::create_dir_all(shelf).with_context(|| format!("create {}", shelf.display()))?;
        let lock = File::create(shelf.join(".lock")).context("create the cache's lock")?;
        if let Err(TryLockError::WouldBlock) = lock.try_lock() {
            eprintln!("{}: another process is building it; waiting", self.name);
            lock.lock().context("lock the cache")?;
        }
        if home.is_dir() {
            return Ok(());
        }
        let scratch = shelf.join(format!(".building-{}", std::process::id()));
        let outcome = self.build(module, &scratch, version, link).and_then(|()| {
            fs::rename(&scratch, home).with_context(|| format!("move the programs to {}", home.display()))
        });
        if outcome.is_err() {
            // Best effort: the next build uses another name, and the error that matters is the build's.
            let _ = fs::remove_dir_all(&scratch);
        }
        outcome
    }

    fn build(&self, module: &Path, scratch: &Path, version: &str, link: &str) -> Result<()> {
        let bin = scratch.join("bin");
        fs::create_dir_all(&bin).with_context(|| format!("create {}", bin.display()))?;
        eprintln!("{} {version}: {}", self.name, self.why);
        eprintln!("  built once from Go modules into the cache: about five minutes on two idle cores, then not again");
        let started = Instant::now();
        let mut go = Command::new("go")
            .current_dir(module)
            .env("CGO_ENABLED", "0")
            .args(["build", "-v", "-trimpath", "-mod=readonly", "-buildvcs=false", "-ldflags", link, "-o"])
            .arg(&bin)
            .arg("tool")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("start go")?;
        let said = GoOutput::of(&mut go);
        self.report_until_done(&mut go, &bin, &said, started)?;
        for program in self.programs {
            let built = bin.join(program.built_as);
            fs::rename(&built, bin.join(program.name)).with_context(|| format!("go built no {}", program.name))?;
        }
        eprintln!("  done in {} s", started.elapsed().as_secs());
        Ok(())
    }

    /// Says when each program is there and, in between, how far the compiler is.
    fn report_until_done(&self, go: &mut Child, bin: &Path, said: &GoOutput, started: Instant) -> Result<()> {
        let mut announced = vec![false; self.programs.len()];
        let mut next_word = Duration::from_secs(20);
        loop {
            let ended = go.try_wait().context("wait for go")?;
            let elapsed = started.elapsed();
            for (program, announced) in self.programs.iter().zip(&mut announced) {
                let file = fs::metadata(bin.join(program.built_as));
                if let (false, Ok(file)) = (*announced, file) {
                    *announced = true;
                    eprintln!("  {:<24} {:>4} MB  after {} s", program.name, file.len() >> 20, elapsed.as_secs());
                }
            }
            match ended {
                Some(status) if status.success() => return Ok(()),
                Some(status) => bail!("go build ended with {status}:\n{}", said.tail()),
                None if elapsed > next_word => {
                    next_word = elapsed + Duration::from_secs(20);
                    eprintln!("  … {} packages compiled, {} s", said.lines(), elapsed.as_secs());
                }
                None => {}
            }
            thread::sleep(Duration::from_millis(200));
        }
    }
}

/// The version a `go.mod` requires of a module, empty when it does not name it.
fn required_version(manifest: &str, module: &str) -> String {
    let words = |line: &str| line.trim_start_matches("require ").split_whitespace().map(str::to_owned).collect();
    let found = manifest.lines().map(words).find(|words: &Vec<String>| words.len() >= 2 && words[0] == module);
    found.map(|words| words[1].clone()).unwrap_or_default()
}

/// Makes `link` a symbolic link to `target`, by rename, so that a reader never finds it missing.
fn point(link: &Path, target: &Path) -> Result<()> {
    if fs::read_link(link).is_ok_and(|current| current == target) {
        return Ok(());
    }
    let fresh = link.with_extension(std::process::id().to_string());
    std::os::unix::fs::symlink(target, &fresh)
        .and_then(|()| fs::rename(&fresh, link))
        .with_context(|| format!("point {} to {}", link.display(), target.display()))
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("read {}", path.display()))
}

/// FNV-1a over the parts and their boundaries: a name for a set of versions, no defence against anyone.
pub(crate) fn fnv1a<'a>(parts: impl IntoIterator<Item = &'a str>) -> u64 {
    let bytes = parts.into_iter().flat_map(|part| part.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::{fnv1a, required_version};

    #[test]
    fn a_required_version_is_found_in_both_forms() {
        let manifest = "module x\nrequire (\n\tk8s.io/kubernetes v1.36.3\n)\nrequire helm.sh/helm/v4 v4.3.1\n\
                        replace (\n\tk8s.io/api => k8s.io/api v0.36.3\n)";
        assert_eq!(required_version(manifest, "k8s.io/kubernetes"), "v1.36.3");
        assert_eq!(required_version(manifest, "helm.sh/helm/v4"), "v4.3.1");
        assert_eq!(required_version(manifest, "absent"), "");
    }

    #[test]
    fn the_key_sees_where_one_part_ends() {
        assert_ne!(fnv1a(["ab", "c"]), fnv1a(["a", "bc"]));
        assert_eq!(fnv1a(["ab", "c"]), fnv1a(["ab", "c"]));
    }
}
