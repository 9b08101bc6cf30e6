//! Ports that stay ours, also while the server behind one is down.

use std::fs::{self, File};
use std::io;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::net::TcpSocket;

/// Below the range from which Linux picks ports for outgoing connections: a stopped server's port cannot be taken by
/// some client meanwhile, not even by one that keeps trying to connect to exactly this port.
const RANGE: std::ops::Range<u16> = 20_000..32_000;

/// One TCP port on 127.0.0.1 that no other testkit on this machine uses while this value lives.
#[derive(Debug)]
pub struct Port {
    number: u16,
    // Held for its lock, which ends with the process in every case.
    _lock: File,
}

impl Port {
    /// Reserves a free port.
    ///
    /// # Errors
    /// When the lock files cannot be written or all ports are in use.
    pub fn reserve() -> Result<Self> {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let locks = std::env::temp_dir().join("teal-testkit-ports");
        fs::create_dir_all(&locks).with_context(|| format!("create {}", locks.display()))?;
        // Processes begin at different places, so that they rarely try the same port.
        let begin = u16::try_from(std::process::id().wrapping_mul(97) % u32::from(RANGE.len() as u16)).unwrap_or(0);
        for _ in RANGE {
            let step = NEXT.fetch_add(1, Ordering::Relaxed);
            let offset = (u32::from(begin) + u32::from(step)) % RANGE.len() as u32;
            let number = RANGE.start + u16::try_from(offset).unwrap_or(0);
            let path = locks.join(number.to_string());
            let lock = File::options().create(true).append(true).open(&path);
            let lock = lock.with_context(|| format!("open {}", path.display()))?;
            if lock.try_lock().is_ok() && is_free(Ipv4Addr::LOCALHOST, number).is_ok() {
                return Ok(Self { number, _lock: lock });
            }
        }
        bail!("no port between {} and {} is free", RANGE.start, RANGE.end)
    }

    /// The number.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.number
    }
}

/// Fails when somebody listens there. The socket that finds out never listens itself: a child that is being started just
/// then has a copy of it for a moment, which keeps nobody from listening.
pub(crate) fn is_free(address: Ipv4Addr, port: u16) -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind((address, port).into())
}

/// Longest time that a port of ours can be held by a child on its way to its own program.
const HELD: Duration = Duration::from_secs(30);

/// Listens on a port that is ours. Until a child that is being started has begun its program it has copies of all sockets
/// of this process, also of one that is closed here since: that is waited for.
pub(crate) async fn listening<T, F: Future<Output = io::Result<T>>>(listen: impl Fn() -> F) -> io::Result<T> {
    let begun = Instant::now();
    loop {
        match listen().await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && begun.elapsed() < HELD => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            listening => return listening,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::{Port, is_free, listening};

    #[test]
    fn two_ports_differ_and_can_be_listened_on() {
        let (one, two) = (Port::reserve().unwrap(), Port::reserve().unwrap());
        assert_ne!(one.number(), two.number());
        let holder = TcpListener::bind(("127.0.0.1", one.number())).unwrap();
        assert!(is_free(Ipv4Addr::LOCALHOST, one.number()).is_err(), "somebody listens");
        drop(holder);
        is_free(Ipv4Addr::LOCALHOST, one.number()).unwrap();
    }

    #[tokio::test]
    async fn a_copy_that_a_child_has_for_a_moment_is_waited_for() {
        let port = Port::reserve().unwrap();
        let listen = || tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port.number()));
        let first = listen().await.unwrap().into_std().unwrap();
        let copy = first.try_clone().unwrap();
        drop(first);
        let tries = std::cell::Cell::new(0);
        let copy = std::cell::Cell::new(Some(copy));
        let again = listening(|| {
            tries.set(tries.get() + 1);
            if tries.get() == 3 {
                drop(copy.take());
            }
            listen()
        });
        again.await.unwrap();
        assert_eq!(tries.get(), 3);
    }
}
