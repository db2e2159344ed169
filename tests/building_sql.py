"""One builder for a SQL Server that every check is content with, and one for a database in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from vmm_wizard.facts.model import DatabaseFacts, RoleMember, SqlFacts

#: The estate's own time: nothing here looks at the real clock.
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
GIB = 2**30


def a_sql(**changes: Any) -> SqlFacts:
    """SQL Server 2019 Standard, a failover cluster instance, asked by the installing account, without the database."""
    sql = SqlFacts(
        server="sql01.contoso.lab",
        port=1433,
        logged_on_as=r"CONTOSO\vmm-setup",
        asked_as=r"CONTOSO\vmm-setup",
        driver="python-tds",
        auth_scheme="NTLM",
        is_sysadmin=True,
        product_version="15.0.4360.2",
        product_level="RTM",
        update_level="CU25",
        major_version=15,
        engine_edition=2,
        edition="Standard Edition (64-bit)",
        collation="Latin1_General_100_CI_AS",
        machine_name="SQL01",
        physical_name="SQLNODE1",
        instance="MSSQLSERVER",
        is_clustered=True,
        hadr_enabled=False,
        default_domain="CONTOSO",
        utc_time=NOW,
        service_account=r"CONTOSO\svc-sql",
        force_encryption=False,
        data_path="S:\\Data\\",
        log_path="L:\\Log\\",
        data_free_bytes=200 * GIB,
        leftover_files=(),
        listeners=(),
        replicas=(),
        replica_role="",
    )
    return replace(sql, **changes)


def a_database(**changes: Any) -> DatabaseFacts:
    """A database that a DBA has prepared for VMM: empty, in no group, the service account in db_owner."""
    database = DatabaseFacts(
        name="VirtualManagerDB",
        collation="Latin1_General_100_CI_AS",
        state="ONLINE",
        recovery_model="SIMPLE",
        is_vmm=False,
        availability_group="",
        owners=(
            RoleMember("sa"),
            RoleMember(r"CONTOSO\svc-vmm", "S-1-5-21-1004336348-1177238915-682003330-1105"),
        ),
        table_count=0,
        users=(),
    )
    return replace(database, **changes)
