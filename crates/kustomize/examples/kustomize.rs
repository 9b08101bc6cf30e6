//! `kustomize build ROOT DIR` on a folder: prints the objects, or every mistake. `--time` prints how long it took.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command")]

use std::process::ExitCode;
use std::time::Instant;
use teal_kustomize::{FolderTree, LoadRestrictor, Options, build};

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let timed = arguments.iter().any(|argument| argument == "--time");
    arguments.retain(|argument| argument != "--time");
    let [root, dir] = arguments.as_slice() else {
        eprintln!("usage: kustomize ROOT DIR [--time]");
        return ExitCode::from(64);
    };
    let start = Instant::now();
    let options = Options { restrictor: LoadRestrictor::None, ..Options::default() };
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
