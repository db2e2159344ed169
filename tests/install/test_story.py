"""One VMM from first to last by the product's own orders: install, uninstall, rebuild, a third node, a failover."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.install.finished import THIRD, removals
from tests.install.installing import FIRST, SECOND, Site, finished, runs, site
from tests.install.test_rebuild import add_service_account
from vmm_wizard.install.orders import Job, Order
from vmm_wizard.lab import contoso
from vmm_wizard.lab.sql import Database
from vmm_wizard.plan.names import AccountName, HostName
from vmm_wizard.plan.secrets import Secret

OLD, NEW = r"CONTOSO\svc-vmm", r"CONTOSO\svc-vmm2"


def carried_out(place: Site, order: Order, result: str) -> str:
    """An order to its end, which is `result`; afterwards nothing of it is left anywhere. Gives back its sentence."""
    end = finished(place.install(order=order))
    assert (end.result, end.changed) == (result, result != "unchanged"), end.text
    assert (place.left(), place.told(), place.served.estate.cluster.run_lock) == ([], [], "")
    return end.text


def verified(place: Site) -> str:
    """What a verify of the plan's nodes comes to, which changes nothing."""
    end = finished(place.install(order=Order(Job.VERIFY)))
    assert (end.result, end.changed) == ("done", False), end.text
    return end.text.partition(";")[0]


def services(place: Site) -> dict[str, str]:
    """The account of VMM's service, by node that has VMM."""
    return {name: node.server.service_account for name, node in place.served.estate.nodes.items() if node.server}


def role(place: Site) -> tuple[str, str, list[str]]:
    """Owner, state and possible owners of VMM's role; of none, nothing."""
    group = place.served.estate.cluster.vmm_group()
    return (group.owner, group.state, list(group.possible_owners)) if group else ("", "", [])


def database(place: Site) -> Database | None:
    return place.served.estate.sql_servers["sql01.contoso.lab"].database("VirtualManagerDB")


def keys(place: Site) -> list[str]:
    """Every object below the DKM container."""
    directory = place.served.estate.directory
    groups = directory.children(contoso.DKM)
    return [entry.dn for group in groups for entry in (group, *directory.children(group.dn))]


def names_of(place: Site, account: str) -> list[str]:
    """The service principal names of VMM that an account of the domain holds."""
    dn = place.served.estate.account(account.partition("\\")[2]).dn
    values = place.served.estate.directory.require(dn).values("servicePrincipalName")
    return sorted(value.decode() for value in values if value.startswith(b"SCVMM/"))


@pytest.mark.long
def test_one_vmm_from_first_to_last(tmp_path: Path) -> None:
    with site(tmp_path) as place:
        # Install: one setup a node, and a database with its keys.
        carried_out(place, Order(), "installed")
        first_database, first_keys = database(place), keys(place)
        assert first_database is not None
        assert first_keys
        assert place.setups() == {FIRST: [0], SECOND: [0]}
        assert services(place) == {FIRST: OLD, SECOND: OLD}
        assert role(place) == ("VMM01", "Online", ["VMM01", "VMM02"])
        assert names_of(place, OLD) == ["SCVMM/vmm", "SCVMM/vmm.contoso.lab"]
        assert verified(place) == f"VMM is verified on {FIRST}, {SECOND}: role vmm is online on {FIRST}"

        # Uninstall everywhere: database and keys stay.
        text = carried_out(place, Order(Job.UNINSTALL), "done")
        assert text.endswith("no node has VMM any more")
        assert removals(place.served.estate) == {FIRST: [0], SECOND: [0]}
        assert (services(place), role(place)) == ({}, ("", "", []))
        assert database(place) is first_database
        assert keys(place) == first_keys
        end = finished(place.install(order=Order(Job.VERIFY)))
        assert (end.result, "was not found" in end.text) == ("refused", True)

        # Rebuild as another service account, on what was kept.
        add_service_account(place.served.estate, "Second-Service-Pa55word")
        account = AccountName.parse(NEW)
        place.served.secrets.put(account, Secret("Second-Service-Pa55word"))
        place.plan = replace(place.plan, service_account=replace(place.plan.service_account, name=account))
        carried_out(place, Order(Job.REBUILD), "installed")
        assert place.setups() == {FIRST: [0, 0], SECOND: [0, 0]}
        assert services(place) == {FIRST: NEW, SECOND: NEW}
        assert role(place) == ("VMM01", "Online", ["VMM01", "VMM02"])
        assert (names_of(place, OLD), names_of(place, NEW)) == ([], ["SCVMM/vmm", "SCVMM/vmm.contoso.lab"])
        assert database(place) is first_database
        assert keys(place) == first_keys
        assert verified(place) == f"VMM is verified on {FIRST}, {SECOND}: role vmm is online on {FIRST}"

        # A third node joins; the others are left alone.
        nodes = tuple(map(HostName, (FIRST, SECOND, THIRD)))
        place.plan = replace(place.plan, cluster=replace(place.plan.cluster, nodes=nodes))
        carried_out(place, Order(Job.ADD_NODE, (THIRD,)), "installed")
        assert place.setups() == {FIRST: [0, 0], SECOND: [0, 0], THIRD: [0]}
        assert services(place) == {FIRST: NEW, SECOND: NEW, THIRD: NEW}
        assert role(place) == ("VMM01", "Online", ["VMM01", "VMM02", "VMM03"])

        # The role goes to it.
        text = carried_out(place, Order(Job.FAILOVER, target=THIRD), "done")
        assert text == f"role vmm is online on {THIRD}: connect consoles to vmm.contoso.lab:8100"
        assert role(place) == ("VMM03", "Online", ["VMM01", "VMM02", "VMM03"])
        assert verified(place).endswith(f"role vmm is online on {THIRD}")

        # Nothing is left to do, and the whole story stands in the journal.
        carried_out(place, Order(Job.FAILOVER, target=THIRD), "unchanged")
        assert place.setups() == {FIRST: [0, 0], SECOND: [0, 0], THIRD: [0]}
        assert removals(place.served.estate) == {FIRST: [0], SECOND: [0]}
        assert database(place) is first_database
        assert keys(place) == first_keys
        told = [(run.order.job.value, run.outcome) for run in reversed(place.journal.runs())]
        assert [row for row in told if row[0] != "verify"] == [
            ("install", "installed"),
            ("uninstall", "done"),
            ("rebuild", "installed"),
            ("add-node", "installed"),
            ("failover", "done"),
            ("failover", "unchanged"),
        ]
        assert [outcome for job, outcome in told if job == "verify"] == ["done", "refused", "done", "done"]
        assert len(runs(place.journal)) == len(told)
        assert not place.served.estate.report()["bad_logons"]
