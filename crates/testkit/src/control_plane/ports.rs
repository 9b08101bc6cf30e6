//! Ports that stay ours, also while the server behind one is down.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Context, Result, bail};

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
            if lock.try_lock().is_ok() && TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok() {
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

#[cfg(test)]
mod tests {
    use super::Port;

    #[test]
    fn two_ports_differ_and_can_be_listened_on() {
        let (one, two) = (Port::reserve().unwrap(), Port::reserve().unwrap());
        assert_ne!(one.number(), two.number());
        std::net::TcpListener::bind(("127.0.0.1", one.number())).unwrap();
    }
}
