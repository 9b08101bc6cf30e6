use super::*;
use crate::body::complaint;
use crate::id::ResourceId;
use crate::request::Method;

fn request(write: bool) -> Request {
    let id: ResourceId =
        "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/dnsZones/contoso.com".parse().unwrap();
    let needs = Needs { role: "DNS Zone Contributor", scope: id.to_string() };
    let request = Request::get("dns", &id, crate::versions::DNS, needs);
    if write { request.write(Method::Put, None, "writing it") } else { request }
}

fn error(write: bool, status: u16, body: &str) -> AzureError {
    AzureError::of(&request(write), status, complaint(body.as_bytes()), Facts::default())
}

#[test]
fn every_refusal_has_its_name_and_tells_what_to_do() {
    for (status, body, reason, told) in [
        (
            403,
            r#"{"error":{"code":"AuthorizationFailed","message":"no"}}"#,
            "Denied",
            "grant `DNS Zone Contributor` on /subscriptions/s/resourceGroups/rg",
        ),
        (403, r#"{"error":{"code":"RequestDisallowedByPolicy","message":"no"}}"#, "Denied", "Azure Policy"),
        (403, r#"{"error":{"code":"LinkedAuthorizationFailed","message":"no"}}"#, "Denied", "pointed to"),
        (
            401,
            r#"{"error":{"code":"InvalidAuthenticationTokenTenant","message":"x"}}"#,
            "Unauthenticated",
            "another tenant",
        ),
        (404, r#"{"error":{"code":"SubscriptionNotFound","message":"x"}}"#, "NotFound", "check `subscription`"),
        (404, r#"{"error":{"code":"ResourceGroupNotFound","message":"x"}}"#, "NotFound", "check `resourceGroup`"),
        (404, r#"{"code":"NotFound","message":"x"}"#, "NotFound", "the names"),
        (
            409,
            r#"{"error":{"code":"OperationNotAllowed","message":"Another operation (Updating) is in progress"}}"#,
            "Busy",
            "another operation",
        ),
        (409, r#"{"code":"Conflict","message":"CNAME"}"#, "Conflict", "contradicts"),
        (412, r#"{"code":"PreconditionFailed","message":"x"}"#, "Changed", "read it again"),
        (429, r#"{"error":{"code":"RetryableErrorDueToAnotherOperation","message":"x"}}"#, "Busy", "another operation"),
        (429, r#""{\"code\":\"Throttled\",\"message\":\"x\"}""#, "Throttled", "throttled (429 Throttled: x)"),
        (400, r#"{"error":{"code":"BadRequest","message":"x"}}"#, "Rejected", "400 BadRequest: x"),
        (302, "", "Rejected", "302"),
        (503, "<html>", "ServerError", "Azure failed (503: <html>)"),
    ] {
        let error = error(true, status, body);
        assert_eq!(error.reason(), reason, "{status} {body}");
        assert!(error.to_string().contains(told), "{told}: {error}");
    }
}

#[test]
fn only_a_write_whose_end_is_unknown_is_unknown() {
    for (status, write, unknown) in [
        (503, true, true),
        (503, false, false),
        (408, true, true),
        (429, true, false),
        (412, true, false),
        (403, true, false),
    ] {
        assert_eq!(error(write, status, "").outcome_unknown(), unknown, "{status} {write}");
    }
}

#[test]
fn a_wrong_clock_is_named_before_anything_else() {
    let facts = |skew| Facts { skew: Some(skew), ..Facts::default() };
    let expired = || complaint(br#"{"error":{"code":"ExpiredAuthenticationToken","message":"x"}}"#);
    let behind = AzureError::of(&request(false), 401, expired(), facts(4000)).to_string();
    assert!(behind.contains("our clock is 4000 s behind Azure's"), "{behind}");
    let ahead = AzureError::of(&request(false), 401, expired(), facts(-4000)).to_string();
    assert!(ahead.contains("our clock is 4000 s ahead of Azure's"), "{ahead}");
    let right = AzureError::of(&request(false), 401, expired(), facts(2)).to_string();
    assert!(right.contains("has expired"), "{right}");
}
