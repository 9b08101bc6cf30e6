//! Being somebody else than the administrator.

use anyhow::{Context, Result};
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::Client;
use kube::api::{Api, PostParams};
use kube::config::{AuthInfo, Kubeconfig};

use super::kubeconfig::kubeconfig;
use super::pki::GROUPS_IN_A_CERTIFICATE;
use super::{ControlPlane, client};

impl ControlPlane {
    /// A client that is this user in these groups. See [`ControlPlane::kubeconfig_for`].
    ///
    /// # Errors
    /// As there.
    pub async fn client_as(&self, user: &str, groups: &[&str]) -> Result<Client> {
        client(&self.kubeconfig_for(user, groups)?).await
    }

    /// The text of a kubeconfig for this user in these groups.
    ///
    /// It proves itself by a client certificate. Where that cannot be, because there are more than two groups or the
    /// cluster existed before and its authority's key is not ours, the administrator impersonates the user: the same to
    /// authorization and to admission.
    ///
    /// # Errors
    /// When the certificate cannot be made, for an empty name for example.
    pub fn kubeconfig_for(&self, user: &str, groups: &[&str]) -> Result<String> {
        match &self.own {
            Some(own) if groups.len() <= GROUPS_IN_A_CERTIFICATE => {
                let signed = own.plan.authority.client(user, groups)?;
                let authority = own.plan.authority.certificate();
                Ok(kubeconfig(&self.name, &self.url, &authority, &signed))
            }
            _ => self.with_users(|info| {
                info.impersonate = Some(user.to_owned());
                info.impersonate_groups = Some(groups.iter().map(|group| (*group).to_owned()).collect());
            }),
        }
    }

    /// The text of a kubeconfig for a ServiceAccount that exists, with a token valid for a day.
    ///
    /// # Errors
    /// When there is no such account.
    pub async fn kubeconfig_for_service_account(&self, namespace: &str, account: &str) -> Result<String> {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client().await?, namespace);
        let spec = TokenRequestSpec { expiration_seconds: Some(86_400), ..TokenRequestSpec::default() };
        let request = TokenRequest { spec: Some(spec), ..TokenRequest::default() };
        let answer = accounts.create_token_request(account, &PostParams::default(), &request).await;
        let answer = answer.with_context(|| format!("get a token for {namespace}/{account}"))?;
        let token = answer.status.and_then(|status| status.token).context("the answer holds no token")?;
        self.with_users(|info| *info = AuthInfo { token: Some(token.clone().into()), ..AuthInfo::default() })
    }

    /// The administrator's kubeconfig with its users changed.
    fn with_users(&self, change: impl Fn(&mut AuthInfo)) -> Result<String> {
        let mut config = Kubeconfig::from_yaml(&self.kubeconfig_yaml).context("parse the kubeconfig")?;
        for user in &mut config.auth_infos {
            change(user.auth_info.get_or_insert_default());
        }
        serde_json::to_string(&config).context("write a kubeconfig")
    }
}
