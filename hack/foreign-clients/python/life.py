"""What all of Microsoft's Python clients need to reach the emulator, and how they refuse."""

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import ClientSecretCredential

from told import CA, SUBSCRIPTION, TENANT, URL, Life, end, group, same

__all__ = [
    "CA", "SUBSCRIPTION", "URL", "Life", "absent", "credential", "end", "group", "options", "refused", "same", "stale"
]


def credential():
    """A client secret, exchanged at the emulator's own authority."""
    return ClientSecretCredential(
        TENANT, "foreign-client", "any secret", authority=URL, disable_instance_discovery=True, connection_verify=CA
    )


def options():
    """What every management client takes."""
    return {
        "base_url": URL,
        "connection_verify": CA,
        "credential_scopes": ["https://management.azure.com/.default"],
        "polling_interval": 0,
        "retry_total": 0,
    }


def refused(status, act):
    """An act that must be refused with a status; returns the error."""
    try:
        act()
    except HttpResponseError as error:
        assert error.status_code == status, f"{error.status_code} instead of {status}: {error.message}"
        return error
    raise AssertionError(f"went through, though {status} was due")


def absent(act):
    """An act about something that must not be there; returns the error."""
    try:
        act()
    except ResourceNotFoundError as error:
        return error
    raise AssertionError("was found")


def stale(act):
    """An act whose condition does not hold: 412."""
    return refused(412, act)
