"""octodns with its Azure provider, unmodified: a zone planned, applied, changed, dumped and found unchanged."""

from life import Octodns
from told import Life, end, group

life = Life("octodns-azure", "Azure DNS")
octodns = Octodns(group(), "octodns.example.")

FIRST = """
www: {type: A, ttl: 60, values: [192.0.2.1, 192.0.2.2]}
'': {type: MX, values: [{preference: 10, exchange: mail.octodns.example.}]}
text: {type: TXT, value: 'v=spf1 -all\\; more'}
alias: {type: CNAME, value: www.octodns.example.}
'*.apps': {type: AAAA, value: '2001:db8::1'}
"""
SECOND = FIRST.replace("192.0.2.2", "192.0.2.3").replace("ttl: 60", "ttl: 30")
LAST = "www: {type: A, ttl: 30, values: [192.0.2.1, 192.0.2.3]}\n"


def planned(records, plan, *arguments):
    said = octodns.sync(records, *arguments)
    assert plan in said, said[-1500:]


def create():
    planned(FIRST, "Creates=5")


def unchanged():
    planned(FIRST, "No changes were planned")


def change():
    planned(SECOND, "Creates=0, Updates=1, Deletes=0")
    planned(SECOND, "No changes were planned")


def delete():
    planned(LAST, "Deletes=4", "--force")
    planned(LAST, "No changes were planned")


def dump():
    dumped = octodns.dump()
    assert "192.0.2.3" in dumped and "ttl: 30" in dumped, dumped


life.step("plan and create a zone with five sets", create)
life.step("nothing to change", unchanged)
life.step("update", change)
life.step("delete", delete)
life.step("read back", dump)
end()
