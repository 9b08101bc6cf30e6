//! The clients: how each is installed, once for each set of versions, and how its programs run.

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::emulator::Emulator;
use super::table::Step;
use crate::go_tools::fnv1a;
use crate::{prerequisites, run, workspace};

/// How a client is installed and run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A virtual environment; programs are `*.py`.
    Pip,
    /// A folder of modules; programs are `*.cjs`.
    Npm,
    /// One binary, built from `*.go`; it runs all lives.
    Go,
}

/// A client or a family of them.
#[derive(Debug)]
pub(super) struct Client {
    /// Its folder below `hack/foreign-clients`.
    pub(super) name: &'static str,
    kind: Kind,
    /// The file that pins its versions.
    pub(super) requirements: &'static str,
    /// Installed in seconds: part of `cargo xtask test`.
    pub(super) quick: bool,
    /// What a first installation costs, for the person who waits.
    cost: &'static str,
}

/// All of them.
pub(super) const CLIENTS: &[Client] = &[
    Client { name: "python", kind: Kind::Pip, requirements: "requirements.txt", quick: true, cost: "about a minute" },
    Client { name: "octodns", kind: Kind::Pip, requirements: "requirements.txt", quick: true, cost: "half a minute" },
    Client { name: "node", kind: Kind::Npm, requirements: "package-lock.json", quick: false, cost: "half a minute" },
    Client { name: "go", kind: Kind::Go, requirements: "go.sum", quick: false, cost: "two minutes of compiling" },
    Client {
        name: "cli",
        kind: Kind::Pip,
        requirements: "requirements.txt",
        quick: false,
        cost: "400 MB, some minutes",
    },
];

/// What a program told.
pub(super) struct Told {
    pub(super) steps: Vec<Step>,
    pub(super) ended_well: bool,
    /// Everything it said, for whoever looks for a cause.
    pub(super) said: String,
}

impl Client {
    /// Where its requirements and programs are.
    pub(super) fn folder(&self) -> PathBuf {
        workspace::root().join("hack/foreign-clients").join(self.name)
    }

    /// What this machine lacks to install it.
    pub(super) fn missing(&self) -> Option<String> {
        let (program, debian) = match self.kind {
            Kind::Pip => ("python3", "python3, python3-venv"),
            Kind::Npm => ("npm", "nodejs, npm"),
            Kind::Go => ("go", "golang"),
        };
        prerequisites::find(program).is_none().then(|| format!("`{program}` is not on this machine (Debian: {debian})"))
    }

    /// Its programs, in the order of their names.
    pub(super) fn programs(&self) -> Result<Vec<PathBuf>> {
        let extension = match self.kind {
            Kind::Pip => "py",
            Kind::Npm => "cjs",
            Kind::Go => return Ok(vec![self.folder().join("lives")]),
        };
        let folder = self.folder();
        let entries = fs::read_dir(&folder).with_context(|| format!("read {}", folder.display()))?;
        // `life` and `told` are what the programs share.
        let shared = |path: &Path| path.file_stem().is_some_and(|stem| stem == "life" || stem == "told");
        let mut programs: Vec<PathBuf> = entries
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .filter(|path| path.extension() == Some(OsStr::new(extension)) && !shared(path))
            .collect();
        programs.sort();
        Ok(programs)
    }

    /// The installation, made now when it is not in the cache.
    ///
    /// # Errors
    /// With what the installer said last.
    pub(super) fn ensure(&self) -> Result<PathBuf> {
        let shelf = workspace::cache()?.join("foreign-clients");
        let home = shelf.join(format!("{}-{:016x}", self.name, self.digest()?));
        let done = home.join(".complete");
        if done.is_file() {
            return Ok(home);
        }
        fs::create_dir_all(&shelf).with_context(|| format!("create {}", shelf.display()))?;
        let lock = File::create(shelf.join(format!(".{}.lock", self.name))).context("create the cache's lock")?;
        if let Err(TryLockError::WouldBlock) = lock.try_lock() {
            eprintln!("{}: another process is installing it; waiting", self.name);
            lock.lock().context("lock the cache")?;
        }
        if done.is_file() {
            return Ok(home);
        }
        eprintln!("{}: installed once from its registry into the cache: {}", self.name, self.cost);
        let started = Instant::now();
        // Programs of a virtual environment know their own path, so it is made in place and marked when it is whole.
        let _ = fs::remove_dir_all(&home);
        fs::create_dir_all(&home).with_context(|| format!("create {}", home.display()))?;
        self.install(&home)?;
        fs::write(&done, "").context("mark the installation as whole")?;
        eprintln!("  done in {} s", started.elapsed().as_secs());
        Ok(home)
    }

    /// What decides an installation: the pins, and for Go the programs that are built in.
    fn digest(&self) -> Result<u64> {
        let folder = self.folder();
        let mut files = vec![folder.join(self.requirements)];
        if self.kind == Kind::Go {
            let entries = fs::read_dir(&folder).with_context(|| format!("read {}", folder.display()))?;
            files.extend(
                entries
                    .filter_map(Result::ok)
                    .map(|entry| entry.path())
                    .filter(|path| path.extension().is_some_and(|extension| extension == "go" || extension == "mod")),
            );
            files.sort();
        }
        let read = |file: &PathBuf| fs::read_to_string(file).with_context(|| format!("read {}", file.display()));
        let texts: Vec<String> = files.iter().map(read).collect::<Result<_>>()?;
        Ok(fnv1a(texts.iter().map(String::as_str)))
    }

    fn install(&self, home: &Path) -> Result<()> {
        let folder = self.folder();
        match self.kind {
            Kind::Pip => {
                quiet(Command::new("python3").args(["-m", "venv"]).arg(home))?;
                let requirements = folder.join(self.requirements);
                quiet(
                    Command::new(home.join("bin/pip")).args(["install", "--quiet", "--requirement"]).arg(requirements),
                )
            }
            Kind::Npm => {
                for file in ["package.json", self.requirements] {
                    fs::copy(folder.join(file), home.join(file)).with_context(|| format!("copy {file}"))?;
                }
                quiet(Command::new("npm").current_dir(home).args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]))
            }
            Kind::Go => quiet(
                Command::new("go")
                    .current_dir(folder)
                    .env("CGO_ENABLED", "0")
                    .args(["build", "-mod=readonly", "-buildvcs=false", "-o"])
                    .arg(home.join("lives"))
                    .arg("."),
            ),
        }
    }

    /// Runs one program against an emulator.
    pub(super) fn run(&self, home: &Path, program: &Path, emulator: &Emulator) -> Result<Told> {
        let mut command = match self.kind {
            Kind::Pip => run::command(home.join("bin/python")),
            Kind::Npm => run::command("node"),
            Kind::Go => run::command(home.join("lives")),
        };
        if self.kind != Kind::Go {
            command.arg(program);
        }
        let output = command
            .env("AZURE_EMULATOR_URL", &emulator.url)
            .env("AZURE_EMULATOR_CA", &emulator.ca)
            .env("AZURE_EMULATOR_DNS", &emulator.dns)
            .env("TEAL_WRITER", workspace::built("teal-writer")?)
            .env("PYTHONPATH", workspace::root().join("hack/foreign-clients/lib"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("NODE_PATH", home.join("node_modules"))
            .env("NODE_EXTRA_CA_CERTS", &emulator.ca)
            .env("SSL_CERT_FILE", &emulator.ca)
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("run {}", program.display()))?;
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        let steps = out.lines().filter_map(Step::read).collect();
        let said = out + &String::from_utf8_lossy(&output.stderr);
        Ok(Told { steps, ended_well: output.status.success(), said })
    }
}

/// Runs to the end without a word; what was said is in the error.
fn quiet(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("start {command:?}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let last: Vec<&str> = said.lines().rev().take(15).collect();
    bail!("{command:?} ended with {}:\n{}", output.status, last.into_iter().rev().collect::<Vec<_>>().join("\n"))
}
