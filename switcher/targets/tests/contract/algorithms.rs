//! Every TSIG algorithm that can be declared, against real BIND.

use teal_testkit::dns::{Algorithm, Bind, Key, bind_or_skip};

use crate::rfc2136::{target, zone};
use crate::suite::{GREEN, to};

#[tokio::test]
async fn all_three_digests_sign_and_verify() {
    let Some(_) = bind_or_skip("all three digests").unwrap() else { return };
    let keys: Vec<Key> = [Algorithm::HmacSha256, Algorithm::HmacSha384, Algorithm::HmacSha512]
        .into_iter()
        .map(|algorithm| Key::generate(&format!("Teal-{}", algorithm.name())).unwrap().with(algorithm))
        .collect();
    let server = Bind::start(&zone(), &keys).await.unwrap();
    for key in &keys {
        let target = target(server.address(), "aks", key);
        let before = target.read().await.unwrap();
        let payload = format!("signed by {}", key.name);
        let written = target.commit(&before.tag, Some(&to(&[GREEN], 10)), payload.as_bytes()).await.unwrap();
        assert_eq!(written, target.read().await.unwrap());
    }
}
