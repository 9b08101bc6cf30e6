"""The emulator's admin API, as far as lives need it."""

import json
import ssl
import urllib.request

from told import CA, URL


def admin(method, path, body=None):
    """Calls the admin API; returns its JSON, `None` when it says nothing."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{URL}/_emulator/{path}", data=data, method=method)
    request.add_header("content-type", "application/json")
    with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=CA), timeout=120) as answer:
        said = answer.read()
    return json.loads(said) if said.strip() else None


def slow(kind, polls=2):
    """Operations about a kind are seen running by so many polls."""
    admin("PATCH", "settings", {"lro": {"kinds": {kind: {"polls": polls, "retryAfter": 0}}}})
