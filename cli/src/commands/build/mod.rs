//! `teal build`: what `kustomize build` prints, from a folder or a git revision; or every unit of a fleet.

mod arguments;
mod disk;
mod failure;
mod fleet;
mod names;
mod output;
mod place;
mod revision;

use serde_json::Value;
use teal_kustomize::{LoadRestrictor, Options, Reorder};

use crate::exit::{FINE, NOT_SO};
pub(crate) use arguments::Build;
use arguments::{Order, Restrictor};
use failure::Failure;
use output::Output;
use place::Place;

/// Runs the command: 0 when everything was built, 1 when anything is wrong.
pub(crate) fn run(build: &Build) -> u8 {
    let outcome = build.check().and_then(|()| if build.fleet { fleet::run(build) } else { kustomize(build) });
    match outcome {
        Ok(()) => FINE,
        Err(failure) => {
            // Whoever closed the pipe does not want to hear why.
            if !failure.is_closed_pipe() {
                eprintln!("Error: {failure}");
            }
            NOT_SO
        }
    }
}

fn kustomize(build: &Build) -> Result<(), Failure> {
    let place = Place::of(build)?;
    let options = Options {
        reorder: match build.reorder {
            Order::Legacy => Reorder::Legacy,
            Order::None => Reorder::None,
        },
        restrictor: match build.load_restrictor {
            Restrictor::LoadRestrictionsRootOnly => LoadRestrictor::RootOnly,
            Restrictor::LoadRestrictionsNone => LoadRestrictor::None,
        },
    };
    let built = teal_kustomize::build(place.tree.as_ref(), &place.dir, &options).map_err(|errors| {
        let failure = Failure::build(&errors, &place.shown);
        if place.is_fleet() {
            failure.with_hint("this folder holds a teal.yaml; add --fleet to render its units")
        } else {
            failure
        }
    })?;
    let values: Vec<&Value> = built.objects.iter().map(|object| &object.value).collect();
    match Output::of(build) {
        Output::Stdout => output::print(&values),
        Output::File(file) => output::write_file(file, &values),
        Output::Folder(folder) => output::write_folder(folder, &values),
    }
}
