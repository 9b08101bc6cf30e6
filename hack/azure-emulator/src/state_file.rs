//! State in a file: read at the start, replaced as a whole after each change.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::provider::Background;
use crate::shared::Shared;
use crate::world::World;

/// Changes within this time are written together.
const GATHER: Duration = Duration::from_millis(50);

/// Reads the state; `None` when there is no file yet.
pub(crate) fn load(file: &Path) -> Result<Option<World>> {
    match fs::read(file) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(|mut world: World| {
                world.store.reindex();
                Some(world)
            })
            .with_context(|| {
                format!("{} holds no state of this emulator; move it away to start empty", file.display())
            }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("read the state in {}", file.display())),
    }
}

/// Writes the state beside the file and moves it there: a reader and the next start see the old or the new.
pub(crate) fn save(shared: &Shared, file: &Path) -> Result<()> {
    let bytes = shared.with(|world| serde_json::to_vec_pretty(world)).context("put the state into words")?;
    let fresh = file.with_extension(format!("{}.new", std::process::id()));
    fs::write(&fresh, bytes)
        .and_then(|()| fs::rename(&fresh, file))
        .with_context(|| format!("write the state to {}", file.display()))
}

/// Saves after changes until the end.
pub(crate) fn keep(background: &Background, file: PathBuf) {
    let (shared, stop) = (background.shared.clone(), background.stop.clone());
    background.tasks.spawn(stop.run_until_cancelled_owned(async move {
        let mut changed = shared.changed();
        while changed.changed().await.is_ok() {
            tokio::time::sleep(GATHER).await;
            changed.borrow_and_update();
            let (shared, file) = (shared.clone(), file.clone());
            let saved = tokio::task::spawn_blocking(move || save(&shared, &file)).await;
            if let Ok(Err(error)) = saved {
                tracing::error!(error = format!("{error:#}"), "the state was not saved");
            }
        }
    }));
}
