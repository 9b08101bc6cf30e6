//! A bare repository on the server and commits made into it without a work tree, by `git fast-import`.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

/// A bare repository; commits made here are on its branch `main` unless said otherwise.
#[derive(Debug, Clone)]
pub struct Repo {
    /// Address to fetch from.
    pub url: String,
    /// The bare repository on disk.
    pub path: PathBuf,
}

enum Parent {
    Head,
    BeforeHead,
}

impl Repo {
    pub(super) fn make(path: PathBuf, url: String) -> Result<Self> {
        let repo = Self { url, path };
        if !repo.path.join("HEAD").exists() {
            fs::create_dir_all(&repo.path)?;
            repo.git(&["init", "--quiet", "--bare", "--initial-branch=main", "."])?;
            for (key, value) in [
                ("http.receivepack", "true"),
                ("uploadpack.allowReachableSHA1InWant", "true"),
                ("gc.auto", "0"),
                ("receive.autogc", "false"),
            ] {
                repo.git(&["config", key, value])?;
            }
        }
        Ok(repo)
    }

    /// Commits on `main`: a path with text is written, a path with `None` is deleted. Returns the commit's id.
    ///
    /// # Errors
    /// `git` failed.
    pub fn commit(&self, files: &[(&str, Option<&str>)], message: &str) -> Result<String> {
        self.commit_to("main", files, message)
    }

    /// Commits on another branch, which starts without history when it is new.
    ///
    /// # Errors
    /// `git` failed.
    pub fn commit_to(&self, branch: &str, files: &[(&str, Option<&str>)], message: &str) -> Result<String> {
        self.import(branch, &Parent::Head, message, &edits(files))
    }

    /// Commits on `main` exactly the files and links of a folder, nothing else.
    ///
    /// # Errors
    /// The folder can't be read, or `git` failed.
    pub fn commit_folder(&self, folder: &Path, message: &str) -> Result<String> {
        let mut script = b"deleteall\n".to_vec();
        add_folder(&mut script, folder, "")?;
        self.import("main", &Parent::Head, message, &script)
    }

    /// Replaces the newest commit of `main` by another one with these edits: history is rewritten, as by a forced push.
    ///
    /// # Errors
    /// `git` failed.
    pub fn force_rewrite(&self, files: &[(&str, Option<&str>)], message: &str) -> Result<String> {
        self.import("main", &Parent::BeforeHead, message, &edits(files))
    }

    /// Commits on `main` with lines of git's fast-import language, for links, submodules and modes.
    ///
    /// # Errors
    /// `git` failed.
    pub fn commit_script(&self, script: &str, message: &str) -> Result<String> {
        self.import("main", &Parent::Head, message, script.as_bytes())
    }

    /// Runs `git` in the repository and returns what it printed.
    ///
    /// # Errors
    /// It failed; the error has what it said.
    pub fn git(&self, arguments: &[&str]) -> Result<String> {
        self.git_with(arguments, &[])
    }

    /// Runs `git` with `input` on its stdin.
    ///
    /// # Errors
    /// It failed; the error has what it said.
    pub fn git_with(&self, arguments: &[&str], input: &[u8]) -> Result<String> {
        let mut child = Command::new("git")
            .args(arguments)
            .current_dir(&self.path)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.path)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs([
                ("GIT_AUTHOR_NAME", "Tester"),
                ("GIT_AUTHOR_EMAIL", "tester@example.com"),
                ("GIT_COMMITTER_NAME", "Tester"),
                ("GIT_COMMITTER_EMAIL", "tester@example.com"),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("git does not start; is it installed?")?;
        child.stdin.take().context("no stdin")?.write_all(input)?;
        let output = child.wait_with_output()?;
        ensure!(
            output.status.success(),
            "git {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Returns what `main` points to; `None` before the first commit.
    #[must_use]
    pub fn head(&self) -> Option<String> {
        self.git(&["rev-parse", "--verify", "--quiet", "refs/heads/main"]).ok()
    }

    fn import(&self, branch: &str, parent: &Parent, message: &str, script: &[u8]) -> Result<String> {
        let branch = format!("refs/heads/{branch}");
        let from = match parent {
            Parent::Head => self.git(&["rev-parse", "--verify", "--quiet", &branch]).ok(),
            Parent::BeforeHead => self.git(&["rev-parse", "--verify", "--quiet", &format!("{branch}~1")]).ok(),
        };
        let mut input = Vec::new();
        if from.is_none() {
            writeln!(input, "reset {branch}")?;
        }
        writeln!(
            input,
            "commit {branch}\ncommitter Tester <tester@example.com> now\ndata {}\n{message}",
            message.len()
        )?;
        if let Some(from) = from {
            writeln!(input, "from {from}")?;
        }
        input.extend_from_slice(script);
        self.git_with(&["fast-import", "--quiet", "--force", "--date-format=now"], &input)?;
        self.git(&["rev-parse", &branch])
    }
}

fn edits(files: &[(&str, Option<&str>)]) -> Vec<u8> {
    let mut script = Vec::new();
    for (path, text) in files {
        match text {
            Some(text) => add_file(&mut script, "100644", path, text.as_bytes()),
            None => script.extend_from_slice(format!("D {path}\n").as_bytes()),
        }
    }
    script
}

fn add_file(script: &mut Vec<u8>, mode: &str, path: &str, bytes: &[u8]) {
    script.extend_from_slice(format!("M {mode} inline {path}\ndata {}\n", bytes.len()).as_bytes());
    script.extend_from_slice(bytes);
    script.push(b'\n');
}

fn add_folder(script: &mut Vec<u8>, folder: &Path, prefix: &str) -> Result<()> {
    let mut entries: Vec<_> =
        fs::read_dir(folder).with_context(|| folder.display().to_string())?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().into_string().ok().context("a file name is not UTF-8")?;
        let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        let kind = entry.file_type()?;
        if kind.is_symlink() {
            let target = fs::read_link(entry.path())?;
            add_file(script, "120000", &path, target.as_os_str().as_encoded_bytes());
        } else if kind.is_dir() {
            if entry.file_name() != ".git" {
                add_folder(script, &entry.path(), &path)?;
            }
        } else {
            add_file(script, "100644", &path, &fs::read(entry.path())?);
        }
    }
    Ok(())
}
