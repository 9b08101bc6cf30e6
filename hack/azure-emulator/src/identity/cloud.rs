//! Documents about the cloud and its authority.

use serde_json::json;

use crate::arm::Reply;
use crate::arm::dispatch::Request;
use crate::resources::DEFAULT_TENANT;
use crate::world::World;

/// `/metadata/endpoints`: where everything of this cloud is.
pub(super) fn endpoints(world: &World, request: &Request) -> Reply {
    let base = &request.base;
    let audiences = ["https://management.core.windows.net/", "https://management.azure.com/", base.as_str()];
    let tenant = world.access.tenants.first().map_or(DEFAULT_TENANT, |tenant| tenant.id.as_str());
    let version = request.query.get("api-version").map_or("", String::as_str);
    if version.starts_with("2015") || version.starts_with("2018") {
        return Reply::ok(json!({
            "galleryEndpoint": base,
            "graphEndpoint": base,
            "portalEndpoint": base,
            "graphAudience": base,
            "authentication": { "loginEndpoint": format!("{base}/"), "audiences": audiences },
        }));
    }
    let cloud = json!({
        "name": "AzureEmulator",
        "portal": base,
        "resourceManager": format!("{base}/"),
        "gallery": base,
        "graph": base,
        "graphAudience": base,
        "microsoftGraphResourceId": format!("{base}/"),
        "activeDirectoryDataLake": base,
        "sqlManagement": base,
        "batch": base,
        "media": base,
        "vmImageAliasDoc": format!("{base}/vm-image-aliases"),
        "appInsightsResourceId": base,
        "logAnalyticsResourceId": base,
        "ossrDbmsResourceId": base,
        "synapseAnalyticsResourceId": base,
        "authentication": {
            "loginEndpoint": base,
            "audiences": audiences,
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "defaultTenant": tenant,
        "suffixes": {
            "acrLoginServer": "azurecr.io",
            "azureDataLakeAnalyticsCatalogAndJob": "azuredatalakeanalytics.net",
            "azureDataLakeStoreFileSystem": "azuredatalakestore.net",
            "azureFrontDoorEndpointSuffix": "azurefd.net",
            "keyVaultDns": "vault.azure.net",
            "mhsmDns": "managedhsm.azure.net",
            "mysqlServerEndpoint": "mysql.database.azure.com",
            "postgresqlServerEndpoint": "postgres.database.azure.com",
            "mariadbServerEndpoint": "mariadb.database.azure.com",
            "sqlServerHostname": "database.windows.net",
            "storage": "core.windows.net",
            "storageSyncEndpointSuffix": "afs.azure.net",
            "synapseAnalytics": "dev.azuresynapse.net",
            "attestationEndpoint": "attest.azure.net",
        },
    });
    // Versions between the two objects list all clouds; older Terraform and `ARM_CLOUD_METADATA_URL` of the CLI ask for them.
    let listed = ["2019", "2020", "2021"].iter().any(|year| version.starts_with(year));
    Reply::ok(if listed { json!([cloud]) } else { cloud })
}

/// Instance discovery: the caller's authority is one of ours.
pub(super) fn instance(request: &Request) -> Reply {
    let host = request.base.split_once("://").map_or("", |(_, host)| host);
    let tenant = request.query.get("authorization_endpoint").and_then(|url| url.split('/').nth(3)).unwrap_or("common");
    Reply::ok(json!({
        "tenant_discovery_endpoint": format!("{}/{tenant}/v2.0/.well-known/openid-configuration", request.base),
        "api-version": "1.1",
        "metadata": [{ "preferred_network": host, "preferred_cache": host, "aliases": [host] }],
    }))
}

/// OpenID configuration of a tenant.
pub(super) fn openid(request: &Request, tenant: &str, second: bool) -> Reply {
    let base = &request.base;
    let (part, keys) = if second { ("oauth2/v2.0", "discovery/v2.0/keys") } else { ("oauth2", "discovery/keys") };
    let issuer = if second { format!("{base}/{tenant}/v2.0") } else { format!("{base}/{tenant}/") };
    Reply::ok(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{base}/{tenant}/{part}/authorize"),
        "token_endpoint": format!("{base}/{tenant}/{part}/token"),
        "device_authorization_endpoint": format!("{base}/{tenant}/{part}/devicecode"),
        "end_session_endpoint": format!("{base}/{tenant}/{part}/logout"),
        "userinfo_endpoint": format!("{base}/oidc/userinfo"),
        "jwks_uri": format!("{base}/{tenant}/{keys}"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "tenant_region_scope": "EU",
        "cloud_instance_name": "localhost",
    }))
}
