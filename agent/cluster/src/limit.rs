//! How many requests are under way at once. Shrinks when the server says it is too much, grows back slowly.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Requests at once when nothing says otherwise. Two cores of API server are saturated by about this many.
pub const DEFAULT_CONCURRENCY: usize = 16;
/// Never fewer than this.
const FLOOR: usize = 2;
/// Successes before one more is let in.
const GROW_AFTER: usize = 64;

/// A semaphore whose size follows the server's answers.
#[derive(Debug, Clone)]
pub struct Limiter(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    permits: Arc<Semaphore>,
    size: AtomicUsize,
    /// Places to take away as soon as they are given back.
    debt: AtomicUsize,
    successes: AtomicUsize,
    ceiling: usize,
}

/// One place; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    permit: Option<OwnedSemaphorePermit>,
    shared: Arc<Shared>,
}

impl Limiter {
    /// Starts at `ceiling` requests at once.
    #[must_use]
    pub fn new(ceiling: usize) -> Self {
        let ceiling = ceiling.max(FLOOR);
        Self(Arc::new(Shared {
            permits: Arc::new(Semaphore::new(ceiling)),
            size: AtomicUsize::new(ceiling),
            debt: AtomicUsize::new(0),
            successes: AtomicUsize::new(0),
            ceiling,
        }))
    }

    /// The most requests at once right now.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.size.load(Ordering::Relaxed)
    }

    /// Waits for a place.
    pub(crate) async fn place(&self) -> Place {
        // The semaphore is never closed, so a permit always comes; without one we would only be less polite.
        let permit = self.0.permits.clone().acquire_owned().await.ok();
        Place { permit, shared: self.0.clone() }
    }

    /// The server refused with 429: halves.
    pub(crate) fn too_many(&self) {
        self.0.successes.store(0, Ordering::Relaxed);
        let size = self.size();
        let smaller = (size / 2).max(FLOOR);
        if self.0.size.compare_exchange(size, smaller, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            let gone = self.0.permits.forget_permits(size - smaller);
            self.0.debt.fetch_add(size - smaller - gone, Ordering::Relaxed);
        }
    }

    pub(crate) fn went_well(&self) {
        if self.size() >= self.0.ceiling || self.0.successes.fetch_add(1, Ordering::Relaxed) < GROW_AFTER {
            return;
        }
        self.0.successes.store(0, Ordering::Relaxed);
        self.0.size.fetch_add(1, Ordering::Relaxed);
        self.0.permits.add_permits(1);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let owes = |debt: usize| debt.checked_sub(1);
        if self.shared.debt.fetch_update(Ordering::Relaxed, Ordering::Relaxed, owes).is_ok()
            && let Some(permit) = self.permit.take()
        {
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_refusal_halves_even_when_every_place_is_taken() {
        let limiter = Limiter::new(4);
        let taken = futures::future::join_all((0..4).map(|_| limiter.place())).await;
        limiter.too_many();
        assert_eq!(limiter.size(), 2);
        drop(taken);
        assert_eq!(limiter.0.permits.available_permits(), 2);
        limiter.too_many();
        assert_eq!(limiter.size(), FLOOR, "there is always a place in the end");
    }

    #[tokio::test]
    async fn successes_grow_it_back_to_where_it_was_and_no_further() {
        let limiter = Limiter::new(4);
        limiter.too_many();
        for _ in 0..GROW_AFTER * 10 {
            limiter.went_well();
        }
        assert_eq!((limiter.size(), limiter.0.permits.available_permits()), (4, 4));
    }
}
