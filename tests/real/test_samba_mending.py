"""Mending and discovery against a real AD domain controller (Samba): what is written is what the checks ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.real import samba
from tests.real.samba import BASE, PASSWORD, SambaDomain
from vmm_wizard.checks.rights import FULL_CONTROL, access
from vmm_wizard.facts.directory import DirectorySession, open_session
from vmm_wizard.facts.directory_services import ask_cluster_names, ask_sql_names
from vmm_wizard.facts.discovery_model import FoundInstance
from vmm_wizard.facts.model import ContainerFacts, known
from vmm_wizard.facts.passwords import Passwords
from vmm_wizard.mending.directory import ChangeRefused, add_rights, make_container
from vmm_wizard.mending.model import Grant, GrantRights, MakeContainer
from vmm_wizard.plan.names import DistinguishedName
from vmm_wizard.plan.secrets import Secret

PLACE = f"OU=Mending,{BASE}"
DKM = f"CN=VMMDKM,{PLACE}"


@pytest.fixture(scope="module")
def domain() -> SambaDomain:
    """The domain with an installing account that may make containers in one place, and nothing else."""
    running = samba.samba_domain()
    for sam in ("mend-setup", "mend-service", "mend-reader"):
        running.user(sam)
    setup = running.sid(f"CN=mend-setup,CN=Users,{BASE}")
    running.add(
        PLACE,
        "objectClass: organizationalUnit",
        # Create children of class container, and what everybody who reads needs.
        f"nTSecurityDescriptor: O:DAG:DAD:(OA;;CC;bf967a8b-0de6-11d0-a285-00aa003049e2;;{setup})"
        "(A;CI;RPLCLORC;;;AU)(A;CI;GA;;;DA)(A;CI;GA;;;SY)",
    )
    return running


@pytest.fixture
def sessions(domain: SambaDomain) -> Iterator[dict[str, DirectorySession]]:
    """A bound session of each account."""
    passwords = Passwords(domain.addresses(), 20)
    yield {
        sam: known(open_session(domain.access(sam), Secret(PASSWORD), passwords))
        for sam in ("mend-setup", "mend-reader")
    }
    passwords.close()


def grants(domain: SambaDomain, *sams: str) -> tuple[Grant, ...]:
    return tuple(Grant(domain.sid(f"CN={sam},CN=Users,{BASE}"), sam) for sam in sams)


def container(session: DirectorySession, dn: str = DKM) -> ContainerFacts:
    return known(session.container(DistinguishedName.parse(dn)))


def test_a_container_is_made_and_grants_what_was_shown(
    domain: SambaDomain, sessions: dict[str, DirectorySession]
) -> None:
    setup = sessions["mend-setup"]
    assert "container" in (container(setup, PLACE).allowed_child_classes_effective or ())
    both = grants(domain, "mend-setup", "mend-service")
    make_container(setup, MakeContainer(DKM, both))
    made = container(setup)
    assert made.object_classes == ("top", "container")
    assert made.descriptor is not None
    assert made.descriptor.owner == both[0].sid
    for row in both:
        granted = access(made.descriptor, frozenset({row.sid, "S-1-1-0", "S-1-5-11"}))
        assert granted.covers(FULL_CONTROL)
        assert granted.protected
    # What the schema gives a new object is there still.
    assert any(ace.sid.endswith("-512") and ace.allow for ace in made.descriptor.dacl or ())
    with pytest.raises(ChangeRefused, match="is there already"):
        make_container(setup, MakeContainer(DKM, both))


def test_without_the_right_the_directory_refuses_and_nothing_is_there(
    domain: SambaDomain, sessions: dict[str, DirectorySession]
) -> None:
    reader, dn = sessions["mend-reader"], f"CN=Refused,{PLACE}"
    assert container(reader, PLACE).allowed_child_classes_effective == ()
    with pytest.raises(ChangeRefused, match=r"creating CN=Refused.* has no right to do that"):
        make_container(reader, MakeContainer(dn, grants(domain, "mend-reader")))
    assert not container(reader, dn).found


def test_rights_are_added_beside_those_that_are_there(
    domain: SambaDomain, sessions: dict[str, DirectorySession]
) -> None:
    setup = domain.sid(f"CN=mend-setup,CN=Users,{BASE}")
    dn = domain.container(f"CN=Given,{PLACE}", f"(A;;RPLCLORCWD;;;{setup})(A;CI;RP;;;AU)(A;CI;GA;;;DA)")
    before = container(sessions["mend-setup"], dn).descriptor
    assert before is not None
    add_rights(sessions["mend-setup"], GrantRights(dn, grants(domain, "mend-setup"), protect=False))
    after = container(sessions["mend-setup"], dn).descriptor
    assert after is not None
    assert access(after, frozenset({setup})).covers(FULL_CONTROL)
    assert (after.owner, set(before.dacl or ()) - set(after.dacl or ())) == (before.owner, set())
    with pytest.raises(ChangeRefused, match="has no right to do that"):
        add_rights(sessions["mend-reader"], GrantRights(dn, grants(domain, "mend-reader"), protect=True))


def test_sql_servers_and_clusters_are_found_by_their_names(
    domain: SambaDomain, sessions: dict[str, DirectorySession]
) -> None:
    holder = f"CN=mend-service,CN=Users,{BASE}"
    for name in ("MSSQLSvc/sql9.ad.example:1433", "MSSQLSvc/sql8.ad.example:VMM"):
        domain.modify(holder, "servicePrincipalName", name, add=True)
    for label, services in (
        ("MENDCLU", ("MSClusterVirtualServer", "MSServerClusterMgmtAPI")),
        ("MENDROLE", ("MSClusterVirtualServer",)),
        ("MENDNODE", ("MSServerClusterMgmtAPI",)),
    ):
        domain.add(
            f"CN={label},CN=Computers,{BASE}",
            "objectClass: computer",
            f"sAMAccountName: {label}$",
            f"dNSHostName: {label.lower()}.ad.example",
            *(f"servicePrincipalName: {service}/{label}" for service in services),
        )
    reader = sessions["mend-reader"]
    instances = known(reader.answered("SQL Servers", ask_sql_names))
    assert FoundInstance("sql9.ad.example", "", 1433, accounts=(holder,)) in instances
    assert FoundInstance("sql8.ad.example", "VMM", accounts=(holder,)) in instances
    found = known(reader.answered("clusters", ask_cluster_names))
    assert ("mendclu", f"CN=MENDCLU,CN=Computers,{BASE}") in found.clusters
    assert "mendnode.ad.example" in found.nodes
    assert "mendrole" not in {name for name, _ in found.clusters}
