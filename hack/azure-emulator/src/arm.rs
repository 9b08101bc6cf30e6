//! The rules that all resource types share: ids, calls, answers, errors, paging, versions.

pub(crate) mod call;
pub(crate) mod condition;
pub(crate) mod dispatch;
pub(crate) mod error;
pub(crate) mod id;
pub(crate) mod late;
pub(crate) mod lro;
pub(crate) mod paging;
pub(crate) mod path;
pub(crate) mod reply;
pub(crate) mod versions;

pub(crate) use call::{Call, Principal};
pub(crate) use error::{ArmError, ErrorStyle};
pub(crate) use id::{ResourceId, Scope};
pub(crate) use path::Target;
pub(crate) use reply::{Body, Reply};
pub(crate) use versions::ResourceType;
