use serde_json::{Value, json};
use teal_api::switch::Operator;

use super::*;

const RESOURCE: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Cdn/profiles/${color}";

fn gate(success: Option<Comparison>, within: Option<f64>) -> AzureMonitor {
    AzureMonitor {
        resource: RESOURCE.to_owned(),
        metric: "Percentage5XX".to_owned(),
        namespace: None,
        aggregation: Aggregation::Average,
        filter: Some("Origin eq '${color}'".to_owned()),
        window: Duration::from_secs(300),
        success,
        baseline: within.map(|within| Baseline { resource: None, within }),
        interval: Duration::from_secs(60),
        failure_limit: 0,
    }
}

fn below(bound: f64) -> Option<Comparison> {
    Some(Comparison { operator: Operator::Less, bound })
}

#[test]
fn everything_declared_must_hold_and_nothing_measured_never_does() {
    for (rule, success, within, found, theirs, want) in [
        ("below the bound", below(1.0), None, Some(0.5), None, Outcome::Pass),
        ("above the bound", below(1.0), None, Some(1.5), None, Outcome::Fail),
        ("no values", below(1.0), None, None, None, Outcome::Inconclusive),
        ("like the live one", None, Some(10.0), Some(1.05), Some(1.0), Outcome::Pass),
        ("worse than the live one", None, Some(10.0), Some(1.2), Some(1.0), Outcome::Fail),
        ("better than the live one", None, Some(0.0), Some(0.2), Some(1.0), Outcome::Pass),
        ("nothing to compare with", None, Some(10.0), Some(0.2), None, Outcome::Inconclusive),
        ("zero against zero", None, Some(10.0), Some(0.0), Some(0.0), Outcome::Pass),
        ("something against zero", None, Some(10.0), Some(0.1), Some(0.0), Outcome::Fail),
        ("both, one broken", below(1.0), Some(1000.0), Some(2.0), Some(1.0), Outcome::Fail),
    ] {
        let gate = gate(success, within);
        let baseline = gate.baseline.as_ref().map(|baseline| (baseline, theirs));
        let report = judge(&gate, found, baseline, "green", "blue");
        assert_eq!(report.outcome, want, "{rule}: {report}");
    }
}

#[test]
fn all_minutes_become_one_value_and_missing_ones_do_not_count() {
    let metric = |data: Value| {
        let body = json!({"value": [{"name": {"value": "m"}, "unit": "Count", "timeseries": [{"data": data}]}]});
        monitor::metrics(&body, "metrics").unwrap().remove(0)
    };
    let points = json!([{"timeStamp": "t", "average": 1.0, "total": 4.0, "count": 2.0, "minimum": 0.5, "maximum": 3.0},
        {"timeStamp": "t"}, {"timeStamp": "t", "average": 3.0, "total": 6.0, "count": 1.0, "minimum": 2.0, "maximum": 9.0}]);
    for (aggregation, want) in [
        (Aggregation::Average, 2.0),
        (Aggregation::Total, 10.0),
        (Aggregation::Count, 3.0),
        (Aggregation::Minimum, 0.5),
        (Aggregation::Maximum, 9.0),
    ] {
        assert_eq!(value(&metric(points.clone()), aggregation), Some(want), "{aggregation:?}");
    }
    assert_eq!(value(&metric(json!([{"timeStamp": "t"}])), Aggregation::Average), None);
    assert_eq!(value(&metric(json!([])), Aggregation::Total), None);
}

#[test]
fn the_question_names_color_window_and_grain() {
    let now: Timestamp = "2026-11-26T12:00:00.5Z".parse().unwrap();
    let query = query(&gate(None, None), RESOURCE, "green", now).unwrap();
    assert_eq!(query.resource.name(), "green");
    assert_eq!(query.filter.as_deref(), Some("Origin eq 'green'"));
    assert_eq!(
        (query.timespan.as_str(), query.interval.as_str()),
        ("2026-11-26T11:55:00Z/2026-11-26T12:00:01Z", "PT1M")
    );
    assert!(super::query(&gate(None, None), "front-${color}", "green", now).unwrap_err().contains("no resource id"));
}

/// A real Azure Monitor is an HTTP server; here it is the emulator.
mod against_the_emulator {
    use azure_emulator::{Emulator, Options};
    use teal_azure::credential::Hidden;
    use teal_azure::{Client, Cloud, Credential, Settings};

    use super::*;

    async fn emulated() -> (azure_emulator::Running, Client) {
        rustls::crypto::ring::default_provider().install_default().ok();
        let emulator = Emulator::start(Options::default()).await.unwrap();
        let cloud = Cloud::custom(&emulator.url(), &emulator.url(), None, "localhost").unwrap();
        let credential = Credential::ClientSecret { tenant: "t".into(), client: "c".into(), secret: Hidden::new("s") };
        let settings = Settings::new(cloud, credential).trusting(emulator.ca_pem.clone());
        let client = Client::new(settings).unwrap();
        (emulator, client)
    }

    #[tokio::test]
    async fn what_azure_can_not_tell_is_an_error_with_its_words() {
        let (_emulator, client) = emulated().await;
        let report = check(&client, &gate(below(1.0), None), "green", "blue").await;
        assert_eq!(report.outcome, Outcome::Error, "{report}");
        assert!(report.message.contains("404") || report.message.contains("can't tell"), "{report}");
    }

    #[tokio::test]
    async fn what_was_measured_a_moment_ago_counts_in_the_first_second_of_a_minute_too() {
        let (emulator, client) = emulated().await;
        let resource = RESOURCE.replace("${color}", "green");
        let put = |at: &str| {
            let one = json!({"at": at, "value": 7.0, "dimensions": {"Origin": "green"}});
            json!({"resource": resource, "metric": "OriginHealthPercentage", "values": [one]})
        };
        let gate = AzureMonitor { metric: "OriginHealthPercentage".to_owned(), ..gate(None, None) };
        let root = reqwest::Certificate::from_pem(emulator.ca_pem.as_bytes()).unwrap();
        let admin = reqwest::Client::builder().no_proxy().tls_certs_only([root]).build().unwrap();
        let metrics = format!("{}/_emulator/metrics", emulator.url());
        let found = async |at: &str, now: &str| {
            admin.delete(&metrics).send().await.unwrap().error_for_status().unwrap();
            admin.put(&metrics).json(&put(at)).send().await.unwrap().error_for_status().unwrap();
            measure(&client, &gate, RESOURCE, "green", now.parse().unwrap()).await.unwrap()
        };
        for (at, now, want) in [
            ("2026-11-26T12:02:00.1Z", "2026-11-26T12:02:00.4Z", Some(7.0)),
            ("2026-11-26T12:02:59.9Z", "2026-11-26T12:02:59.95Z", Some(7.0)),
            ("2026-11-26T12:01:59Z", "2026-11-26T12:02:00Z", Some(7.0)),
            ("2026-11-26T11:56:30Z", "2026-11-26T12:02:00.4Z", None),
        ] {
            assert_eq!(found(at, now).await, want, "{at} at {now}");
        }
    }
}
