//! What people get wrong, each with one message that says what, where and what to do; and what a flip costs.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use teal_api::switch::{AzureRecord, Provider};
use teal_azure::Credential;
use teal_targets::{Retry, Target};

use crate::azure::{SUBSCRIPTION, SWITCHER, TENANT, id, options};
use crate::azure_dns::{AzureBench, Kind, ZONE, record, refused};
use crate::suite::{Bench, to};

/// A token as a cluster projects it, with this expiry.
fn projected(expires: u64) -> tempfile::NamedTempFile {
    let part = |text: String| URL_SAFE_NO_PAD.encode(text);
    let claims = format!(
        r#"{{"iss":"https://issuer","aud":"api://AzureADTokenExchange","sub":"system:serviceaccount:teal:switcher","exp":{expires}}}"#
    );
    let token = format!("{}.{}.{}", part(r#"{"alg":"RS256"}"#.to_owned()), part(claims), part("sealed".to_owned()));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), token).unwrap();
    file
}

fn with_token(bench: &AzureBench, file: &tempfile::NamedTempFile) -> Target {
    let credential = Credential::WorkloadIdentity {
        tenant: Some(TENANT.into()),
        client: Some(SWITCHER.into()),
        token_file: Some(file.path().to_owned()),
    };
    Target::new(&bench.provider("aks"), &bench.colors(), &bench.azure.access_as(credential), options()).unwrap()
}

#[tokio::test]
async fn an_expired_federated_token_file_is_told_and_a_fresh_one_is_taken() {
    let bench = AzureBench::start(Kind::A).await;
    bench.azure.only(&[("DNS Zone Contributor", "/".to_owned())]).await;
    let error = refused(with_token(&bench, &projected(1_000_000)).read().await);
    assert_eq!((error.reason(), error.retry()), ("NoToken", Retry::WhenConfigChanges), "{error}");
    for words in ["aks.contoso.test", "AADSTS700024", "a federated token file that has expired", "still refreshed?"] {
        assert!(error.to_string().contains(words), "{words}: {error}");
    }
    with_token(&bench, &projected(4_000_000_000)).read().await.unwrap();
}

#[tokio::test]
async fn a_place_that_is_not_there_is_named_with_the_field_to_check() {
    let bench = AzureBench::start(Kind::A).await;
    bench.azure.only(&[("DNS Zone Contributor", format!("/subscriptions/{SUBSCRIPTION}"))]).await;
    let elsewhere = |change: fn(&mut AzureRecord)| {
        let mut place = record("aks", Vec::new());
        change(&mut place);
        bench.azure.target(&Provider::AzureDns(place), &bench.colors())
    };
    for (rule, target, words) in [
        (
            "the subscription",
            elsewhere(|place| place.subscription = "99999999-9999-9999-9999-999999999999".into()),
            ["99999999-9999-9999-9999-999999999999", "check `subscription`: it does not exist"],
        ),
        (
            "the zone",
            elsewhere(|place| place.zone = "fabrikam.test".into()),
            ["fabrikam.test", "check `subscription`, `resourceGroup` and the names"],
        ),
        ("the group", elsewhere(|place| place.resource_group = "nowhere".into()), ["nowhere", "check `resourceGroup`"]),
    ] {
        let error = refused(target.read().await);
        assert_eq!((error.reason(), error.retry()), ("NotFound", Retry::WhenConfigChanges), "{rule}: {error}");
        assert!(words.iter().all(|words| error.to_string().contains(words)), "{rule}: {error}");
    }
}

#[tokio::test]
async fn a_missing_role_is_named_with_its_scope_for_reading_too() {
    let bench = AzureBench::start(Kind::A).await;
    bench.azure.only(&[]).await;
    let error = refused(bench.target().read().await);
    let set = id(&format!("Microsoft.Network/dnsZones/{ZONE}/A/aks"));
    assert!(error.to_string().contains(&format!("grant `DNS Zone Contributor` on {set} to")), "{error}");
    // A record that is not there is told from a zone that is not there by reading the zone.
    bench.azure.only(&[("DNS Zone Contributor", set.replace("/aks", "/new"))]).await;
    let error = refused(bench.named("new").read().await);
    let zone = id(&format!("Microsoft.Network/dnsZones/{ZONE}"));
    assert!(error.to_string().contains(&format!("grant `Reader` on {zone} to")), "{error}");
}

#[tokio::test]
async fn a_flip_is_one_write_and_at_most_one_read_back() {
    for kind in [Kind::A, Kind::Cname, Kind::Alias, Kind::PrivateA] {
        let bench = AzureBench::start(kind).await;
        let target = bench.target();
        let tag = target.read().await.unwrap().tag;
        let count = async |method| bench.azure.asked(method, "Microsoft.Network/*").await;
        let before = (count("PUT").await, count("GET").await);
        let flipped = target.commit(&tag, Some(&to(bench.green(), 10)), b"op").await.unwrap();
        assert_eq!(flipped.value, Some(bench.green()), "{kind:?}");
        let asked = (count("PUT").await - before.0, count("GET").await - before.1);
        assert!(asked.0 == 1 && asked.1 <= 1, "{kind:?}: {asked:?}");
    }
}
