//! Following a `go build -v` while it runs.

use std::io::{BufRead, BufReader};
use std::process::Child;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// What `go build -v` prints: a package a line as it is compiled, and errors among them.
pub(crate) struct GoOutput {
    count: Arc<AtomicUsize>,
    last: Arc<Mutex<Vec<String>>>,
}

impl GoOutput {
    const KEPT: usize = 40;

    /// Reads the standard error of a `go` started with it piped.
    pub(crate) fn of(go: &mut Child) -> Self {
        let output = Self { count: Arc::default(), last: Arc::default() };
        if let Some(stderr) = go.stderr.take() {
            let (count, last) = (Arc::clone(&output.count), Arc::clone(&output.last));
            thread::spawn(move || {
                for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                    count.fetch_add(1, Ordering::Relaxed);
                    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                    if last.len() == Self::KEPT {
                        last.remove(0);
                    }
                    last.push(line);
                }
            });
        }
        output
    }

    /// How many lines there were: nearly the number of packages compiled.
    pub(crate) fn lines(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// The last lines, which hold the errors when there were any.
    pub(crate) fn tail(&self) -> String {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }
}
