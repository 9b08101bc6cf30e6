//! How each program of a control plane is started.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::assets::Assets;
use super::home::Home;
use super::kubeconfig::kubeconfig;
use super::pki::{Authority, Signed, signing_keys};
use super::ports::Port;
use crate::processes::Process;

/// The components with an identity of their own, each with its user and groups: a policy that lets Kubernetes itself pass
/// must be able to know them. All are administrators besides, so that none needs a role.
const COMPONENTS: [(&str, &str, &[&str]); 3] = [
    ("kube-controller-manager", "system:kube-controller-manager", &["system:masters"]),
    ("kube-scheduler", "system:kube-scheduler", &["system:masters"]),
    ("kwok", "system:node:kwok", &["system:masters", "system:nodes"]),
];

/// Everything that is decided before the first program starts, and that stays over restarts.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) assets: Assets,
    pub(super) authority: Authority,
    pub(super) admin: Signed,
    pub(super) api_port: Port,
    etcd_port: Port,
    peer_port: Port,
    // Last, so that the directory goes after everything that writes into it.
    home: Home,
}

impl Plan {
    pub(super) fn new(name: &str) -> Result<Self> {
        let authority = Authority::new(&format!("{name} testkit"))?;
        let admin = authority.client("testkit-admin", &["system:masters"])?;
        let plan = Self {
            assets: Assets::find()?,
            admin,
            api_port: Port::reserve()?,
            etcd_port: Port::reserve()?,
            peer_port: Port::reserve()?,
            home: Home::new(name)?,
            authority,
        };
        plan.write_files(name)?;
        Ok(plan)
    }

    pub(super) fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.api_port.number())
    }

    pub(super) fn kubeconfig(&self) -> PathBuf {
        self.path("kubeconfig")
    }

    pub(super) fn home(&self) -> &Path {
        self.home.path()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn write_files(&self, name: &str) -> Result<()> {
        let service_names =
            ["127.0.0.1", "10.96.0.1", "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"];
        let server = self.authority.server(&service_names)?;
        let front = Authority::new(&format!("{name} front proxy"))?;
        let proxy = front.client("front-proxy-client", &[])?;
        let admin = kubeconfig(name, &self.url(), &self.authority.certificate(), &self.admin);
        let (private, public) = signing_keys()?;
        let files = [
            ("ca.crt", &self.authority.certificate()),
            ("apiserver.crt", &server.certificate),
            ("apiserver.key", &server.key),
            ("front-proxy-ca.crt", &front.certificate()),
            ("front-proxy.crt", &proxy.certificate),
            ("front-proxy.key", &proxy.key),
            ("service-account.key", &private),
            ("service-account.pub", &public),
            ("kubeconfig", &admin),
            ("stages.yaml", &crate::kwok::stages()),
        ];
        for (name, content) in files {
            self.home.file(name, content)?;
        }
        for (program, user, groups) in COMPONENTS {
            let signed = self.authority.client(user, groups)?;
            let text = kubeconfig(name, &self.url(), &self.authority.certificate(), &signed);
            self.home.file(&format!("{program}.kubeconfig"), &text)?;
        }
        Ok(())
    }

    fn start(&self, program: &str, flags: &[(&str, String)]) -> Result<Process> {
        let mut command = Command::new(self.assets.program(program));
        command.current_dir(self.home.path());
        command.args(flags.iter().map(|(flag, value)| format!("--{flag}={value}")));
        Process::spawn(program, command, &self.path(&format!("{program}.log")))
    }

    fn file(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    pub(super) fn start_etcd(&self) -> Result<Process> {
        let client = format!("http://127.0.0.1:{}", self.etcd_port.number());
        let peer = format!("http://127.0.0.1:{}", self.peer_port.number());
        let flags = [
            ("name", "testkit".to_owned()),
            ("data-dir", self.file("etcd")),
            ("listen-client-urls", client.clone()),
            ("advertise-client-urls", client),
            ("listen-peer-urls", peer.clone()),
            ("initial-advertise-peer-urls", peer.clone()),
            ("initial-cluster", format!("testkit={peer}")),
            // The data dies with the test. A lone member elects itself after one such time-out.
            ("unsafe-no-fsync", "true".to_owned()),
            ("heartbeat-interval", "20".to_owned()),
            ("election-timeout", "200".to_owned()),
            ("log-level", "warn".to_owned()),
        ];
        self.start("etcd", &flags)
    }

    pub(super) fn etcd_address(&self) -> (&'static str, u16) {
        ("127.0.0.1", self.etcd_port.number())
    }

    pub(super) fn start_api_server(&self) -> Result<Process> {
        let flags = [
            ("etcd-servers", format!("http://127.0.0.1:{}", self.etcd_port.number())),
            ("bind-address", "127.0.0.1".to_owned()),
            ("secure-port", self.api_port.number().to_string()),
            // Nothing routes to the `kubernetes` Service here, and a loopback address is refused for its endpoints.
            ("advertise-address", "127.0.0.1".to_owned()),
            ("endpoint-reconciler-type", "none".to_owned()),
            ("tls-cert-file", self.file("apiserver.crt")),
            ("tls-private-key-file", self.file("apiserver.key")),
            ("client-ca-file", self.file("ca.crt")),
            ("authorization-mode", "Node,RBAC".to_owned()),
            ("service-cluster-ip-range", "10.96.0.0/16".to_owned()),
            ("service-account-issuer", "https://kubernetes.default.svc.cluster.local".to_owned()),
            ("service-account-key-file", self.file("service-account.pub")),
            ("service-account-signing-key-file", self.file("service-account.key")),
            // The aggregation layer.
            ("requestheader-client-ca-file", self.file("front-proxy-ca.crt")),
            ("requestheader-allowed-names", "front-proxy-client".to_owned()),
            ("requestheader-username-headers", "X-Remote-User".to_owned()),
            ("requestheader-group-headers", "X-Remote-Group".to_owned()),
            ("requestheader-extra-headers-prefix", "X-Remote-Extra-".to_owned()),
            ("proxy-client-cert-file", self.file("front-proxy.crt")),
            ("proxy-client-key-file", self.file("front-proxy.key")),
            ("allow-privileged", "true".to_owned()),
            ("profiling", "false".to_owned()),
        ];
        self.start("kube-apiserver", &flags)
    }

    pub(super) fn start_controller_manager(&self) -> Result<Process> {
        let flags = [
            ("kubeconfig", self.file("kube-controller-manager.kubeconfig")),
            ("leader-elect", "false".to_owned()),
            ("secure-port", "0".to_owned()),
            ("service-account-private-key-file", self.file("service-account.key")),
            ("root-ca-file", self.file("ca.crt")),
            ("kube-api-qps", "1000".to_owned()),
            ("kube-api-burst", "2000".to_owned()),
            ("profiling", "false".to_owned()),
        ];
        self.start("kube-controller-manager", &flags)
    }

    pub(super) fn start_scheduler(&self) -> Result<Process> {
        let flags = [
            ("kubeconfig", self.file("kube-scheduler.kubeconfig")),
            ("leader-elect", "false".to_owned()),
            ("secure-port", "0".to_owned()),
            ("kube-api-qps", "1000".to_owned()),
            ("kube-api-burst", "2000".to_owned()),
            ("profiling", "false".to_owned()),
        ];
        self.start("kube-scheduler", &flags)
    }

    pub(super) fn start_kwok(&self) -> Result<Process> {
        let flags = [
            ("kubeconfig", self.file("kwok.kubeconfig")),
            ("config", self.file("stages.yaml")),
            ("manage-all-nodes", "true".to_owned()),
            ("node-lease-duration-seconds", "40".to_owned()),
            ("cidr", "10.244.0.1/16".to_owned()),
            ("node-ip", "10.0.0.1".to_owned()),
        ];
        self.start("kwok", &flags)
    }
}
