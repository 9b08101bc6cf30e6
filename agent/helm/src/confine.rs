//! What a child may not do: no network, no files but its own, no look at other processes, no new privileges, bounded
//! resources. All of it is set between fork and exec, needs no privileges, and holds for everything the child starts (SYNC §10).
//!
//! Which files are its own is said in `fence`. Against the network a filter of system calls is used and not a namespace, because the usual profile of a container forbids
//! unprivileged namespaces and allows this.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use landlock::{RulesetCreated, RulesetStatus};
use rustix::fs::{Mode, OFlags, open};
use rustix::net::{AddressFamily, SocketType, socket};
use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};
use rustix::thread::set_no_new_privs;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};

use crate::fence::fence;

/// Calls that rendering a chart needs at no time.
const DENIED: &[libc::c_long] = &[
    // The network, by whatever door.
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_send_signal,
    // Other worlds.
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_kexec_load,
];

/// Bounds of one child.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// CPU time in seconds.
    pub(crate) cpu_seconds: u64,
    /// Bytes of data; far above what is watched for, in case nobody gets to watch.
    pub(crate) data: u64,
}

/// Which walls are built around a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Walls {
    /// No network, no other processes.
    pub(crate) network: bool,
    /// No files but its own.
    pub(crate) files: bool,
}

impl Walls {
    /// Both, which is what a chart gets unless less was allowed.
    pub(crate) const ALL: Self = Self { network: true, files: true };
    /// None.
    pub(crate) const NONE: Self = Self { network: false, files: false };
}

/// Walls made before the fork: nothing may allocate after it.
pub(crate) struct Built {
    network: Option<BpfProgram>,
    files: Option<RulesetCreated>,
}

impl Built {
    /// Walls around a run of `program` that lives in the folder `home`.
    ///
    /// # Errors
    /// When the kernel knows no rules for files, or the library not this architecture; or there is no program.
    pub(crate) fn around(program: &Path, home: &Path, walls: Walls) -> io::Result<Self> {
        let network = walls.network.then(filter).transpose()?;
        let files = walls.files.then(|| fence(program, home)).transpose()?;
        Ok(Self { network, files })
    }
}

fn filter() -> io::Result<BpfProgram> {
    let rules: BTreeMap<i64, Vec<_>> = DENIED.iter().map(|call| (*call, Vec::new())).collect();
    let denied = SeccompAction::Errno(libc::EPERM.cast_unsigned());
    let architecture = std::env::consts::ARCH.try_into().map_err(io::Error::other)?;
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, denied, architecture).map_err(io::Error::other)?;
    filter.try_into().map_err(io::Error::other)
}

/// Confines what `command` will start. A wall that does not stand keeps it from starting: `ENOSYS` for the one against the
/// network, `EOPNOTSUPP` for the one around files.
#[allow(unsafe_code)]
pub(crate) fn confine(command: &mut Command, walls: Built, bounds: Bounds) {
    command.process_group(0);
    let Built { network, mut files } = walls;
    // SAFETY: between fork and exec only async-signal-safe calls are allowed. Everything below is a system call, both walls
    // were made before, and nothing allocates: errors are made from plain numbers.
    unsafe {
        command.pre_exec(move || {
            // The parent's thread waits for the child: without it nobody would watch any more.
            set_parent_process_death_signal(Some(Signal::KILL))?;
            limit(Resource::Core, 0)?;
            limit(Resource::Cpu, bounds.cpu_seconds)?;
            limit(Resource::Data, bounds.data)?;
            set_no_new_privs(true)?;
            if let Some(files) = files.take() {
                let applied = files.restrict_self().is_ok_and(|now| now.ruleset != RulesetStatus::NotEnforced);
                // Believed when seen, as below: the root of the file system is nobody's own.
                let root = open(c"/", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
                if !applied || root.is_ok() {
                    return Err(rustix::io::Errno::OPNOTSUPP.into());
                }
            }
            let Some(filter) = &network else { return Ok(()) };
            let applied = apply_filter(filter).is_ok();
            // Believed when seen: this very process can't open a socket any more.
            if !applied || socket(AddressFamily::INET, SocketType::STREAM, None).is_ok() {
                return Err(rustix::io::Errno::NOSYS.into());
            }
            Ok(())
        });
    }
}

fn limit(resource: Resource, most: u64) -> rustix::io::Result<()> {
    setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })
}

#[cfg(test)]
#[path = "confine_tests.rs"]
mod tests;
