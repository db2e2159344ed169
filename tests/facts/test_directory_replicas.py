"""The other domain controllers of a site, asked for an object over real sockets: each by one bind and one search."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.facts.asking_directory import RIGHT, SECONDS, access, addresses, closed_port
from tests.lab.served_directory import AUTHORITY, Served, serving
from vmm_wizard.facts.directory_replicas import MOST_ASKED, ask_replicas
from vmm_wizard.facts.model import NoAnswer, ReplicaFacts, known
from vmm_wizard.facts.passwords import Passwords
from vmm_wizard.lab.certificates import der, server_context
from vmm_wizard.lab.contoso import add_controller
from vmm_wizard.lab.ldap_server import LdapServer, loopback_listener
from vmm_wizard.lab.logons import Logons
from vmm_wizard.plan.names import DistinguishedName

DKM = DistinguishedName.parse("CN=VMMDKM,DC=contoso,DC=lab")
SITE = "Default-First-Site-Name"
SITES = "CN=Sites,CN=Configuration,DC=contoso,DC=lab"


@dataclass
class Site:
    """dc01, the controllers beside it, and what leads to them; `closed` has a name and answers nobody."""

    served: Served
    others: dict[str, LdapServer]
    passwords: Passwords

    def ask(self, dn: DistinguishedName = DKM) -> ReplicaFacts | NoAnswer:
        session = known(self.passwords.session(access(), RIGHT))
        return ask_replicas(session, dn, RIGHT, self.passwords)

    def facts(self) -> ReplicaFacts:
        return known(self.ask())


Opening = Callable[..., Site]


@pytest.fixture
def opening(tmp_path: Path) -> Iterator[Opening]:
    """Opens a site with controllers of these labels beside dc01, all of which have the container."""
    with ExitStack() as stack:

        def open_site(*labels: str, closed: str = "") -> Site:
            return stack.enter_context(site(tmp_path, labels, closed))

        yield open_site


@contextmanager
def site(place: Path, labels: tuple[str, ...], closed: str) -> Iterator[Site]:
    with serving(place) as served, ExitStack() as stack:
        served.directory.add(str(DKM), "container")
        add_controller(served.directory, served.host)
        hosts: dict[str, dict[str, object]] = {
            "dc01_contoso_lab": {"ldap": served.server.port, "ldaps": served.server.ldaps_port}
        }
        others = {}
        for label in (*labels, *([closed] if closed else [])):
            host = f"{label}.contoso.lab"
            add_controller(served.directory, host)
            if label == closed:
                hosts[f"{label}_contoso_lab"] = {"ldap": closed_port(), "ldaps": closed_port()}
                continue
            certificate, key = AUTHORITY.issue(host)
            server = LdapServer(
                served.directory,
                served.logons,
                host,
                secure=loopback_listener(),
                tls=server_context(certificate, key, place),
                certificate=der(certificate),
            )
            others[label] = stack.enter_context(server)
            hosts[f"{label}_contoso_lab"] = {"ldap": closed_port(), "ldaps": server.ldaps_port}
        passwords = Passwords(addresses(served.ca_file, **hosts), SECONDS)
        stack.callback(passwords.close)
        yield Site(served, others, passwords)


def lag(server: LdapServer) -> None:
    server.missing = frozenset({DKM.key})


def test_alone_in_its_site_a_controller_costs_no_bind_and_no_search_for_the_container(opening: Opening) -> None:
    place = opening()
    assert place.facts() == ReplicaFacts("dc01.contoso.lab", SITE)
    assert place.served.server.binds == 1
    assert str(DKM) not in {base for _, _, base in place.served.server.searches}


def test_each_other_controller_is_asked_by_one_bind_and_one_search(opening: Opening) -> None:
    place = opening("dc03", "dc02")
    lag(place.others["dc03"])
    facts = place.facts()
    assert (facts.having, facts.lacking, facts.silent) == (("dc02.contoso.lab",), ("dc03.contoso.lab",), {})
    for server in place.others.values():
        assert server.binds == 1
        assert [(scope, base) for _, scope, base in server.searches] == [("base", str(DKM))]
    assert place.served.server.binds == 1


def test_a_controller_of_another_site_is_not_asked(opening: Opening) -> None:
    place = opening()
    directory = place.served.directory
    server = f"CN=DC09,CN=Servers,CN=Branch,{SITES}"
    directory.add(f"CN=Branch,{SITES}", "site")
    directory.add(f"CN=Servers,CN=Branch,{SITES}", "serversContainer")
    directory.add(server, "server", {"dNSHostName": "dc09.contoso.lab"})
    directory.add(f"CN=NTDS Settings,{server}", "nTDSDSA", {"hasMasterNCs": [directory.base]})
    assert place.facts() == ReplicaFacts("dc01.contoso.lab", SITE)


def test_more_than_enough_controllers_are_named_as_not_asked(opening: Opening) -> None:
    place = opening(*(f"dc{number:02}" for number in range(2, 8)))
    facts = place.facts()
    assert len(facts.having) == MOST_ASKED
    assert facts.left_out == ("dc06.contoso.lab", "dc07.contoso.lab")
    assert [place.others[label].binds for label in ("dc05", "dc06", "dc07")] == [1, 0, 0]


def test_one_that_is_out_of_reach_is_a_reason_and_the_rest_is_asked(opening: Opening) -> None:
    place = opening("dc03", closed="dc02")
    facts = place.facts()
    assert facts.having == ("dc03.contoso.lab",)
    assert list(facts.silent) == ["dc02.contoso.lab"]
    assert "could not reach dc02.contoso.lab" in facts.silent["dc02.contoso.lab"]


def test_where_the_container_is_nowhere_nobody_else_is_asked(opening: Opening) -> None:
    place = opening("dc02")
    answer = place.ask(DistinguishedName.parse("CN=Nowhere,DC=contoso,DC=lab"))
    assert isinstance(answer, NoAnswer)
    assert answer.code == "unreadable"
    assert place.others["dc02"].binds == 0


def test_a_controller_that_refuses_the_password_stops_it_for_everybody(opening: Opening) -> None:
    place = opening("dc02", "dc03")
    session = known(place.passwords.session(access(), RIGHT))
    credential = place.served.logons.find("CONTOSO\\alice")
    assert credential is not None
    credential.password = "changed meanwhile"
    facts = known(ask_replicas(session, DKM, RIGHT, place.passwords))
    assert list(facts.silent) == ["dc02.contoso.lab", "dc03.contoso.lab"]
    assert place.served.bad_logons("alice") == 1
    stopped = place.passwords.usable(access().account, RIGHT, access())
    assert isinstance(stopped, NoAnswer)
    assert (stopped.code, "by dc02.contoso.lab" in stopped.reason) == ("logon", True)


def test_a_controller_that_does_not_know_the_account_yet_stops_nobody(opening: Opening) -> None:
    place = opening("dc02", "dc03")
    place.others["dc02"].logons = Logons()
    facts = place.facts()
    assert facts.having == ("dc03.contoso.lab",)
    assert "there is no such user" in facts.silent["dc02.contoso.lab"]
    assert place.passwords.usable(access().account, RIGHT, access()) == RIGHT


def test_a_controller_that_says_nothing_of_its_site_is_no_controller_that_is_alone(opening: Opening) -> None:
    place = opening()
    server = f"CN=DC01,CN=Servers,CN={SITE},{SITES}"
    place.served.directory.remove(f"CN=NTDS Settings,{server}")
    answer = place.ask()
    assert isinstance(answer, NoAnswer)
    assert "does not tell which controllers its site has" in answer.reason
