"""Rebuild over real sockets: VMM anew on the database that was kept, as another service account."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.install.finished import install_at_once, uninstall_at_once
from tests.install.installing import FIRST, SECOND, Site, finished, notices, site
from tests.install.test_interrupted import reached
from vmm_wizard.install.orders import Job, Order
from vmm_wizard.lab import contoso
from vmm_wizard.lab.descriptors import CONTAINER_INHERIT, GENERIC_ALL, allow
from vmm_wizard.lab.estate import Estate
from vmm_wizard.lab.logons import Credential
from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secrets import Secret

REBUILD = Order(Job.REBUILD)
OLD, NEW = (f"CN={name},{contoso.ACCOUNTS_OU}" for name in ("svc-vmm", "svc-vmm2"))
OLD_NAME = r"CONTOSO\svc-vmm"
NAMES = ["SCVMM/vmm", "SCVMM/vmm.contoso.lab"]


def add_service_account(estate: Estate, password: str) -> None:
    """Another service account like the first: administrator of the nodes, and with rights on the DKM container."""
    values: dict[str, str | int] = {
        "sAMAccountName": "svc-vmm2",
        "userPrincipalName": "svc-vmm2@contoso.lab",
        "userAccountControl": 0x10200,
    }
    directory = estate.directory
    sid = directory.require(directory.add(NEW, "user", values)).sid
    estate.logons.add(Credential("CONTOSO\\svc-vmm2", password, sid, NEW, ("svc-vmm2@contoso.lab",), None))
    directory.add_member(contoso.ADMINS_GROUP, NEW)
    directory.grant(contoso.DKM, allow(sid, GENERIC_ALL, CONTAINER_INHERIT))
    directory.grant(NEW, allow(estate.account(contoso.INSTALLER).sid, GENERIC_ALL))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Site]:
    """VMM was on both nodes as svc-vmm, and was taken off; the plan says svc-vmm2 and, still, a new database."""
    with site(tmp_path) as found:
        estate = found.served.estate
        install_at_once(estate, found.plan)
        uninstall_at_once(estate)
        add_service_account(estate, "Second-Service-Pa55word")
        account = AccountName.parse(r"CONTOSO\svc-vmm2")
        found.served.secrets.put(account, Secret("Second-Service-Pa55word"))
        found.plan = replace(found.plan, service_account=replace(found.plan.service_account, name=account))
        yield found


def free_names(place: Site) -> None:
    """What ACC-08 asks for: the names are taken from the old account."""
    place.served.estate.directory.modify(OLD, {"servicePrincipalName": []})


def test_the_old_accounts_principal_names_are_moved_first(place: Site) -> None:
    events = place.install(order=REBUILD)
    end = finished(events)
    assert (end.result, end.changed) == ("refused", False)
    assert "ACC-08" in end.text
    (finding,) = {row for event in events for row in getattr(event, "blocking", ()) if row.subject == NAMES[0]}
    assert f"is on {OLD}" in finding.evidence
    assert "setspn -D 'SCVMM/vmm'" in finding.remedy
    assert place.setups() == {}


def test_with_another_account_on_the_kept_database_cut_off_and_gone_on_with(place: Site) -> None:
    free_names(place)
    estate = place.served.estate
    sql = estate.sql_servers["sql01.contoso.lab"]
    before, keys = sql.database("VirtualManagerDB"), estate.directory.children(contoso.DKM)
    events = place.install_until(reached(FIRST, "verify", "done"), order=REBUILD)
    assert any("create_new = true of the answers is not followed" in row.text for row in notices(events))
    end = finished(place.install(order=REBUILD))
    assert (end.result, end.changed) == ("installed", True)
    assert place.is_clean()
    assert sql.database("VirtualManagerDB") is before
    assert estate.directory.children(contoso.DKM) == keys
    services = {node.server.service_account for node in estate.nodes.values() if node.server}
    assert services == {"CONTOSO\\svc-vmm2"}
    again = finished(place.install(order=REBUILD))
    assert (again.result, again.changed) == ("unchanged", False)


class TestRefused:
    def test_while_vmm_is_on_a_node_and_says_which(self, place: Site) -> None:
        old = replace(place.plan, service_account=replace(place.plan.service_account, name=AccountName.parse(OLD_NAME)))
        free_names(place)
        install_at_once(place.served.estate, replace(old, database=replace(old.database, create_new=False)), [SECOND])
        events = place.install(order=REBUILD)
        end = finished(events)
        assert (end.result, end.changed) == ("refused", False)
        assert f"VMM is on {SECOND}: a rebuild begins where it is on no node" in end.text
        assert any(f"vmm-wizard uninstall FILE --node {SECOND}" in row.remedy for row in notices(events))

    def test_without_a_database(self, place: Site) -> None:
        sql = place.served.estate.sql_servers["sql01.contoso.lab"]
        sql.databases[:] = [row for row in sql.databases if row.name != "VirtualManagerDB"]
        end = finished(place.install(order=REBUILD))
        assert (end.result, end.changed) == ("refused", False)
        assert "there is no database VirtualManagerDB on sql01" in end.text

    def test_on_a_database_that_holds_no_vmm(self, place: Site) -> None:
        other = replace(place.plan, database=replace(place.plan.database, name="Inventory"))
        end = finished(place.install(other, order=REBUILD))
        assert end.result == "refused"
        assert "holds no VMM" in end.text

    def test_when_the_keys_are_lost(self, place: Site) -> None:
        free_names(place)
        directory = place.served.estate.directory
        for child in directory.children(contoso.DKM):
            for key in directory.children(child.dn):
                directory.remove(key.dn)
            directory.remove(child.dn)
        end = finished(place.install(order=REBUILD))
        assert (end.result, end.changed) == ("refused", False)
        assert "DKM-05" in end.text
        assert place.setups() == {}
