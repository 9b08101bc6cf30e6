//! Named points between every two effects, where a test may kill this switcher; nothing in operation.

use std::fmt;
use std::sync::Arc;

/// Asked at every point; `true` stops there for ever, as a killed process would.
pub type Killer = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// The points.
#[derive(Clone, Default)]
pub struct Interrupt(Option<Killer>);

impl Interrupt {
    /// Asks `killer` at every point.
    #[must_use]
    pub fn by(killer: Killer) -> Self {
        Self(Some(killer))
    }

    /// Passes a point, or never returns.
    pub(crate) async fn at(&self, point: &str) {
        if self.0.as_ref().is_some_and(|killer| killer(point)) {
            std::future::pending::<()>().await;
        }
    }
}

impl fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Interrupt(armed)" } else { "Interrupt" })
    }
}
