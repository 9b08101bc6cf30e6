//! `teal-bench render`: `teal build` beside `kustomize build`, in turns, on the same files; outputs must be equal.

mod load;
mod measure;
mod page;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use load::Load;
use measure::Run;

pub(crate) use page::HEADING;

/// What to run and how often.
pub(crate) struct Plan {
    /// The measured program.
    pub teal: PathBuf,
    /// The yardstick.
    pub kustomize: PathBuf,
    /// Most objects that the yardstick gets: its time grows faster than the input.
    pub kustomize_up_to: usize,
    /// Turns for loads up to 2,000 objects; larger ones get one turn of the yardstick.
    pub turns: usize,
    /// Numbers of objects.
    pub sizes: Vec<usize>,
}

/// One load of one size, both programs.
pub(crate) struct Line {
    load: Load,
    objects: usize,
    teal: Vec<Run>,
    kustomize: Vec<Run>,
}

/// Measures everything, prints each line as soon as it is there, and returns the section for the page.
pub(crate) fn run(plan: &Plan) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let mut lines = Vec::new();
    for load in load::ALL {
        for &size in plan.sizes.iter().filter(|size| load.sizes(**size)) {
            let root = folder.path().join(format!("{}-{size}", load.name()));
            load.write(&root, size)?;
            let line = measure(plan, load, size, &root)?;
            eprintln!("{}", page::row(&line).trim_end());
            lines.push(line);
            std::fs::remove_dir_all(&root).context("remove a load")?;
        }
    }
    Ok(page::section(&lines))
}

fn measure(plan: &Plan, load: Load, objects: usize, root: &Path) -> Result<Line> {
    let mut line = Line { load, objects, teal: Vec::new(), kustomize: Vec::new() };
    let yardstick_turns = match objects {
        _ if objects > plan.kustomize_up_to => 0,
        0..=2_000 => plan.turns,
        _ => 1,
    };
    for turn in 0..plan.turns.max(yardstick_turns) {
        let ours = load.teal(&plan.teal, root)?;
        if turn < yardstick_turns {
            let theirs = load.kustomize(&plan.kustomize, root)?;
            ensure!(
                ours.digest == theirs.digest || load.is_other_text(),
                "the outputs differ; what is measured would mean nothing"
            );
            line.kustomize.push(theirs);
        }
        line.teal.push(ours);
    }
    Ok(line)
}
