"""Restarts before and after setup: asked for, the role moved away, once each, whatever ends a call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.install.installing import FIRST, QUICK, SECOND, Site, finished, newest, notices, runs, site, steps
from tests.install.test_interrupted import reached
from vmm_wizard.install.asking import LEAVE, RESTART, Question
from vmm_wizard.install.events import Event
from vmm_wizard.install.orders import Order
from vmm_wizard.lab import setup_run
from vmm_wizard.lab.node_power import Power
from vmm_wizard.lab.scenarios import scenario
from vmm_wizard.lab.windows import HANDLERS

WITH_RESTART = Order(restart=True)


@contextmanager
def counted_boots(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The nodes whose Windows went down, in order, by the estate's own account."""
    down: list[str] = []
    restart = Power.restart

    def counted(self: Power, away: float | None) -> None:
        down.append(self._node.dns_name)
        restart(self, away)

    monkeypatch.setattr(Power, "restart", counted)
    yield down


@pytest.fixture
def boots(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    with counted_boots(monkeypatch) as down:
        yield down


@pytest.fixture
def pending(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path, scenario("pending-reboot")) as found:
        yield found


@pytest.fixture
def wanted(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path, scenario("run-restart-wanted")) as found:
        yield found


def owner(place: Site) -> tuple[str, str]:
    """(Owner, state) of VMM's role, by the estate's own account."""
    role = place.served.estate.report()["roles"]["vmm"]
    return role["owner"], role["state"]


class TestBeforeSetup:
    def test_a_pending_restart_is_made_where_it_is_ordered(self, pending: Site, boots: list[str]) -> None:
        events = pending.install(order=WITH_RESTART)
        assert finished(events).result == "installed"
        assert steps(events, SECOND)[:2] == [("restart", "started"), ("restart", "done")]
        assert boots == [SECOND]
        assert pending.is_clean()

    def test_it_is_made_where_the_user_says_so_and_he_is_told_why(self, pending: Site, boots: list[str]) -> None:
        asked: list[Question] = []

        def answer(question: Question) -> str:
            asked.append(question)
            return RESTART

        assert finished(pending.install(ask=answer)).result == "installed"
        assert [(row.node, row.default) for row in asked] == [(SECOND, LEAVE)]
        assert "setup fails before it" in asked[0].text
        assert boots == [SECOND]

    def test_nobodys_answer_is_no_and_the_refusal_says_what_to_do(self, pending: Site, boots: list[str]) -> None:
        events = pending.install()
        end = finished(events)
        assert (end.result, end.changed) == ("refused", False)
        assert "NOD-08" in end.text
        assert any("--restart" in row.remedy for row in notices(events))
        assert (boots, pending.setups()) == ([], {})

    @pytest.mark.long
    def test_one_that_comes_up_between_two_nodes_is_made_then(self, tmp_path: Path, boots: list[str]) -> None:
        with site(tmp_path) as place:
            good, second = reached(FIRST, "verify", "started"), place.served.estate.nodes[SECOND].state

            def on(event: Event) -> None:
                second.pending_windows_update |= good(event)

            events = place.install(on=on, order=WITH_RESTART)
            assert finished(events).result == "installed"
            assert boots == [SECOND]
            done = steps(events, SECOND)
            assert done.index(("restart", "done")) < done.index(("preflight", "started"))

    def test_what_else_stands_in_the_way_is_mended_before(self, tmp_path: Path, boots: list[str]) -> None:
        with site(tmp_path, scenario("sql-not-sysadmin")) as place:
            place.served.estate.nodes[SECOND].state.pending_windows_update = True
            end = finished(place.install(order=WITH_RESTART))
            assert (end.result, boots) == ("refused", [])
            assert "SQL-02" in end.text

    def test_another_node_that_is_away_forbids_it(self, pending: Site, boots: list[str]) -> None:
        next(row for row in pending.served.estate.cluster.members if row.name == "VMM03").state = "Down"
        end = finished(pending.install(order=WITH_RESTART))
        assert (end.result, boots) == ("refused", [])
        assert "vmm03 is Down" in end.text

    @pytest.mark.long
    def test_cut_off_anywhere_windows_restarts_once(self, pending: Site, boots: list[str]) -> None:
        for state in ("started", "done"):
            events = pending.install_until(reached(SECOND, "restart", state), order=WITH_RESTART)
            assert steps(events, SECOND)[-1] == ("restart", state)
        assert finished(pending.install(order=WITH_RESTART)).result == "installed"
        assert boots == [SECOND]
        assert len(runs(pending.journal)) == 1
        assert pending.is_clean()

    def test_a_node_that_does_not_come_back_is_told_and_gone_on_with_later(
        self, pending: Site, boots: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        power = pending.served.estate.nodes[SECOND].power
        restart = power.restart
        monkeypatch.setattr(power, "restart", lambda _: restart(None))
        end = finished(pending.install(order=WITH_RESTART, pace=replace(QUICK, patience=0.5)))
        assert (end.result, end.changed) == ("failed", True)
        assert f"{SECOND} has not come back from its restart" in end.text
        assert newest(pending.journal).outcome == "interrupted"
        assert boots == [SECOND]

    @pytest.mark.long
    def test_one_that_is_given_up_too_early_is_found_back_and_not_restarted_again(
        self, pending: Site, boots: list[str]
    ) -> None:
        with pending.served.clock.held():
            end = finished(pending.install(order=WITH_RESTART, pace=replace(QUICK, patience=0.1)))
        assert (end.result, newest(pending.journal).outcome) == ("failed", "interrupted")
        assert finished(pending.install(order=WITH_RESTART)).result == "installed"
        assert boots == [SECOND]
        assert len(runs(pending.journal)) == 1

    def test_where_windows_refuses_it_is_told_with_its_exit_code(
        self, pending: Site, boots: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answer = HANDLERS["restart-node"]

        def refusing(*told: Any) -> dict[str, Any]:
            asked = told[1].parameters["Restart"]
            return {**answer(*told), "exit_code": 5} if asked else answer(*told)

        def only_told(*_: object) -> bool:
            return True

        monkeypatch.setattr(Power, "restart_in", only_told)
        monkeypatch.setitem(HANDLERS, "restart-node", refusing)
        events = pending.install(order=WITH_RESTART)
        end = finished(events)
        assert (end.result, boots) == ("failed", [])
        assert f"{SECOND}: Windows does not restart (shutdown.exe ended with exit code 5)" in end.text
        assert steps(events, SECOND)[-1] == ("restart", "failed")
        assert newest(pending.journal).outcome == "failed"


class TestAfterSetup:
    def test_the_role_moves_away_from_a_node_that_setup_wants_restarted(self, wanted: Site, boots: list[str]) -> None:
        events = wanted.install(order=WITH_RESTART)
        end = finished(events)
        assert end.result == "installed"
        assert steps(events, SECOND)[-2:] == [("move", "started"), ("move", "done")]
        assert steps(events, FIRST)[-2:] == [("restart", "started"), ("restart", "done")]
        assert boots == [FIRST]
        assert owner(wanted) == ("VMM02", "Online")
        assert (wanted.left(), wanted.told()) == ([], [])

    @pytest.mark.long
    def test_where_setup_wants_it_of_both_the_role_goes_there_and_back(
        self, wanted: Site, boots: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(setup_run, "SUCCEEDED", 3010)
        assert finished(wanted.install(order=WITH_RESTART)).result == "installed"
        assert (boots, owner(wanted)) == ([FIRST, SECOND], ("VMM01", "Online"))
        assert wanted.setups() == {FIRST: [3010], SECOND: [3010]}

    @pytest.mark.long
    def test_a_node_that_alone_may_own_the_role_restarts_with_it(self, wanted: Site, boots: list[str]) -> None:
        wanted.plan = replace(wanted.plan, cluster=replace(wanted.plan.cluster, nodes=wanted.plan.cluster.nodes[:1]))
        events = wanted.install(order=WITH_RESTART)
        assert finished(events).result == "installed"
        assert any("VMM stands still while it restarts" in row.text for row in notices(events))
        assert (boots, owner(wanted)) == ([FIRST], ("VMM01", "Online"))

    @pytest.mark.long
    def test_where_the_role_does_not_come_up_elsewhere_nothing_is_restarted(
        self, wanted: Site, boots: list[str]
    ) -> None:
        installed = reached(SECOND, "verify", "done")

        def broken(event: Event) -> None:
            role = wanted.served.estate.cluster.vmm_group()
            if installed(event) and role is not None:
                role.is_broken = True

        end = finished(wanted.install(on=broken, order=WITH_RESTART))
        assert (end.result, boots) == ("failed", [])
        assert f"role vmm does not come up on {SECOND}: it is Failed on VMM02" in end.text

    def test_left_alone_it_is_installed_and_the_restart_is_told(self, wanted: Site, boots: list[str]) -> None:
        events = wanted.install()
        assert finished(events).result == "installed"
        assert notices(events)[-1].text == f"{FIRST} wants a restart"
        assert boots == []

    @pytest.mark.long
    def test_cut_off_anywhere_nothing_is_done_twice(self, wanted: Site, boots: list[str]) -> None:
        for node, step in ((SECOND, "move"), (FIRST, "restart")):
            for state in ("started", "done"):
                events = wanted.install_until(reached(node, step, state), order=WITH_RESTART)
                assert steps(events, node)[-1] == (step, state)
        events = wanted.install(order=WITH_RESTART)
        assert finished(events).result == "installed"
        assert ("restart", "started") not in steps(events, FIRST)
        assert boots == [FIRST]
        assert owner(wanted) == ("VMM02", "Online")
        assert wanted.setups() == {FIRST: [3010], SECOND: [0]}
        assert len(runs(wanted.journal)) == 1
