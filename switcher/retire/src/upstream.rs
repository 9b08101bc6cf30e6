//! What git's remote says now of the declarations that lie in a work tree: an old clone must not end a cluster that git wants.
//! Asked with the person's own git, so that addresses, credentials and proxies are as always.

mod command;
mod tree;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use teal_api::switch::Switch;

use command::git;

/// Where the declarations lie, and which branch is asked what it says of them.
#[derive(Debug, Clone)]
pub struct Sources {
    /// `colors.yaml`.
    pub colors: PathBuf,
    /// Folders with Switches, or their files.
    pub places: Vec<PathBuf>,
    /// The branch that the switchers follow; `None`: the one that the checked out branch follows.
    pub branch: Option<String>,
}

/// Brings a commit and nothing else: what the person's clone knows of the remote stays as it is.
const FETCH: &[&str] =
    &["fetch", "--quiet", "--no-auto-gc", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--refmap="];

/// What one repository's remote says.
#[derive(Debug)]
pub(crate) struct Answer {
    /// For people: `main of origin`, or the folder when it is not known which branch that is.
    pub(crate) name: String,
    pub(crate) said: Result<Said, String>,
}

/// What a branch says.
#[derive(Debug)]
pub(crate) struct Said {
    /// Every Switch below the places that were named.
    pub(crate) switches: Vec<Switch>,
    /// `colors.yaml`, when it lies in this repository and the branch has it.
    pub(crate) colors: Option<String>,
    tip: Tip,
}

/// The branch's newest commit, which is in this clone by now.
#[derive(Debug)]
struct Tip {
    top: PathBuf,
    commit: String,
}

impl Said {
    /// Does the branch hold this commit? `None` when the clone has too little of its history to tell.
    pub(crate) async fn holds(&self, commit: &str) -> Option<bool> {
        let Tip { top, commit: tip } = &self.tip;
        let id = !commit.is_empty() && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
        if id && git(top, &["merge-base", "--is-ancestor", commit, tip]).await.is_ok() {
            return Some(true);
        }
        let shallow = git(top, &["rev-parse", "--is-shallow-repository"]).await.ok()?;
        (shallow.trim() == "false").then_some(false)
    }
}

/// What is asked of one work tree: paths inside it.
#[derive(Debug, Default)]
struct Paths {
    places: Vec<String>,
    colors: Option<String>,
}

/// Asks every repository that a declaration lies in.
pub(crate) async fn ask(sources: &Sources) -> Vec<Answer> {
    let mut answers = Vec::new();
    let mut trees: BTreeMap<PathBuf, Paths> = BTreeMap::new();
    for place in &sources.places {
        match top(place).await {
            Ok((top, path)) => trees.entry(top).or_default().places.push(path),
            Err(why) => answers.push(Answer { name: place.display().to_string(), said: Err(why) }),
        }
    }
    // One that is in no repository is told as not pushed.
    if let Ok((top, path)) = top(&sources.colors).await {
        trees.entry(top).or_default().colors = Some(path);
    }
    for (top, paths) in trees {
        answers.push(tell(&top, &paths, sources.branch.as_deref()).await);
    }
    answers
}

/// The work tree that a path lies in, and its path there.
async fn top(path: &Path) -> Result<(PathBuf, String), String> {
    let path = path.canonicalize().map_err(|error| error.to_string())?;
    let folder = if path.is_dir() { path.as_path() } else { path.parent().unwrap_or(&path) };
    let told = git(folder, &["rev-parse", "--show-toplevel"]).await;
    let told = told.map_err(|why| format!("it lies in no git work tree ({why})"))?;
    let top = PathBuf::from(told.trim_end_matches(['\n', '\r']));
    let top = top.canonicalize().map_err(|error| error.to_string())?;
    let inside = path.strip_prefix(&top).map_err(|error| error.to_string())?;
    let inside = inside.to_str().ok_or("its path is not UTF-8")?.to_owned();
    Ok((top, inside))
}

async fn tell(top: &Path, paths: &Paths, branch: Option<&str>) -> Answer {
    let upstream = match upstream(top, branch).await {
        Ok(upstream) => upstream,
        Err(why) => return Answer { name: top.display().to_string(), said: Err(why) },
    };
    let name = format!("{} of {}", upstream.branch, without_userinfo(&upstream.remote));
    let said = async {
        let commit = upstream.tip(top).await?;
        let switches =
            if paths.places.is_empty() { Vec::new() } else { tree::switches(top, &commit, &paths.places).await? };
        let colors = match &paths.colors {
            Some(path) => tree::text(top, &commit, path).await?,
            None => None,
        };
        Ok(Said { switches, colors, tip: Tip { top: top.to_owned(), commit } })
    };
    Answer { said: said.await, name }
}

/// A branch of a remote.
struct Upstream {
    remote: String,
    branch: String,
}

/// The branch that is asked: the one that is named, else the one that the checked out branch follows.
async fn upstream(top: &Path, branch: Option<&str>) -> Result<Upstream, String> {
    let named = "name the branch that the switchers follow by --branch";
    let head = git(top, &["symbolic-ref", "--quiet", "--short", "HEAD"]).await.ok().map(line);
    let follows = match &head {
        Some(head) => setting(top, &format!("branch.{head}.remote")).await.filter(|remote| remote != "."),
        None => None,
    };
    if let Some(branch) = branch {
        return named_upstream(top, branch, follows).await;
    }
    let Some(head) = head else { return Err(format!("no branch is checked out: {named}")) };
    let merge = setting(top, &format!("branch.{head}.merge")).await;
    match (follows, merge.as_deref().and_then(|merge| merge.strip_prefix("refs/heads/"))) {
        (Some(remote), Some(branch)) => Ok(Upstream { remote, branch: branch.to_owned() }),
        _ => Err(format!("its branch {head} follows no branch of a remote: {named}")),
    }
}

/// A branch that somebody names. Of several remotes the one that the checked out branch follows may be a fork, and the branch
/// there a year old.
async fn named_upstream(top: &Path, branch: &str, follows: Option<String>) -> Result<Upstream, String> {
    let told = git(top, &["remote"]).await?;
    let remotes: Vec<&str> = told.lines().collect();
    let upstream = |remote: &str, branch: &str| Upstream { remote: remote.to_owned(), branch: branch.to_owned() };
    match (&remotes[..], follows) {
        ([only], _) => Ok(upstream(only, branch)),
        // Its address may stand there in the place of a name.
        ([], Some(follows)) => Ok(upstream(&follows, branch)),
        ([], None) => Err("it has no remote".to_owned()),
        _ => match branch.split_once('/').filter(|(remote, _)| remotes.contains(remote)) {
            Some((remote, branch)) => Ok(upstream(remote, branch)),
            None => Err(format!(
                "it has several remotes ({}): say which one the switchers follow by --branch REMOTE/{branch}",
                remotes.join(", ")
            )),
        },
    }
}

/// An address without the user and password that may stand in it.
fn without_userinfo(remote: &str) -> String {
    let Some((scheme, rest)) = remote.split_once("://") else { return remote.to_owned() };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

async fn setting(top: &Path, name: &str) -> Option<String> {
    git(top, &["config", "--get", name]).await.ok().map(line).filter(|value| !value.is_empty())
}

fn line(told: String) -> String {
    told.trim_end_matches(['\n', '\r']).to_owned()
}

impl Upstream {
    /// Its newest commit, fetched when this clone has not got it.
    async fn tip(&self, top: &Path) -> Result<String, String> {
        let reference = format!("refs/heads/{}", self.branch);
        let told = command::remote(top, &["ls-remote", "--", &self.remote, &reference]).await?;
        let tip = told.lines().filter_map(|line| line.split_once('\t')).find(|(_, name)| *name == reference);
        let commit = tip.map(|(id, _)| id.to_owned()).ok_or("the remote has no such branch")?;
        let peeled = format!("{commit}^{{commit}}");
        if git(top, &["cat-file", "-e", &peeled]).await.is_err() {
            command::remote(top, &[FETCH, &["--", self.remote.as_str(), reference.as_str()]].concat()).await?;
            git(top, &["cat-file", "-e", &peeled]).await.map_err(|_| "it changed while it was fetched".to_owned())?;
        }
        Ok(commit)
    }
}

#[cfg(test)]
mod tests {
    use super::without_userinfo;

    #[test]
    fn g9_an_address_is_told_without_what_opens_it() {
        for (remote, told) in [
            ("origin", "origin"),
            ("https://ada:hunter2@git.contoso.com/fleet", "https://git.contoso.com/fleet"),
            ("https://hunter2@git.contoso.com", "https://git.contoso.com"),
            ("https://a:b@c@git.contoso.com/x@y", "https://git.contoso.com/x@y"),
            ("git@git.contoso.com:fleet", "git@git.contoso.com:fleet"),
            ("/srv/git/fleet", "/srv/git/fleet"),
        ] {
            assert_eq!(without_userinfo(remote), told);
        }
    }
}
