//! Process-global settings of libgit2, made once. The one file of this crate with `unsafe`: docs/decisions/0003-git.md.
#![allow(unsafe_code)]

use std::sync::OnceLock;

use git2::ConfigLevel;

use crate::transport;

/// Most bytes of pack files that libgit2 keeps mapped, over all repositories.
const MAPPED_LIMIT: usize = 64 << 20;
/// Most bytes of parsed objects that libgit2 keeps, over all repositories.
const OBJECT_CACHE: isize = 8 << 20;

static DONE: OnceLock<Result<(), String>> = OnceLock::new();

/// Sets everything up on the first call and returns what came of it on every call.
///
/// # Errors
/// What libgit2 said; nothing in this crate works then.
pub(crate) fn set_up() -> Result<(), String> {
    DONE.get_or_init(|| {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Losing a race to another caller is fine: there is a provider then.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        git2::opts::strict_hash_verification(true);
        git2::opts::strict_object_creation(true);
        // SAFETY: libgit2 asks that its options and transports are not changed while another thread uses them.
        // `OnceLock` lets one thread do this, every function of this crate comes through here before it touches
        // libgit2, and no other crate of the workspace uses libgit2 (checked by `cargo xtask layers`).
        unsafe { configure() }.map_err(|error| error.message().to_owned())
    })
    .clone()
}

unsafe fn configure() -> Result<(), git2::Error> {
    // SAFETY: see the caller.
    unsafe {
        // Stores are ours; a volume's files often belong to another uid in a container.
        git2::opts::set_verify_owner_validation(false)?;
        // No file of the machine or its user may rewrite addresses (`insteadOf`) or set a proxy.
        for level in [ConfigLevel::System, ConfigLevel::Global, ConfigLevel::XDG, ConfigLevel::ProgramData] {
            git2::opts::set_search_path(level, "")?;
        }
        git2::opts::set_mwindow_mapped_limit(MAPPED_LIMIT)?;
        git2::opts::set_cache_max_size(OBJECT_CACHE)?;
        // Ours goes before the built-in one, which is without TLS, deadline and caps.
        git2::transport::register("http", transport::make)?;
        git2::transport::register("https", transport::make)?;
    }
    Ok(())
}
