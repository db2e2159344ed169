"""The practice domain for the tests of this folder, a session with it, and a SQL Server to ask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import sql_estate
from tests.facts.asking_database import Probe
from tests.facts.asking_directory import RIGHT, SECONDS, access, leading_to
from tests.lab.served_directory import Served, serving
from vmm_wizard.facts import sql_client
from vmm_wizard.facts.directory import DirectorySession, open_session
from vmm_wizard.facts.passwords import Passwords


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as running:
        yield running


@pytest.fixture
def session(served: Served) -> Iterator[DirectorySession]:
    """The practice domain as alice sees it."""
    passwords = Passwords(leading_to(served), SECONDS)
    opened = open_session(access(), RIGHT, passwords)
    assert isinstance(opened, DirectorySession), opened
    yield opened
    passwords.close()


@pytest.fixture
def probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Probe]:
    """Asks the SQL Server of an estate. Whoever runs the tests may have a ticket of their own: it is not there."""
    monkeypatch.setattr(sql_client, "ticket_holder", lambda: "")
    with sql_estate.served(tmp_path) as running:
        yield Probe(running)
