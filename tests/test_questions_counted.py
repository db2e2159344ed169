"""What one check costs the estate, counted at the estate's own side."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.estates import ServedEstate, contoso_plan, of_status, serving_estate
from vmm_wizard.checks.registry import Status
from vmm_wizard.cli.shared import ask_estate
from vmm_wizard.lab.scenarios import scenario

#: Searches that one check may make on its one bind.
MOST_SEARCHES = 12
#: Batches that SQL Server may get on its one connection.
MOST_BATCHES = 3


def searches_by_bind(served: ServedEstate) -> Counter[int]:
    assert served.serving.ldap is not None
    return Counter(number for number, _, _ in served.serving.ldap.searches)


def test_a_check_asks_each_node_once_and_directory_and_sql_little(tmp_path: Path) -> None:
    plan = contoso_plan()
    with serving_estate(tmp_path) as served:
        findings = ask_estate(plan, served.secrets, served.book).findings
        assert served.shells() == 0
        sql = served.estate.sql_servers[plan.sql_host]
        scripts = {host: list(node.scripts) for host, node in served.estate.nodes.items()}
        planned = {node.key for node in plan.nodes}
        assert {host: names for host, names in scripts.items() if names} == {key: ["node-facts"] for key in planned}
        assert served.serving.ldap is not None
        # A bind for each password that is proved; all searches go over the one of the account that asks.
        assert served.serving.ldap.binds == len(plan.accounts)
        assert len(searches_by_bind(served)) == 1
        assert 5 < max(searches_by_bind(served).values()) <= MOST_SEARCHES, list(served.serving.ldap.searches)
        assert sql.sessions == 1
        assert 1 <= len(sql.batches) <= MOST_BATCHES
    assert of_status(findings, Status.UNKNOWN) == []


def test_nothing_is_asked_twice_by_the_same_preflight(tmp_path: Path) -> None:
    with serving_estate(tmp_path) as served:
        preflight = served.preflight()
        list(preflight.run(contoso_plan()))
        first = searches_by_bind(served), served.estate.sql_servers["sql01.contoso.lab"].sessions
        node_logons = served.estate.account("vmm-setup").last_via.count("winrm")
        list(preflight.run(contoso_plan()))
        assert (searches_by_bind(served), served.estate.sql_servers["sql01.contoso.lab"].sessions) == first
        # Asked anew, nodes are logged on to anew, but not by a run that looks again and again.
        for same_sessions, logons in ((True, node_logons), (False, 2 * node_logons)):
            list(preflight.run(contoso_plan(), fresh=True, same_sessions=same_sessions))
            assert served.estate.account("vmm-setup").last_via.count("winrm") == logons
        assert sum(node.scripts.count("node-facts") for node in served.estate.nodes.values()) == 3 * node_logons
        account, secret = contoso_plan().installing_account, served.secrets.get(contoso_plan().installing_account)
        assert secret is not None
        assert not preflight.kept._is_stopped(secret)
        preflight.passwords.refuse(account, secret, None, "it was changed")
        assert preflight.kept._is_stopped(secret)
        preflight.close()
        assert served.shells() == 0


def test_a_faulty_estate_costs_no_more(tmp_path: Path) -> None:
    for name in ("role-name-taken", "cluster-cannot-create"):
        with serving_estate(tmp_path / name, scenario(name)) as served:
            served.check(served.plan)
            assert max(searches_by_bind(served).values()) <= MOST_SEARCHES
