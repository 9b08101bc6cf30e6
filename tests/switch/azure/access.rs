//! `cluster: {aks: …}` where Entra ID guards the API server: the kubeconfig that Azure gives would run `kubelogin`, and a
//! token of our identity goes in its place. The API server is real and is asked who it takes us for.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::time::OffsetDateTime;
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::{Api, ObjectMeta, PostParams};
use kube::config::Kubeconfig;
use reqwest::Method;
use serde_json::json;
use teal_azure::{Client, Cloud, Credential, Settings, aks};
use teal_switcher::cluster::{Access, Cluster};

use super::cloud::{Azure, id};
use crate::switch::clusters::{Pair, pair, run};
use crate::switch::world::PATIENCE;

const AKS: &str = "2025-02-01";
const PLACE: &str = "Microsoft.ContainerService/managedClusters/aks-blue";

/// An identity whose tokens for API servers are real tokens of one API server, given out one after the other.
#[derive(Debug)]
struct Issuer {
    /// Token, and for how many seconds it is said to be good.
    tokens: Mutex<VecDeque<(String, i64)>>,
    /// How often a token for an API server was asked for.
    asked: Mutex<usize>,
}

#[async_trait::async_trait]
impl TokenCredential for Issuer {
    async fn get_token(&self, scopes: &[&str], _: Option<TokenRequestOptions<'_>>) -> azure_core::Result<AccessToken> {
        let now = OffsetDateTime::now_utc();
        let token = |text: &str, seconds: i64| {
            AccessToken::new(text.to_owned(), now + Duration::from_secs(seconds.unsigned_abs()))
        };
        if scopes != [aks::SERVER_SCOPE] {
            return Ok(token("for-arm", 3600));
        }
        *self.asked.lock().expect("count") += 1;
        let next = self.tokens.lock().expect("tokens").pop_front();
        let (text, seconds) = next.unwrap_or_else(|| ("nothing is left".to_owned(), 3600));
        Ok(token(&text, seconds))
    }
}

/// The kubeconfig that AKS gives out where Entra ID guards the API server; a run of its program leaves a file.
fn guarded(pair: &Pair, trace: &Path) -> Result<String> {
    let mut parsed = Kubeconfig::from_yaml(pair.blue.kubeconfig_yaml())?;
    for user in &mut parsed.auth_infos {
        user.auth_info = Some(serde_json::from_value(json!({"exec": {
            "apiVersion": "client.authentication.k8s.io/v1beta1", "command": "/bin/sh",
            "args": ["-c", format!("touch {}", trace.display())], "provideClusterInfo": false}}))?);
    }
    Ok(serde_json::to_string(&parsed)?)
}

/// A token of an account in the cluster, made anew by each call.
async fn account(pair: &Pair, name: &str) -> Result<String> {
    let accounts: Api<ServiceAccount> = Api::namespaced(pair.blue.client().await?, "default");
    let account = ServiceAccount {
        metadata: ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() },
        ..ServiceAccount::default()
    };
    match accounts.create(&PostParams::default(), &account).await {
        Err(kube::Error::Api(status)) if status.code == 409 => {}
        made => drop(made?),
    }
    let yaml = pair.blue.kubeconfig_for_service_account("default", name).await?;
    let user = Kubeconfig::from_yaml(&yaml)?.auth_infos.pop().and_then(|user| user.auth_info);
    let token = serde_json::to_value(user.context("a user")?)?["token"].as_str().map(str::to_owned);
    token.context("a token")
}

/// Who the API server takes us for.
async fn who(cluster: &Cluster) -> Result<String> {
    let reviews: Api<SelfSubjectReview> = Api::all(cluster.client().await?);
    let answer = reviews.create(&PostParams::default(), &SelfSubjectReview::default()).await?;
    answer.status.and_then(|status| status.user_info).and_then(|user| user.username).context("a name")
}

async fn arm(azure: &Azure, kubeconfig: &str) -> Result<()> {
    azure.put(PLACE, AKS, json!({"location": "westeurope", "properties": {"dnsPrefix": "aks"}})).await?;
    let body = json!({"cluster": id(PLACE), "kubeconfig": kubeconfig});
    azure.admin(Method::PUT, "kubeconfigs", body).await.map(drop)
}

/// The cluster as the switcher reaches it, and who gives its tokens.
fn reached(azure: &Azure, tokens: Vec<(String, i64)>) -> Result<(Cluster, Arc<Issuer>)> {
    let url = azure.emulator.url();
    let issuer = Arc::new(Issuer { tokens: Mutex::new(tokens.into()), asked: Mutex::default() });
    let settings =
        Settings::new(Cloud::custom(&url, &url, None, "vault.azure.net")?, Credential::Other(issuer.clone()));
    let client = Client::new(settings.trusting(azure.emulator.ca_pem.clone()))?;
    let cluster = Cluster::new("blue", Access::Aks { id: id(PLACE), azure: client }, Duration::from_secs(60));
    Ok((cluster, issuer))
}

fn asked(issuer: &Issuer) -> usize {
    *issuer.asked.lock().expect("count")
}

#[test]
fn our_own_token_opens_a_guarded_cluster_and_is_renewed_before_it_ends() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let azure = Azure::new(&pair).await?;
        let folder = tempfile::tempdir()?;
        let trace = folder.path().join("a-program-ran");
        arm(&azure, &guarded(&pair, &trace)?).await?;
        // The first is said to end within the five minutes before which it is replaced; the second lasts.
        let first = (account(&pair, "teal-first").await?, 299);
        let second = (account(&pair, "teal-second").await?, 3600);
        let (cluster, issuer) = reached(&azure, vec![first, second])?;
        ensure!(who(&cluster).await? == "system:serviceaccount:default:teal-first");
        ensure!(who(&cluster).await? == "system:serviceaccount:default:teal-second", "renewed before it ends");
        ensure!(who(&cluster).await? == "system:serviceaccount:default:teal-second" && asked(&issuer) == 2, "and kept");
        ensure!(!trace.exists(), "no program is ever run");
        Ok(())
    })
}

#[test]
fn a_token_that_the_api_server_refuses_is_told_and_replaced_at_the_next_look() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let azure = Azure::new(&pair).await?;
        let folder = tempfile::tempdir()?;
        arm(&azure, &guarded(&pair, &folder.path().join("a-program-ran"))?).await?;
        let (cluster, issuer) = reached(&azure, vec![("a-token-of-nobody".to_owned(), 3600)])?;
        let cluster = Arc::new(cluster);
        let stop = tokio_util::sync::CancellationToken::new();
        let (looking, ended) = (cluster.clone(), stop.clone());
        let task = tokio::spawn(async move { looking.follow(|| Duration::from_millis(50), ended).await });
        let mut known = cluster.watch();
        let refused = |why: &String| why.contains("the API server says 401");
        let unknown = known.wait_for(|known| known.unknown.as_ref().is_some_and(refused));
        let told = tokio::time::timeout(PATIENCE, unknown).await??.unknown.clone().unwrap_or_default();
        ensure!(!told.contains("a-token-of-nobody"), "{told}");
        // From now on the identity gives one that is good, and whose account may read.
        let good = account(&pair, "teal-reader").await?;
        let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": {"name": "teal-reader"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"kind": "ServiceAccount", "name": "teal-reader", "namespace": "default"}]});
        let bindings: Api<k8s_openapi::api::rbac::v1::ClusterRoleBinding> = Api::all(pair.blue.client().await?);
        bindings.create(&PostParams::default(), &serde_json::from_value(binding)?).await?;
        let before = {
            let mut tokens = issuer.tokens.lock().expect("tokens");
            *tokens = std::iter::repeat_n((good, 3600), 3).collect();
            asked(&issuer)
        };
        let viewed = known.wait_for(|known| known.unknown.is_none() && known.view.is_some());
        let view = tokio::time::timeout(PATIENCE, viewed).await??.view.clone().context("a view")?;
        ensure!(!view.uid.is_empty() && view.nodes > 0 && asked(&issuer) > before);
        stop.cancel();
        task.await?;
        Ok(())
    })
}

#[test]
fn where_the_cluster_has_accounts_of_its_own_no_token_is_asked_for() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let azure = Azure::new(&pair).await?;
        arm(&azure, pair.blue.kubeconfig_yaml()).await?;
        let (cluster, issuer) = reached(&azure, Vec::new())?;
        let who = who(&cluster).await?;
        ensure!(!who.starts_with("system:anonymous") && !who.is_empty(), "{who}");
        ensure!(asked(&issuer) == 0, "its own certificate stays");
        Ok(())
    })
}
