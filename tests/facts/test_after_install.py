"""What is only asked for after an install: backups, the listener's places, logins on replicas, owners of the role."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.estates import ServedEstate, contoso_plan, serving_estate
from vmm_wizard.facts.model import NodeFacts, SqlFacts
from vmm_wizard.facts.node_model import SqlSettings
from vmm_wizard.facts.sql_model import BackupFacts, GroupListener, ReplicaLogin
from vmm_wizard.lab.setup_machine import InstalledServer
from vmm_wizard.lab.setup_machine import SqlSettings as WrittenSettings
from vmm_wizard.lab.sql import AvailabilityGroup, Backup, Database, Listener, Replica, ServerLogin, SqlServer
from vmm_wizard.lab.tds_tokens import SqlError

NAME = "VirtualManagerDB"
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def grouped(served: ServedEstate, *others: str, join: bool = True) -> SqlServer:
    """SQL01 as primary of AG-VMM, with VMM's database in it or beside it."""
    server = served.estate.sql_servers["sql01.contoso.lab"]
    server.databases.append(Database(NAME, server.collation, created=NOW - timedelta(days=3)))
    server.now = lambda: NOW
    replicas = [Replica("SQL01", "PRIMARY"), *(Replica(name, "SECONDARY") for name in others)]
    listener = Listener("sqlag", 1533, ("10.10.0.0", "10.20.0.0"))
    server.groups.append(AvailabilityGroup("AG-VMM", replicas, [listener], [NAME] if join else []))
    server.hadr_enabled = True
    return server


def asked(served: ServedEstate) -> SqlFacts:
    facts = served.check(contoso_plan()).facts.sql
    assert isinstance(facts, SqlFacts)
    return facts


def test_the_newest_backup_of_each_kind_is_told_and_copies_are_left_out(tmp_path: Path) -> None:
    with serving_estate(tmp_path) as served:
        server = grouped(served, join=False)
        database = server.database(NAME)
        assert database is not None
        hour = timedelta(hours=1)
        database.backups += [
            Backup("D", "SIMPLE", NOW - hour),
            Backup("D", "FULL", NOW - 5 * hour),
            Backup("D", "FULL", NOW - 9 * hour),
            Backup("D", "FULL", NOW, copy_only=True),
            Backup("L", "FULL", NOW - 2 * hour),
        ]
        found = asked(served).database
    assert found is not None
    assert found.created == NOW - timedelta(days=3)
    assert found.backups == BackupFacts(NOW - hour, NOW - 5 * hour, NOW - 2 * hour)


def test_a_database_without_a_backup_is_not_one_whose_backups_are_unknown(tmp_path: Path) -> None:
    with serving_estate(tmp_path) as served:
        grouped(served, join=False)
        found = asked(served)
    assert found.database is not None
    assert found.database.backups == BackupFacts()
    assert found.group_listeners == (GroupListener("AG-VMM", "sqlag", 1533, ("10.10.0.0", "10.20.0.0")),)
    assert found.replica_logins == ()


def test_each_other_replica_of_the_group_is_asked_once_for_the_service_accounts_login(tmp_path: Path) -> None:
    with serving_estate(tmp_path) as served:
        grouped(served, "SQL04")
        other = served.estate.sql_servers["sql04.contoso.lab"]
        assert asked(served).replica_logins == (ReplicaLogin("SQL04", False),)
        assert (other.sessions, len(other.batches)) == (1, 1)
        service = served.estate.account("svc-vmm")
        other.logins.append(ServerLogin(service.account, service.sid))
        assert asked(served).replica_logins == (ReplicaLogin("SQL04", True),)


def test_a_replica_that_cannot_be_asked_says_why(tmp_path: Path) -> None:
    with serving_estate(tmp_path) as served:
        grouped(served, "SQL04", "SQL09")
        other = served.estate.sql_servers["sql04.contoso.lab"]
        other.logins = [row for row in other.logins if row.name != served.estate.account("vmm-setup").account]
        closed, unknown = asked(served).replica_logins
    assert (closed.found, unknown.found) == (None, None)
    assert "error 18456" in closed.error
    assert "sql09.contoso.lab" in unknown.error


def test_the_registry_and_the_owners_of_the_role_are_told(tmp_path: Path) -> None:
    with serving_estate(tmp_path) as served:
        estate = served.estate
        written = WrittenSettings("sqlag", "sqlag.contoso.lab", "sqlag", "sqlag,1533", True)
        server = InstalledServer("C:\\VMM", "10.22", "x", "", "sql01", "", NAME, "vmm", 8100, written)
        estate.nodes["vmm01.contoso.lab"].install(server)
        estate.cluster.create_vmm_role("vmm", ["10.10.0.50", "10.20.0.50"], "vmm01.contoso.lab")
        group = estate.cluster.vmm_group()
        assert group is not None
        group.preferred_owners = ["VMM02", "VMM01"]
        node = served.check(contoso_plan()).facts.nodes["vmm01.contoso.lab"]
    assert isinstance(node, NodeFacts)
    assert node.vmm is not None
    assert node.vmm.sql_settings == SqlSettings("sqlag", "sqlag.contoso.lab", "sqlag", "sqlag,1533", True)
    assert (node.vmm.sql_machine, node.vmm.sql_instance) == ("sqlag", "")
    assert node.cluster is not None
    (service,) = node.cluster.services
    assert (service.possible_owners, service.preferred_owners) == (("VMM01",), ("VMM02", "VMM01"))


def test_the_estates_sql_server_backs_up_and_joins_as_the_recovery_model_allows() -> None:
    server = SqlServer("sql01.contoso.lab", lambda _: ())
    server.databases.append(Database(NAME, server.collation))
    group = AvailabilityGroup("AG")
    with pytest.raises(SqlError, match="BACKUP LOG"):
        server.back_up(NAME, "L")
    server.back_up(NAME)
    with pytest.raises(SqlError, match="full recovery model"):
        server.join_group(NAME, group)
    server.databases[0].recovery_model = "FULL"
    with pytest.raises(SqlError, match="no full backup"):
        server.join_group(NAME, group)
    server.back_up(NAME)
    server.join_group(NAME, group)
    assert group.databases == [NAME]
