"""The domain's trusts, over a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.facts.asking_directory import RIGHT, SECONDS, access, leading_to
from tests.lab.served_directory import BASE, Served, serving
from vmm_wizard.facts.directory import DirectorySession, open_session
from vmm_wizard.facts.model import TrustFacts, known
from vmm_wizard.facts.passwords import Passwords


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as running:
        yield running


def trusts_of(served: Served) -> tuple[TrustFacts, ...] | None:
    passwords = Passwords(leading_to(served), SECONDS)
    try:
        session = open_session(access(), RIGHT, passwords)
        assert isinstance(session, DirectorySession), session
        return known(session.domain()).trusts
    finally:
        passwords.close()


def test_each_trust_is_told_with_both_names_and_its_direction(served: Served) -> None:
    assert trusts_of(served) == ()
    for number, name in enumerate(("fabrikam", "adatum", "litware"), 1):
        values = {"trustPartner": f"{name}.lab", "flatName": name.upper(), "trustDirection": number}
        served.directory.add(f"CN={name}.lab,CN=System,{BASE}", "trustedDomain", values)
    served.directory.add(f"CN=Other,CN=System,{BASE}", "container")
    found = trusts_of(served)
    assert found is not None
    assert set(found) == {
        TrustFacts("fabrikam.lab", "FABRIKAM", 1),
        TrustFacts("adatum.lab", "ADATUM", 2),
        TrustFacts("litware.lab", "LITWARE", 3),
    }


def test_where_trusts_are_kept_may_be_hidden_and_the_domain_is_told_all_the_same(served: Served) -> None:
    served.directory.remove(f"CN=System,{BASE}")
    assert trusts_of(served) is None
