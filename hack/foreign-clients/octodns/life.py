"""octodns's programs, for one zone in one resource group."""

import os
import pathlib
import subprocess
import sys
import tempfile

from told import CA, SUBSCRIPTION, TENANT, URL

PROGRAMS = pathlib.Path(sys.executable).parent


class Octodns:
    """A configuration of its own."""

    def __init__(self, rg, zone):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="octodns-"))
        self.zone = zone
        (self.folder / "zones").mkdir()
        (self.folder / "config.yaml").write_text(f"""
providers:
  config:
    class: octodns.provider.yaml.YamlProvider
    directory: {self.folder}/zones
    default_ttl: 300
    enforce_order: false
  azure:
    class: octodns_azure.AzureProvider
    client_id: octodns
    key: any
    directory_id: {TENANT}
    sub_id: {SUBSCRIPTION}
    resource_group: {rg}
    client_credential_method: cli
    authority: {URL}
    base_url: {URL}
zones:
  {zone}:
    sources: [config]
    targets: [azure]
""")

    def run(self, program, *arguments):
        """Runs one of octodns's programs; returns what it said."""
        path = f"{pathlib.Path(__file__).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            [PROGRAMS / program, "--config-file", self.folder / "config.yaml", *arguments],
            env={**os.environ, "REQUESTS_CA_BUNDLE": CA, "PATH": path},
            capture_output=True,
            text=True,
            timeout=600,
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, said[-1500:]
        return said

    def sync(self, records, *arguments):
        """Makes the zone hold these records and no others; returns what was said."""
        (self.folder / "zones" / f"{self.zone}yaml").write_text("---\n" + records)
        return self.run("octodns-sync", "--doit", *arguments)

    def dump(self):
        """The zone as octodns reads it."""
        self.run("octodns-dump", "--output-dir", self.folder / "dump", self.zone, "azure")
        return (self.folder / "dump" / f"{self.zone}yaml").read_text()
