"""octodns with its Azure provider, unmodified: a zone planned, applied, changed, dumped and found unchanged."""

import os
import pathlib
import subprocess
import sys
import tempfile

from told import CA, SUBSCRIPTION, TENANT, URL, Life, end, group

life = Life("octodns-azure", "Azure DNS")
folder = pathlib.Path(tempfile.mkdtemp(prefix="octodns-"))
bin_folder = pathlib.Path(sys.executable).parent
rg, zone = group(), "octodns.example."

CONFIG = f"""
providers:
  config:
    class: octodns.provider.yaml.YamlProvider
    directory: {folder}/zones
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
"""

FIRST = """
www: {type: A, ttl: 60, values: [192.0.2.1, 192.0.2.2]}
'': {type: MX, values: [{preference: 10, exchange: mail.octodns.example.}]}
text: {type: TXT, value: 'v=spf1 -all\\; more'}
alias: {type: CNAME, value: www.octodns.example.}
'*.apps': {type: AAAA, value: '2001:db8::1'}
"""

SECOND = FIRST.replace("192.0.2.2", "192.0.2.3").replace("ttl: 60", "ttl: 30")


def octodns(program, *arguments):
    """Runs one of octodns's programs; returns what it said."""
    path = f"{pathlib.Path(__file__).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [bin_folder / program, "--config-file", folder / "config.yaml", *arguments],
        env={**os.environ, "REQUESTS_CA_BUNDLE": CA, "PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-1500:]
    return said


def write(records):
    (folder / "zones").mkdir(exist_ok=True)
    (folder / "config.yaml").write_text(CONFIG)
    (folder / "zones" / f"{zone}yaml").write_text("---" + records)


def create():
    write(FIRST)
    said = octodns("octodns-sync", "--doit")
    assert "Creates=5" in said, said[-1500:]


def unchanged():
    said = octodns("octodns-sync", "--doit")
    assert "No changes were planned" in said, said[-1500:]


def change():
    write(SECOND)
    said = octodns("octodns-sync", "--doit")
    assert "Updates=1" in said and "Creates=0" in said, said[-1500:]
    unchanged()


def delete():
    write("\nwww: {type: A, ttl: 30, values: [192.0.2.1, 192.0.2.3]}\n")
    said = octodns("octodns-sync", "--doit", "--force")
    assert "Deletes=4" in said, said[-1500:]
    unchanged()


def dump():
    octodns("octodns-dump", "--output-dir", folder / "dump", zone, "azure")
    dumped = (folder / "dump" / f"{zone}yaml").read_text()
    assert "192.0.2.3" in dumped and "ttl: 30" in dumped, dumped


life.step("plan and create a zone with five sets", create)
life.step("nothing to change", unchanged)
life.step("update", change)
life.step("delete", delete)
life.step("read back", dump)
end()
