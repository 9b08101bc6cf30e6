//! What the zone's own name servers answer.

use futures::future::join_all;
use teal_azure::dns::ZoneKind;

use super::AzureDnsTarget;
use crate::answer::{Answer, Outcome};
use crate::lookup;

impl AzureDnsTarget {
    /// Asks all of them by UDP, each alone. A private zone answers only inside linked networks, by the platform's
    /// resolver: there is nobody to ask but declared vantages.
    pub(super) async fn ask_servers(&self) -> Vec<Answer> {
        let inner = &self.0;
        if inner.ledger_only {
            return Vec::new();
        }
        self.learn(false).await;
        let servers = match self.servers().await {
            Ok(servers) => servers,
            Err(answer) => return vec![answer],
        };
        let (kind, wait) = (self.dns_type(), inner.options.timeout);
        let ask = servers.iter().map(|server| lookup::authority(server, &inner.name, kind, &inner.apex, wait));
        let answers = join_all(ask).await;
        // What is followed may have another address by now.
        if answers.iter().filter_map(Answer::value).any(|value| inner.follows.strange(&value)) {
            self.learn(true).await;
        }
        answers
    }

    /// Learns what aliases are answered as, so that an answer can be told by color.
    pub(super) async fn learn(&self, anew: bool) {
        let inner = &self.0;
        inner.follows.learn(&inner.client, &inner.zone, anew, inner.options.relearn).await;
    }

    /// The declared ones, else those that the zone names; asked for once.
    async fn servers(&self) -> Result<&[String], Answer> {
        let inner = &self.0;
        if !inner.declared_servers.is_empty() || inner.zone.kind == ZoneKind::Private {
            return Ok(&inner.declared_servers);
        }
        let started = tokio::time::Instant::now();
        let named = inner.servers.get_or_try_init(|| async {
            let zone = inner.client.zone(&inner.zone).await?;
            Ok(zone.name_servers.iter().map(|name| name.trim_end_matches('.').to_owned()).collect())
        });
        named.await.map(Vec::as_slice).map_err(|error: teal_azure::AzureError| Answer {
            server: inner.shown.clone(),
            outcome: Outcome::Unreachable(format!("the zone's name servers are not known: {error}")),
            serial: None,
            took: started.elapsed(),
        })
    }
}
