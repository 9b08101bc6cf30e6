//! Prints what a kustomization makes, and which paths of the tree it depends on:
//! `cargo run -p teal-kustomize --example build -- ROOT DIR [--legacy]`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example prints")]

use std::process::ExitCode;
use teal_kustomize::{FolderTree, Options, Reorder, build};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [root, dir, rest @ ..] = arguments.as_slice() else {
        eprintln!("usage: build ROOT DIR [--legacy]");
        return ExitCode::FAILURE;
    };
    let reorder = if rest.iter().any(|flag| flag == "--legacy") { Reorder::Legacy } else { Reorder::None };
    let options = Options { reorder, ..Options::default() };
    let built = FolderTree::open(root).map_err(Into::into).and_then(|tree| build(&tree, dir, &options));
    match built {
        Ok(built) => {
            let documents: Vec<String> = built.objects.iter().map(|object| teal_yaml::write(&object.value)).collect();
            print!("{}", documents.join("---\n"));
            built.reads.iter().for_each(|path| eprintln!("read {path}"));
            ExitCode::SUCCESS
        }
        Err(errors) => {
            eprintln!("{errors}");
            ExitCode::FAILURE
        }
    }
}
