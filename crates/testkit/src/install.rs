//! Teal's own kinds and namespace in a cluster, as the chart puts them there.

use std::time::Duration;

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::wait::{await_condition, conditions};
use kube::{Client, CustomResourceExt, ResourceExt};
use serde_json::json;
use teal_api::freeze::FreezeObject;
use teal_api::inventory::InventoryObject;
use teal_api::names::TEAL_NAMESPACE;
use teal_api::sync::SyncObject;
use teal_api::unit::UnitObject;

/// Longest that an API server takes to serve a new kind.
const LIMIT: Duration = Duration::from_secs(240);

/// Installs Teal's kinds and returns when each is really served. Repeating it changes nothing.
///
/// # Errors
/// When the API server refuses one, or does not serve it within four minutes.
pub async fn install_kinds(client: &Client) -> Result<()> {
    let crds: Api<CustomResourceDefinition> = Api::all(client.clone());
    for crd in [SyncObject::crd(), UnitObject::crd(), InventoryObject::crd(), FreezeObject::crd()] {
        let name = crd.name_any();
        crds.patch(&name, &manager(), &Patch::Apply(&crd)).await.with_context(|| format!("install {name}"))?;
        let served = async {
            await_condition(crds.clone(), &name, conditions::is_crd_established()).await?;
            // An established kind may still answer 429 for a second, and there is no condition for that.
            let path = format!("/apis/teal.dev/v1alpha1/{}", crd.spec.names.plural);
            while client.request_text(http::Request::get(&path).body(Vec::new())?).await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(LIMIT, served).await.with_context(|| format!("{name} is not served in {LIMIT:?}"))??;
    }
    Ok(())
}

/// Installs Teal's kinds and its namespace.
///
/// # Errors
/// As [`install_kinds`].
pub async fn install(client: &Client) -> Result<()> {
    install_kinds(client).await?;
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": TEAL_NAMESPACE}});
    let namespaces: Api<Namespace> = Api::all(client.clone());
    namespaces.patch(TEAL_NAMESPACE, &manager(), &Patch::Apply(&namespace)).await.context("make Teal's namespace")?;
    Ok(())
}

fn manager() -> PatchParams {
    PatchParams::apply("teal-testkit").force()
}
