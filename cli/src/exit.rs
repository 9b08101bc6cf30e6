//! Exit codes, the same for every command and told in `--help`.

use std::fmt;
use std::process::ExitCode;

/// Everything is as wanted.
pub(crate) const FINE: u8 = 0;
/// The answer is *no*: not settled, not equal, mistakes found.
pub(crate) const NOT_SO: u8 = 1;
/// The command line, a file or a Secret is wrong.
pub(crate) const USAGE: u8 = 2;
/// Something that is needed can't be reached.
pub(crate) const UNREACHABLE: u8 = 3;
/// Refused: someone else was faster, or the state does not allow it. Nothing was changed.
pub(crate) const REFUSED: u8 = 4;

/// The table for `--help`.
pub(crate) const HELP: &str = "\
Exit codes:
  0  done, or everything is as wanted
  1  the answer is no: something moves, waits or is wrong; mistakes were found
  2  the command line, a file or a Secret is wrong
  3  something that is needed can't be reached
  4  refused: someone else was faster, or the state does not allow it; nothing was changed";

/// Marks an error as [`UNREACHABLE`].
#[derive(Debug)]
pub(crate) struct Unreachable(pub(crate) String);

/// Marks an error as [`REFUSED`].
#[derive(Debug)]
pub(crate) struct Refused(pub(crate) String);

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreachable {}
impl std::error::Error for Refused {}

/// The code of an error: what marks it, anywhere in its chain.
pub(crate) fn code(error: &anyhow::Error) -> ExitCode {
    if error.downcast_ref::<Unreachable>().is_some() {
        ExitCode::from(UNREACHABLE)
    } else if error.downcast_ref::<Refused>().is_some() {
        ExitCode::from(REFUSED)
    } else {
        ExitCode::from(USAGE)
    }
}
