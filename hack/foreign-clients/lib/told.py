"""A life of resources, told step by step.

Each step becomes one line on stdout, tab-separated: `life`, client, version, service, step, `ok` or `FAILED`, detail.
The program ends with 1 when a step failed. A step that needs what a failed one should have made says so itself.
"""

import importlib.metadata
import json
import os
import subprocess
import sys
import traceback
import uuid

URL = os.environ["AZURE_EMULATOR_URL"]
CA = os.environ["AZURE_EMULATOR_CA"]
DNS = os.environ.get("AZURE_EMULATOR_DNS", "")
SUBSCRIPTION = os.environ.get("AZURE_EMULATOR_SUBSCRIPTION", "11111111-1111-1111-1111-111111111111")
TENANT = "22222222-2222-2222-2222-222222222222"


def group():
    """A resource group of this run's own."""
    return f"life-{uuid.uuid4().hex[:8]}"


def written(rg):
    """Lets Teal's own targets write into this resource group; what was asked of them."""
    done = subprocess.run([os.environ["TEAL_WRITER"], rg], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def shares(weights):
    """Percent by name, of the weights of what is enabled."""
    whole = sum(weights.values())
    return {name: weight * 100 / whole for name, weight in weights.items()}


class Life:
    """Steps of one client with one service."""

    failed = False

    def __init__(self, package, service):
        self.package, self.service = package, service
        self.version = importlib.metadata.version(package)

    def step(self, name, act):
        """Runs a step; returns what it returned, `None` when it failed."""
        try:
            result = act()
        except Exception as error:  # Whatever goes wrong is the step's result.
            Life.failed = True
            traceback.print_exc()
            self._tell(name, "FAILED", f"{type(error).__name__}: {error}")
            return None
        self._tell(name, "ok", "")
        return result

    def _tell(self, name, outcome, detail):
        detail = " ".join(detail.split())[:300]
        print("life", self.package, self.version, self.service, name, outcome, detail, sep="\t", flush=True)


def same(one, other):
    """Equal, and said when not."""
    assert one == other, f"{one!r} is not {other!r}"


def end():
    """Ends the program with its verdict."""
    sys.exit(1 if Life.failed else 0)
