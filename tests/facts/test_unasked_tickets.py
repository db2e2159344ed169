"""Where an address book rules, a Kerberos ticket is not used unasked: its servers are looked for outside of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.facts.test_database import Probe
from tests.node_estate import a_question, served_nodes
from tests.sql_estate import ADMIN, served
from vmm_wizard.facts import sql_client
from vmm_wizard.facts.model import NodeFacts
from vmm_wizard.facts.nodes import ask_node
from vmm_wizard.facts.questions import Trust
from vmm_wizard.remote import connection


def test_a_node_is_asked_with_the_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_has_ticket", lambda _: True)
    with served_nodes(tmp_path) as nodes:
        assert isinstance(ask_node(a_question(), nodes.password(), nodes.addresses, 20.0), NodeFacts)
        assert nodes.credential().last_via == ["winrm"]


def test_sql_server_is_asked_with_the_password_and_not_by_the_drivers_own_logon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def driver(*_: object) -> None:
        raise AssertionError("the driver was asked")

    monkeypatch.setattr(sql_client, "ticket_holder", lambda: ADMIN)
    monkeypatch.setattr(sql_client, "microsoft_driver", lambda: "ODBC Driver 18 for SQL Server")
    monkeypatch.setattr(sql_client, "connect_odbc", driver)
    with served(tmp_path) as estate:
        # Without a CA file of the plan's own the driver could serve.
        assert Probe(estate).gap(trust=Trust()).code == "certificate"
