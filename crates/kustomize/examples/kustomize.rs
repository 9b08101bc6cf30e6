//! `kustomize build ROOT DIR` on a folder: prints the objects, or every mistake. `--time` prints how long it took,
//! `--fifo` keeps the order, `--root-only` forbids files outside of their kustomization's folder.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command")]

use std::process::ExitCode;
use std::time::Instant;
use teal_kustomize::{FolderTree, LoadRestrictor, Options, Reorder, build};

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut flag = |name: &str| {
        let before = arguments.len();
        arguments.retain(|argument| argument != name);
        arguments.len() < before
    };
    let (timed, fifo, root_only) = (flag("--time"), flag("--fifo"), flag("--root-only"));
    let [root, dir] = arguments.as_slice() else {
        eprintln!("usage: kustomize ROOT DIR [--time] [--fifo] [--root-only]");
        return ExitCode::from(64);
    };
    let start = Instant::now();
    let options = Options {
        reorder: if fifo { Reorder::None } else { Reorder::Legacy },
        restrictor: if root_only { LoadRestrictor::RootOnly } else { LoadRestrictor::None },
    };
    let built = match FolderTree::open(root).map_err(Into::into).and_then(|tree| build(&tree, dir, &options)) {
        Ok(built) => built,
        Err(errors) => {
            eprintln!("{errors}");
            return ExitCode::FAILURE;
        }
    };
    if timed {
        eprintln!("{} objects, {} paths read, {:?}", built.objects.len(), built.reads.len(), start.elapsed());
        return ExitCode::SUCCESS;
    }
    let printed: Vec<String> = built.objects.iter().map(|object| teal_yaml::write(&object.value)).collect();
    print!("{}", printed.join("---\n"));
    ExitCode::SUCCESS
}
