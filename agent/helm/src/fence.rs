//! Which files a child may reach, as rules of Landlock: its own folder for everything, itself and what it needs to start for
//! reading, and nothing else. Rules hold for files and not for paths, so no link and no `..` leads around them.
//!
//! A program that is whole in itself, as Helm's own builds are, needs nothing but its file. One that is linked, or a script,
//! needs what the system keeps for all programs: no folder of those has secrets in it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, path_beneath_rules,
};

/// What every kernel with Landlock can enforce (5.13): reading, writing, starting, making and removing.
const LEAST: ABI = ABI::V1;
/// What is enforced where the kernel knows it: truncating, moving between folders, calls to devices.
const MOST: ABI = ABI::V5;
/// Where systems keep programs and libraries. `/usr/local/etc` and its like hold settings, no secrets of others.
const SYSTEM: [&str; 8] =
    ["/bin", "/sbin", "/usr", "/lib", "/lib64", "/nix/store", "/etc/ld.so.cache", "/etc/alternatives"];
/// Data that templates may ask for by the name of a time zone.
const ZONES: &str = "/usr/share/zoneinfo";
/// Shells write there.
const NOWHERE: &str = "/dev/null";
/// How much of a program is looked at.
const HEAD: u64 = 64 << 10;

/// Rules for a run of `program` that lives in the folder `home`.
///
/// # Errors
/// `NotFound` and its like when there is no program; `Unsupported` when the kernel has no Landlock.
pub(crate) fn fence(program: &Path, home: &Path) -> io::Result<RulesetCreated> {
    let mut head = Vec::new();
    File::open(program)?.take(HEAD).read_to_end(&mut head)?;
    let rules = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(LEAST))
        .map_err(|_| io::Error::from(io::ErrorKind::Unsupported))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(MOST))
        .and_then(Ruleset::create)
        .map_err(io::Error::other)?;
    let reading = AccessFs::from_read(MOST);
    let mut rules = with(rules, program, reading & AccessFs::from_file(MOST))?;
    if !is_whole(&head) {
        rules = rules.add_rules(path_beneath_rules(SYSTEM, reading)).map_err(io::Error::other)?;
        rules = with(rules, Path::new(NOWHERE), AccessFs::ReadFile | AccessFs::WriteFile)?;
    }
    // A script starts another program, which lies beside it or where the system has its own.
    if head.starts_with(b"#!")
        && let Some(beside) = program.parent()
    {
        rules = with(rules, beside, reading)?;
    }
    // Absent from small images, where the program has its own or none.
    rules = rules.add_rules(path_beneath_rules([ZONES], reading)).map_err(io::Error::other)?;
    with(rules, home, AccessFs::from_all(MOST))
}

/// One more rule; unlike the library's own helper it fails where there is no such file.
fn with(rules: RulesetCreated, path: &Path, access: impl Into<BitFlags<AccessFs>>) -> io::Result<RulesetCreated> {
    let file = PathFd::new(path).map_err(io::Error::other)?;
    rules.add_rule(PathBeneath::new(file, access)).map_err(io::Error::other)
}

/// Whether a program is an ELF file of 64 bits that asks for no loader, which would ask for libraries in turn.
fn is_whole(head: &[u8]) -> bool {
    const LOADER: usize = 3;
    let number = |at: usize, length: usize| {
        let bytes = head.get(at..at.checked_add(length)?)?;
        bytes.iter().rev().try_fold(0_usize, |sum, byte| sum.checked_mul(256)?.checked_add(usize::from(*byte)))
    };
    let asks = || -> Option<bool> {
        if head.get(..6)? != b"\x7fELF\x02\x01" {
            return None;
        }
        let (table, size, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
        for entry in 0..count {
            if number(table.checked_add(entry * size)?, 4)? == LOADER {
                return Some(true);
            }
        }
        Some(false)
    };
    asks() == Some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_whole_is_told_from_one_that_is_not() {
        let elf = |kinds: &[u8]| {
            let mut head = vec![0_u8; 64];
            head[..6].copy_from_slice(b"\x7fELF\x02\x01");
            (head[32], head[54], head[56]) = (64, 56, u8::try_from(kinds.len()).unwrap());
            for kind in kinds {
                head.extend([&[*kind], &[0_u8; 55][..]].concat());
            }
            head
        };
        assert!(is_whole(&elf(&[6, 1, 1, 4])));
        assert!(!is_whole(&elf(&[6, 3, 1])), "it asks for a loader");
        assert!(!is_whole(&elf(&[1, 1])[..100]), "what can't be read to its end may ask for one");
        for other in [&b"#!/bin/sh\n"[..], b"", b"\x7fELF", &[0xff; 64]] {
            assert!(!is_whole(other));
        }
    }
}
