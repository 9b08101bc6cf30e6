//! What a child may not do: no network, no look at other processes, no new privileges, bounded resources. All of it is set
//! between fork and exec, needs no privileges, and holds for everything the child starts (SYNC §10).
//!
//! A filter of system calls is used and not a network namespace, because the usual profile of a container forbids
//! unprivileged namespaces and allows this.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::net::{AddressFamily, SocketType, socket};
use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};
use rustix::thread::set_no_new_privs;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};

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

/// The filter, made before the fork: nothing may allocate after it.
///
/// # Errors
/// When this architecture is not known to the library.
pub(crate) fn filter() -> io::Result<BpfProgram> {
    let rules: BTreeMap<i64, Vec<_>> = DENIED.iter().map(|call| (*call, Vec::new())).collect();
    let denied = SeccompAction::Errno(libc::EPERM.cast_unsigned());
    let architecture = std::env::consts::ARCH.try_into().map_err(io::Error::other)?;
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, denied, architecture).map_err(io::Error::other)?;
    filter.try_into().map_err(io::Error::other)
}

/// Confines what `command` will start. `filter` is `None` where the network could not be denied and that was allowed.
#[allow(unsafe_code)]
pub(crate) fn confine(command: &mut Command, filter: Option<BpfProgram>, bounds: Bounds) {
    command.process_group(0);
    // SAFETY: between fork and exec only async-signal-safe calls are allowed. Everything below is a system call, the filter
    // was made before, and nothing allocates: errors are made from plain numbers.
    unsafe {
        command.pre_exec(move || {
            // The parent's thread waits for the child: without it nobody would watch any more.
            set_parent_process_death_signal(Some(Signal::KILL))?;
            limit(Resource::Core, 0)?;
            limit(Resource::Cpu, bounds.cpu_seconds)?;
            limit(Resource::Data, bounds.data)?;
            set_no_new_privs(true)?;
            let Some(filter) = &filter else { return Ok(()) };
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
mod tests {
    use super::*;
    use std::process::Stdio;

    /// Runs a shell line confined; whether it succeeded, and what it wrote.
    fn run(line: &str, filter: Option<BpfProgram>) -> (bool, String) {
        let mut command = Command::new("bash");
        command.args(["-c", line]).env_clear().stdin(Stdio::null()).stderr(Stdio::piped()).stdout(Stdio::piped());
        confine(&mut command, filter, Bounds { cpu_seconds: 5, data: 1 << 30 });
        let output = command.output().unwrap();
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout),
        )
    }

    #[test]
    fn a_confined_child_reaches_no_network_and_no_other_process() {
        let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = server.local_addr().unwrap().port();
        let connect = format!("exec 3<>/dev/tcp/127.0.0.1/{port} && echo there");
        let (went, said) = run(&connect, None);
        assert!(went && said.contains("there"), "the test itself can connect: {said}");
        let (went, said) = run(&connect, Some(filter().unwrap()));
        assert!(!went && !said.contains("there"), "{said}");
        let (went, _) = run(&format!("kill -0 {}", std::process::id()), Some(filter().unwrap()));
        assert!(!went, "nor may it send signals");
        let (went, said) = run("echo works; ulimit -c", Some(filter().unwrap()));
        assert!(went && said.contains("works\n0"), "{said}");
    }
}
