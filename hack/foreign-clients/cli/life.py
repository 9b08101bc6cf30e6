"""An Azure CLI that is logged in to the emulator, in a configuration of its own."""

import atexit
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import certifi

from told import CA, TENANT, URL

FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="azure-cli-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
# The CLI trusts one file for everything.
(FOLDER / "trust.pem").write_text(pathlib.Path(certifi.where()).read_text() + pathlib.Path(CA).read_text())

ENVIRONMENT = {
    **os.environ,
    "AZURE_CONFIG_DIR": str(FOLDER / "config"),
    "AZURE_CORE_COLLECT_TELEMETRY": "no",
    "AZURE_CORE_NO_COLOR": "true",
    "REQUESTS_CA_BUNDLE": str(FOLDER / "trust.pem"),
}


def az(*words):
    """Runs the CLI; returns its JSON, `None` when it says nothing."""
    command = [sys.executable, "-m", "azure.cli", *words, "--output", "json"]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"az {' '.join(words)}: {done.stderr[-1000:]}"
    return json.loads(done.stdout) if done.stdout.strip() else None


def az_refused(text, *words):
    """Runs the CLI, which must fail and say something."""
    command = [sys.executable, "-m", "azure.cli", *words]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=300)
    assert done.returncode != 0 and text in done.stderr, f"az {' '.join(words)}: {done.returncode} {done.stderr[-1000:]}"


def log_in():
    """Registers the emulator as a cloud and logs in with a client secret."""
    az("cloud", "register", "--name", "Emulated", "--endpoint-resource-manager", URL)
    az("cloud", "set", "--name", "Emulated")
    az("config", "set", "core.instance_discovery=false")
    return az(
        "login", "--service-principal", "--username", "foreign-client", "--password", "any secret", "--tenant", TENANT
    )
