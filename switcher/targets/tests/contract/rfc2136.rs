//! RFC 2136 under the contract, on real BIND and on the testkit's own authority.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use teal_api::switch::{Destination, Provider, Rfc2136, Tsig, TsigAlgorithm};
use teal_targets::{Access, Options, Secret, Target};
use teal_testkit::dns::{Algorithm, Authority, Bind, DnsServer, Fault, Key, Proxy, Zone, bind_or_skip};

use crate::suite::{BLUE, Bench, GREEN, ip, target_contract};

pub(crate) const ZONE: &str = "contoso.test";

/// A declared record, without servers behind the primary.
pub(crate) fn declared(server: SocketAddr, record: &str, key: &Key) -> Rfc2136 {
    let algorithm = match key.algorithm {
        Algorithm::HmacSha256 => TsigAlgorithm::HmacSha256,
        Algorithm::HmacSha384 => TsigAlgorithm::HmacSha384,
        Algorithm::HmacSha512 => TsigAlgorithm::HmacSha512,
    };
    Rfc2136 {
        server: server.to_string(),
        secondaries: Vec::new(),
        zone: ZONE.to_owned(),
        record: record.to_owned(),
        tsig: Tsig { name: key.name.clone(), algorithm, secret: "dns-key".to_owned() },
    }
}

/// Longer than any pause of a busy machine: who waits for an answer that comes has it.
pub(crate) fn options() -> Options {
    Options { timeout: Duration::from_secs(60), ..Options::default() }
}

/// Short enough for tests that wait for it to pass.
pub(crate) fn hasty() -> Options {
    Options { timeout: Duration::from_millis(1500), ..Options::default() }
}

pub(crate) fn target(server: SocketAddr, record: &str, key: &Key) -> Target {
    target_with(server, record, key, options())
}

pub(crate) fn target_with(server: SocketAddr, record: &str, key: &Key, options: Options) -> Target {
    let access = Access { secret: Some(Secret::from_base64(&key.base64()).unwrap()), azure: None };
    Target::new(&Provider::Rfc2136(declared(server, record, key)), &colors(), &access, options).unwrap()
}

pub(crate) fn access(key: &Key) -> Access {
    Access { secret: Some(Secret::new(key.secret())), azure: None }
}

pub(crate) fn colors() -> BTreeMap<String, Destination> {
    [("blue".to_owned(), ip(&[BLUE])), ("green".to_owned(), ip(&[GREEN]))].into()
}

pub(crate) fn zone() -> Zone {
    Zone::new(ZONE).address("aks", 300, &[BLUE])
}

/// A server, and a proxy in front of it through which the target sees it.
pub(crate) struct DnsBench {
    pub(crate) server: DnsServer,
    pub(crate) proxy: Proxy,
    pub(crate) key: Key,
}

impl DnsBench {
    pub(crate) async fn new(server: DnsServer, key: Key) -> Self {
        let proxy = Proxy::start(server.address()).await.unwrap();
        Self { server, proxy, key }
    }
}

pub(crate) async fn bind(test: &str) -> Option<DnsBench> {
    bind_or_skip(test).unwrap()?;
    let key = Key::generate("teal").unwrap();
    let server = Bind::start(&zone(), std::slice::from_ref(&key)).await.unwrap();
    Some(DnsBench::new(DnsServer::Bind(server), key).await)
}

pub(crate) async fn authority(_test: &str) -> Option<DnsBench> {
    let key = Key::generate("teal").unwrap();
    let server = Authority::start(&zone(), std::slice::from_ref(&key)).await.unwrap();
    Some(DnsBench::new(DnsServer::Authority(server), key).await)
}

impl Bench for DnsBench {
    fn target(&self) -> Target {
        target(self.proxy.address(), "aks", &self.key)
    }

    fn hasty(&self) -> Target {
        target_with(self.proxy.address(), "aks", &self.key, hasty())
    }

    fn missing(&self) -> Target {
        target(self.proxy.address(), "new", &self.key)
    }

    async fn change_by_hand(&self, to: &Destination) {
        let Destination::Ip(addresses) = to else { panic!("an A record holds addresses: {to}") };
        self.server.change_by_hand("aks", 300, addresses).await.unwrap();
    }

    async fn ledger_by_hand(&self, text: Option<&str>) {
        self.server.change_text_by_hand("_teal.aks", text).await.unwrap();
    }

    async fn lose_next_answer(&self) {
        self.proxy.once(Fault::LoseUpdateAnswers);
    }

    async fn lose_next_write(&self) {
        self.proxy.once(Fault::LoseUpdates);
    }

    async fn delay_next_write(&self) {
        self.proxy.once(Fault::LateUpdates);
    }

    async fn delayed_write_arrived(&self) {
        assert_eq!(self.proxy.injected(), 1, "one write is held");
        self.proxy.let_go();
        let arrived = async {
            while self.proxy.under_way() > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(120), arrived).await.expect("the delayed write never arrived");
    }
}

target_contract!(on_bind, crate::rfc2136::bind);
target_contract!(on_the_testkits_authority, crate::rfc2136::authority);
