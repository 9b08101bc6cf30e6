//! The mark Teal puts on what it applies: a label to watch by, an annotation that proves ownership (SYNC §1).

use std::sync::Arc;

use crate::id::ObjectId;

/// Label of managed objects: the Sync's name. Only a watch filter, never a proof: children inherit labels.
pub const SYNC_LABEL: &str = "teal.dev/sync";
/// Annotation that proves ownership by matching its own object: `<sync>/<unit>/<group>/<kind>/<ns>/<name>`.
pub const OWNER_ANNOTATION: &str = "teal.dev/owner";
/// Annotation in git: comma-separated [`ObjectId::key`]s of objects that must be Current first.
pub const AFTER_ANNOTATION: &str = "teal.dev/after";
/// Annotation in git: a whole number; objects of a unit come after those of its lower waves. 0 when absent; what a chart
/// does before and after itself (hooks) stands below and above.
pub const WAVE_ANNOTATION: &str = "teal.dev/wave";
/// Annotation in git: comma-separated JSON pointers of fields whose live value is kept once the object exists.
pub const PRESERVE_ANNOTATION: &str = "teal.dev/preserve";
/// Annotation in git: `recreate` deletes and makes anew what can't be changed in place; `once` never changes it after
/// it was made.
pub const CHANGE_ANNOTATION: &str = "teal.dev/change";
/// Annotation on a live object: `confirmed` lets a guarded prune delete it, `disabled` keeps it for ever.
pub const PRUNE_ANNOTATION: &str = "teal.dev/prune";

/// Which Sync and unit an object belongs to. Neither name may contain `/`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OwnerMark {
    /// Name of the Sync.
    pub sync: Arc<str>,
    /// Slug of the unit.
    pub unit: Arc<str>,
}

impl OwnerMark {
    /// Makes one from its parts.
    pub fn new(sync: impl Into<Arc<str>>, unit: impl Into<Arc<str>>) -> Self {
        Self { sync: sync.into(), unit: unit.into() }
    }

    /// The value of [`OWNER_ANNOTATION`] on object `id`.
    #[must_use]
    pub fn annotation(&self, id: &ObjectId) -> String {
        format!("{}/{}/{}", self.sync, self.unit, id.key())
    }

    /// Reads an annotation back: whose it is, and of which object it speaks.
    #[must_use]
    pub fn parse(annotation: &str) -> Option<(Self, ObjectId)> {
        let (sync, rest) = annotation.split_once('/')?;
        let (unit, key) = rest.split_once('/')?;
        if sync.is_empty() || unit.is_empty() {
            return None;
        }
        Some((Self::new(sync, unit), ObjectId::from_key(key)?))
    }

    /// Whether `annotation`, read from object `id`, proves that `sync` owns it: same Sync, same object.
    ///
    /// The unit does not count: prune is decided per Sync, and an object may move from unit to unit (SYNC §2).
    #[must_use]
    pub fn proves(sync: &str, annotation: &str, id: &ObjectId) -> bool {
        Self::parse(annotation).is_some_and(|(mark, owned)| &*mark.sync == sync && owned == *id)
    }

    /// [`OwnerMark::proves`] for this mark's Sync.
    #[must_use]
    pub fn matches(&self, annotation: &str, id: &ObjectId) -> bool {
        Self::proves(&self.sync, annotation, id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(key: &str) -> ObjectId {
        ObjectId::from_key(key).unwrap()
    }

    #[test]
    fn an_annotation_proves_only_its_own_object() {
        let mark = OwnerMark::new("main", "shop-1234abcd");
        let web = id("apps/Deployment/shop/web");
        let text = mark.annotation(&web);
        assert_eq!(text, "main/shop-1234abcd/apps/Deployment/shop/web");
        for (rule, sync, text, object, want) in [
            ("its own object", "main", text.as_str(), "apps/Deployment/shop/web", true),
            ("a child that inherited it", "main", text.as_str(), "apps/ReplicaSet/shop/web", false),
            ("the same name elsewhere", "main", text.as_str(), "apps/Deployment/other/web", false),
            ("another Sync", "second", text.as_str(), "apps/Deployment/shop/web", false),
            (
                "another unit of the Sync",
                "main",
                "main/other-1/apps/Deployment/shop/web",
                "apps/Deployment/shop/web",
                true,
            ),
            ("cluster scope, core group", "main", "main/u//Namespace//shop", "/Namespace//shop", true),
            ("garbage", "main", "main/shop", "apps/Deployment/shop/web", false),
            ("empty", "main", "", "apps/Deployment/shop/web", false),
        ] {
            assert_eq!(OwnerMark::proves(sync, text, &id(object)), want, "{rule}");
        }
        assert_eq!(OwnerMark::parse(&text), Some((mark, web)));
    }
}
