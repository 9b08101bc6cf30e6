//! Does live traffic still go to the color? Only a measurement that passes says no.

use teal_api::colors::DrainSource;
use teal_gates::{Outcome, Report, azure_monitor, prometheus};
use teal_switcher_core::retire::Drain;

use crate::retirement::Retirement;

pub(super) async fn read(of: &Retirement) -> Drain {
    verdict(match &of.color.drain {
        DrainSource::Prometheus(query) => prometheus::check(query, &of.name, None).await,
        DrainSource::AzureMonitor(query) => azure_monitor::check(&of.client, query, &of.name, &of.name).await,
    })
}

fn verdict(report: Report) -> Drain {
    match report.outcome {
        Outcome::Pass => Drain::Proved(report.message),
        Outcome::Fail => Drain::Live(report.message),
        Outcome::Inconclusive | Outcome::Error => Drain::Unknown(report.message),
    }
}
