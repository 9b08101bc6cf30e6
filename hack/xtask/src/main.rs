//! The project's chores. Depends on nothing heavy, so that it is built in seconds on a fresh clone
//! and can say what is missing before anything long begins.

mod bench;
mod chart;
mod conformance;
#[cfg(test)]
mod dashboards;
mod demo;
mod foreign;
mod fuzz;
mod generate;
mod go_output;
mod go_tools;
mod layers;
mod prerequisites;
mod run;
mod suites;
mod test;
mod tools;
mod workspace;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask <command>

  test [--fast] [--seed N] [FILTER]
                             everything CI checks; FILTER runs only the tests whose names contain it
  demo [--once] [--fleet DIR] [--on azure|bind] [--faster N]
                             two real control planes on this machine, from commit to a retired cluster
  bench sync | fleet DIR | render [SIZE…]
                             measurements, each beside its yardstick from the same run
  conformance [FILTER]       teal build on every case of kustomize's own suite, into docs/conformance.md
  prove render|fuzz [MINUTES] [SEED]
                             rendering beside kustomize on generated input, or on inputs nobody would write, for long
  prove clients [NAME…]      foreign clients against the Azure emulator, all of them into docs/foreign-clients.md
  generate [--check]         write CRDs, manifests and reference pages; --check only compares
  layers                     check that the pure crates stay pure
  tools [control-plane|helm|kustomize|sops]
                             build the Go programs the tests run, once, into a cache
";

fn main() -> ExitCode {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    if args.is_empty() {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    }
    let command = args.remove(0);
    let outcome = match command.as_str() {
        "test" => test::main(&args),
        "demo" => demo::main(&args),
        "bench" => bench::main(&args),
        "conformance" => conformance::main(&args),
        "prove" if args.first().is_some_and(|what| what == "clients") => foreign::main(&args[1..]),
        "prove" => conformance::prove(&args),
        "generate" => generate::main(&args),
        "layers" => layers::main(&args),
        "tools" => tools::main(&args),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        other => {
            eprint!("xtask: there is no command `{other}`\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask {command}: {error:#}");
            ExitCode::FAILURE
        }
    }
}
