//! The program itself, as scripts start it: flags, its one line, the CA's file, its background work, its end.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::blocking::Client;
use serde_json::{Value, json};

struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const PROFILE: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/trafficManagerProfiles/tm?api-version=2022-04-01";

#[test]
fn it_says_where_it_listens_works_in_the_background_and_ends_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    let child = Command::new(env!("CARGO_BIN_EXE_azure-emulator"))
        .args(["--listen", "localhost:0", "--dns", "127.0.0.1:0", "--ca"])
        .arg(&ca)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut program = Program(child);
    let mut line = String::new();
    BufReader::new(program.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.split_whitespace().find(|word| word.starts_with("https://127.0.0.1:")).unwrap().to_owned();
    for listener in [" dns 127.0.0.1:", " front-door 127.0.0.1:", " front-door-tls 127.0.0.1:"] {
        assert!(line.contains(listener), "{line}");
    }

    rustls::crypto::ring::default_provider().install_default().ok();
    let trust = reqwest::Certificate::from_pem(&std::fs::read(&ca).unwrap()).unwrap();
    let client = Client::builder().tls_certs_only([trust]).build().unwrap();
    let send = |request: reqwest::blocking::RequestBuilder| request.send().unwrap().error_for_status().unwrap();
    send(client.post(format!("{url}/_emulator/clock")).json(&json!({"scale": 1000.0})));
    // Nothing answers there: a probe that really runs finds out.
    let endpoint = json!({"name": "e", "type": "Microsoft.Network/trafficManagerProfiles/externalEndpoints",
        "properties": {"target": "127.0.0.1"}});
    let profile = json!({"location": "global", "properties": {
        "trafficRoutingMethod": "Priority", "dnsConfig": {"relativeName": "tm", "ttl": 0}, "endpoints": [endpoint],
        "monitorConfig": {"protocol": "HTTP", "port": 1, "path": "/", "intervalInSeconds": 10, "timeoutInSeconds": 5,
            "toleratedNumberOfFailures": 0},
    }});
    send(client.put(format!("{url}{PROFILE}")).json(&profile));
    let status = || {
        let shown: Value = send(client.get(format!("{url}{PROFILE}"))).json().unwrap();
        shown["properties"]["endpoints"][0]["properties"]["endpointMonitorStatus"].as_str().unwrap().to_owned()
    };
    let started = Instant::now();
    while status() != "Degraded" {
        assert!(started.elapsed() < Duration::from_secs(120), "it is still {}", status());
        std::thread::sleep(Duration::from_millis(20));
    }
    let told = Command::new("kill").args(["-TERM", &program.0.id().to_string()]).status().unwrap();
    assert!(told.success());
    assert_eq!(program.0.wait().unwrap().code(), Some(0));
}
