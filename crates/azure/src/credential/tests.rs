use super::*;

fn chosen(variables: &[(&str, &str)]) -> Result<&'static str, String> {
    let environment =
        |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    Credential::from_environment(&environment).map(|credential| credential.kind()).map_err(|error| error.to_string())
}

#[test]
fn the_environment_chooses_in_the_documented_order() {
    let who = [("AZURE_TENANT_ID", "t"), ("AZURE_CLIENT_ID", "c")];
    let with = |more: &[(&'static str, &'static str)]| chosen(&[&who[..], more].concat());
    let (file, secret, endpoint) =
        (("AZURE_FEDERATED_TOKEN_FILE", "/f"), ("AZURE_CLIENT_SECRET", "s"), ("IDENTITY_ENDPOINT", "http://x"));
    assert_eq!(with(&[file, secret, endpoint]).unwrap(), "workloadIdentity");
    assert_eq!(with(&[secret, endpoint]).unwrap(), "clientSecret");
    assert_eq!(with(&[endpoint]).unwrap(), "managedIdentity");
    assert_eq!(chosen(&[]).unwrap(), "managedIdentity");
    assert_eq!(with(&[file, ("TEAL_AZURE_CREDENTIAL", "azureCli")]).unwrap(), "azureCli");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("az"), "").unwrap();
    assert_eq!(chosen(&[("PATH", folder.path().to_str().unwrap())]).unwrap(), "azureCli");
}

#[test]
fn what_is_missing_is_named() {
    assert_eq!(
        chosen(&[("AZURE_CLIENT_SECRET", "s")]).unwrap_err(),
        "clientSecret needs AZURE_TENANT_ID, AZURE_CLIENT_ID"
    );
    assert!(chosen(&[("TEAL_AZURE_CREDENTIAL", "password")]).unwrap_err().contains("`clientSecret`"));
    let lost = [("AZURE_TENANT_ID", "t"), ("AZURE_CLIENT_ID", "c"), ("AZURE_CLIENT_CERTIFICATE_PATH", "/no/such.pem")];
    assert!(chosen(&lost).unwrap_err().contains("/no/such.pem can't be read"));
}

#[test]
fn g9_a_secret_is_never_shown() {
    let credential =
        Credential::ClientSecret { tenant: "t".into(), client: "c".into(), secret: Hidden::new("hunter2") };
    assert!(!format!("{credential:?}").contains("hunter2"));
}

#[test]
fn entras_numbers_are_told_in_words() {
    for (text, told, transient) in [
        (
            "AADSTS700024: Client assertion is not within its valid time range.",
            "federated token file that has expired",
            false,
        ),
        ("AADSTS7000215: Invalid client secret provided.", "client secret is wrong", false),
        ("connection refused", "can be reached", true),
    ] {
        let error = azure_core::Error::with_message(azure_core::error::ErrorKind::Credential, text);
        let failed = failed("workloadIdentity", &error);
        assert!(failed.to_string().contains(told), "{failed}");
        assert_eq!(failed.transient(), transient, "{text}");
    }
}
