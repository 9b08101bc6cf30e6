//! Which archives exactly: what `helm.lock` says of the charts of one folder, and what it does not say.

use std::cell::RefCell;

use teal_api::helm::{HelmLock, RemoteChart};
use teal_kustomize::{
    ChartFiles, ChartInflator, Entry, HelmChart, KUSTOMIZATION_FILE_NAMES, LoadRestrictor, Options, Tree, build_with,
};

use super::unit::{HELM_FILES, Sourced, Unit};
use super::{ChartSource, Charts, Inflated, Inflation, Wanted, kustomized};
use crate::RenderError;
use crate::plain::under;

const LOCK_FILE: &str = "helm.lock";

/// Charts that a folder fetches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// As declared.
    pub charts: Vec<RemoteChart>,
    /// Whether these are all. A kustomization whose build stops, be it only since the charts' objects are not there, may
    /// have others.
    pub whole: bool,
}

/// Every chart that the unit or the kustomization in `folder` fetches, for the command that writes `helm.lock` there.
/// Kustomizations that it names have locks of their own.
///
/// # Errors
/// Whatever keeps the folder's declaration from being read; that there is none.
pub fn remote_charts(tree: &dyn Tree, folder: &str) -> Result<Listed, Vec<RenderError>> {
    let has = |name: &str| matches!(tree.entry(&under(folder, name)), Ok(Some(Entry::File(_))));
    let mut errors = Vec::new();
    let Some(file) = HELM_FILES.into_iter().find(|name| has(name)) else {
        if KUSTOMIZATION_FILE_NAMES.into_iter().any(has) {
            return of_kustomization(tree, folder);
        }
        let message = "there is neither a helm.yaml nor a Chart.yaml nor a kustomization; name the folder that has one";
        let (file, message) = (folder.to_owned(), message.to_owned());
        return Err(vec![RenderError::Helm { file, reason: "ChartInvalid", message }]);
    };
    let file = under(folder, file);
    let unit = Unit { tree, folder, file: &file, color: "", charts: Charts::default(), clear: None };
    let sources = unit.declaration(&mut errors).and_then(|helm| unit.source(&helm, &HelmLock::default(), &mut errors));
    match sources {
        Some(source) if errors.is_empty() => Ok(Listed { charts: fetched_by(source).collect(), whole: true }),
        _ => Err(errors),
    }
}

fn fetched_by(source: Sourced) -> impl Iterator<Item = RemoteChart> {
    let own = match source.chart {
        ChartSource::Remote(wanted) => Some(*wanted),
        ChartSource::Files(_) => None,
    };
    own.into_iter().chain(source.dependencies).map(|wanted| wanted.chart)
}

fn of_kustomization(tree: &dyn Tree, folder: &str) -> Result<Listed, Vec<RenderError>> {
    let listing = Listing { folder, charts: RefCell::default() };
    let options = Options { restrictor: LoadRestrictor::None, ..Options::default() };
    let built = build_with(tree, folder, &options, Some(&listing));
    let (charts, problems) = listing.charts.into_inner();
    match built {
        // Without the charts' objects patches find nothing: that says nothing of the charts.
        Err(errors) if charts.is_empty() || !problems.is_empty() => {
            Err(errors.0.into_iter().map(RenderError::Build).collect())
        }
        built => Ok(Listed { charts, whole: built.is_ok() }),
    }
}

/// Lists charts instead of rendering them.
struct Listing<'a> {
    folder: &'a str,
    charts: RefCell<(Vec<RemoteChart>, Vec<String>)>,
}

impl ChartInflator for Listing<'_> {
    fn inflate(&self, asked: &HelmChart, files: &ChartFiles<'_>) -> Result<Vec<u8>, String> {
        if files.dir() == self.folder {
            let mut charts = self.charts.borrow_mut();
            match kustomized::source(asked, files, &HelmLock::default(), None) {
                Ok(source) => charts.0.extend(fetched_by(source)),
                Err(problem) => {
                    charts.1.push(problem.clone());
                    return Err(problem);
                }
            }
        }
        Ok(Vec::new())
    }
}

/// `helm.lock` of a folder; an empty one where there is none.
pub(crate) fn read_lock(tree: &dyn Tree, folder: &str, errors: &mut Vec<RenderError>) -> Option<HelmLock> {
    let file = under(folder, LOCK_FILE);
    match tree.entry(&file) {
        Ok(Some(Entry::File(bytes))) => match HelmLock::parse(&file, &String::from_utf8_lossy(&bytes)) {
            Ok(lock) => return Some(lock),
            Err(mistakes) => errors.extend(mistakes.0.into_iter().map(RenderError::Settings)),
        },
        Ok(Some(Entry::Link)) => errors.push(RenderError::Link { path: file }),
        Ok(_) => return Some(HelmLock::default()),
        Err(error) => errors.push(error.into()),
    }
    None
}

pub(crate) fn want(chart: &RemoteChart, lock: &HelmLock) -> Wanted {
    // A digest in helm.yaml wins: whoever wrote it there meant it.
    let locked = lock.find(chart).cloned();
    let locked = locked.filter(|locked| chart.digest.as_ref().is_none_or(|digest| *digest == locked.digest));
    Wanted { chart: chart.clone(), locked }
}

/// What was fetched without a lock: anybody could have changed it since, and the other cluster may have got another one.
pub(crate) fn unlocked(file: &str, folder: &str, inflation: &Inflation, inflated: &Inflated) -> Vec<String> {
    let own = match &inflation.chart {
        ChartSource::Remote(wanted) => Some(&**wanted),
        ChartSource::Files(_) => None,
    };
    let wanted = || own.into_iter().chain(&inflation.dependencies);
    let is_locked =
        |name: &str, digest: &str| wanted().any(|wanted| wanted.chart.name == name && wanted.digest() == Some(digest));
    let fetched = inflated.fetched.iter().filter(|fetched| !is_locked(&fetched.name, &fetched.digest));
    let lock = under(folder, LOCK_FILE);
    fetched
        .map(|fetched| {
            format!(
                "{file}: chart {} {} is not locked; fetched was {}, write that to {lock} with `teal helm lock`",
                fetched.name, fetched.version, fetched.digest
            )
        })
        .collect()
}
