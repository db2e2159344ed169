"""Planned failover over real sockets: jobs are asked for before, the role is followed, what failed is told after."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.install.finished import THIRD, install_at_once
from tests.install.installing import FIRST, QUICK, SECOND, Site, finished, newest, notices, runs, site, steps
from tests.install.test_interrupted import reached
from vmm_wizard.checks.registry import Finding
from vmm_wizard.install.events import Event
from vmm_wizard.install.orders import Job, Order
from vmm_wizard.lab.cluster import FailoverCluster
from vmm_wizard.lab.script_parameters import ScriptError
from vmm_wizard.lab.windows import HANDLERS
from vmm_wizard.plan.model import Database
from vmm_wizard.plan.names import HostName
from vmm_wizard.remote.kept import KeptSessions

TO_SECOND = Order(Job.FAILOVER, target=SECOND)
ANNA = r"CONTOSO\anna"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Site]:
    """VMM on both nodes of the plan; the first one is active."""
    with site(tmp_path) as found:
        install_at_once(found.served.estate, found.plan)
        yield found


def owner(place: Site) -> str:
    role = place.served.estate.cluster.vmm_group()
    return f"{role.owner} {role.state}" if role else "no role"


def moves(place: Site, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Where the role was moved to, in order, by the estate's own account."""
    cluster, done = place.served.estate.cluster, []
    begin = cluster.begin_move

    def counted(name: str, node: str) -> None:
        done.append(node)
        begin(name, node)

    monkeypatch.setattr(cluster, "begin_move", counted)
    return done


def no_tasks(place: Site) -> None:
    """Policy forbids that any node keeps a password for a task."""
    for node in place.served.estate.nodes.values():
        node.state.disable_domain_creds = 1


def test_the_role_moves_and_serves_there_and_open_consoles_are_thought_of(place: Site) -> None:
    events = place.install(order=TO_SECOND)
    end = finished(events)
    assert (end.result, end.changed) == ("done", True)
    assert end.text == f"role vmm is online on {SECOND}: connect consoles to vmm.contoso.lab:8100"
    assert owner(place) == "VMM02 Online"
    done = next(event for event in events if getattr(event, "step", "") == "move" and event.state.value == "done")  # type: ignore[union-attr]
    said = done.text.split("; ")  # type: ignore[union-attr]
    assert "SCVMMService is Running" in said
    assert f"{FIRST}: SCVMMService is Stopped, as on a passive node" in said
    assert said[-1] == "vmm.contoso.lab:8100 answers"
    assert any("connect again by themselves" in row.text for row in notices(events))
    assert (place.left(), place.told()) == ([], [])
    again = finished(place.install(order=TO_SECOND))
    assert (again.result, again.changed) == ("unchanged", False)


def test_running_jobs_refuse_it_and_each_is_told(place: Site) -> None:
    place.served.estate.vmm.add_job("Create virtual machine", ANNA, target="host7", percent=40)
    events = place.install(order=TO_SECOND)
    end = finished(events)
    assert (end.result, end.changed) == ("refused", False)
    assert "1 job runs on VMM: Create virtual machine" in end.text
    told = next(row.text for row in notices(events) if row.text.startswith("a job runs"))
    assert rf"Create virtual machine on host7 of {ANNA}, 40 %, since " in told
    assert owner(place) == "VMM01 Online"
    assert place.left() == []


def test_with_a_yes_to_that_it_moves_and_what_failed_by_it_is_listed_with_its_command(place: Site) -> None:
    vmm = place.served.estate.vmm
    vmm.add_job("Refresh library", ANNA, state="Failed")
    job = vmm.add_job("Create virtual machine", ANNA)
    lost = vmm.add_job("Live migrate", ANNA, restartable=False)
    events = place.install(order=replace(TO_SECOND, although_jobs_run=True))
    assert finished(events).result == "done"
    failed = [row for row in notices(events) if row.text.startswith("a job failed with the move")]
    assert [row.text.split(": ")[1].split(" of ")[0] for row in failed] == [job.name, lost.name]
    assert failed[0].remedy == f"Restart-SCJob -Job (Get-SCJob -ID '{job.id}')"
    assert "do it anew" in failed[1].remedy


@pytest.mark.parametrize("confirmed", [True, False])
def test_where_nobody_can_tell_of_jobs_the_user_is_asked(place: Site, confirmed: bool) -> None:
    no_tasks(place)
    asked: list[tuple[Finding, ...]] = []

    def confirm(unknowns: tuple[Finding, ...]) -> bool:
        asked.append(unknowns)
        return confirmed

    events = place.install(order=TO_SECOND, confirm=confirm)
    assert finished(events).result == ("done" if confirmed else "refused")
    assert [row.id for unknowns in asked for row in unknowns] == ["JOBS"]
    assert any("whether jobs run on VMM is not known" in row.text for row in notices(events))
    assert owner(place) == ("VMM02 Online" if confirmed else "VMM01 Online")
    assert place.left() == []


class TestANodeThatCannotTakeIt:
    def refused(self, place: Site, order: Order = TO_SECOND) -> str:
        end = finished(place.install(order=order))
        assert (end.result, end.changed) == ("refused", False)
        assert owner(place) == "VMM01 Online"
        assert newest(place.journal).outcome == "refused"
        return end.text

    def test_one_that_is_no_possible_owner(self, place: Site) -> None:
        place.served.estate.cluster.remove_vmm_node(SECOND)
        assert f"{SECOND} is no possible owner of role vmm" in self.refused(place)

    def test_one_that_is_paused(self, place: Site) -> None:
        next(row for row in place.served.estate.cluster.members if row.name == "VMM02").state = "Paused"
        assert f"{SECOND} is Paused in its cluster" in self.refused(place)

    def test_one_without_vmm(self, place: Site) -> None:
        place.plan = replace(
            place.plan, cluster=replace(place.plan.cluster, nodes=(*place.plan.cluster.nodes, HostName.parse(THIRD)))
        )
        assert f"VMM is not installed on {THIRD}" in self.refused(place, Order(Job.FAILOVER, target=THIRD))

    def test_one_that_does_not_answer(self, place: Site) -> None:
        place.served.estate.nodes[SECOND].wire.shut()
        assert f"{SECOND} does not answer" in self.refused(place)

    def test_a_database_of_another_name_is_another_vmm_also_when_sql_server_is_not_asked(self, place: Site) -> None:
        place.plan = replace(place.plan, database=replace(place.plan.database, name="OtherDB"))
        place.served.estate.host_away("sql01.contoso.lab")
        assert "the VMM of this plan was not found" in self.refused(place)

    def test_another_vmm_than_the_plans(self, place: Site) -> None:
        place.plan = replace(place.plan, database=replace(place.plan.database, name="OtherDB"))
        assert "the VMM of this plan was not found" in self.refused(place)


def test_a_listener_that_took_sql_servers_name_keeps_nobody_from_moving(place: Site) -> None:
    """The registry names it, and SQL Server, which knows its own listeners, is not asked: that takes the DBA."""
    for node in place.served.estate.nodes.values():
        if node.server is not None:
            node.server = replace(node.server, sql_machine="sqlag.contoso.lab", sql_instance="")
    place.served.estate.host_away("sql01.contoso.lab")
    assert finished(place.install(order=TO_SECOND)).result == "done"


def test_where_the_cluster_cannot_be_locked_nothing_is_moved(place: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> dict[str, object]:
        raise ScriptError("Access is denied")

    monkeypatch.setitem(HANDLERS, "cluster-lock", broken)  # type: ignore[arg-type]
    events = place.install(order=replace(TO_SECOND, although_jobs_run=True))
    assert finished(events).result == "refused"
    assert owner(place) == "VMM01 Online"


def test_answers_that_name_no_sql_server_are_enough_to_move_a_role(place: Site) -> None:
    place.plan = replace(place.plan, database=Database())
    assert finished(place.install(order=TO_SECOND)).result == "done"


class TestAMoveThatFails:
    def test_a_role_that_does_not_come_up_is_told_by_owner_and_state(self, place: Site) -> None:
        cluster = place.served.estate.cluster
        group = cluster.vmm_group()
        assert group is not None
        group.is_broken = True
        events = place.install(order=TO_SECOND)
        end = finished(events)
        assert (end.result, end.changed) == ("failed", True)
        assert end.text == f"role vmm does not come up on {SECOND}: it is Failed on VMM02"
        assert "Get-ClusterResource and at the events 1069 and 1205" in notices(events)[-1].remedy
        assert steps(events, SECOND)[-1] == ("move", "failed")
        assert newest(place.journal).outcome == "failed"

    def test_a_role_that_goes_back_is_told(self, place: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        cluster = place.served.estate.cluster
        finish = cluster.finish_move

        def back(name: str) -> None:
            finish(name)
            cluster.move_group(name, FIRST)

        monkeypatch.setattr(cluster, "finish_move", back)
        end = finished(place.install(order=TO_SECOND))
        assert end.result == "failed"
        assert end.text == f"role vmm did not stay on {SECOND}: it is Online on VMM01 again"

    def test_a_console_port_that_nobody_listens_on(self, place: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(place.served.estate.cluster, "answering", lambda _name, _answers: None)
        place.served.estate.on_role("vmm", 0)
        for node in place.served.estate.nodes.values():
            if node.server is not None:
                node.server = replace(node.server, console_port=8101)
        no_tasks(place)
        end = finished(place.install(order=TO_SECOND))
        assert end.result == "failed"
        assert "vmm.contoso.lab:8100 does not answer this computer" in end.text

    def test_a_firewall_before_this_computer_is_no_failure(self, place: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(place.served.estate.cluster, "answering", lambda _name, _answers: None)
        place.served.estate.on_role("vmm", 0)
        events = place.install(order=TO_SECOND)
        assert finished(events).result == "done"
        done = [event.as_json()["text"] for event in events if event.as_json().get("step") == "move"]
        assert f"but {SECOND} listens on it" in done[-1]

    def test_nodes_that_go_silent_are_waited_for_and_it_is_gone_on_later(self, place: Site) -> None:
        back = []

        def silent(event: object) -> None:
            if getattr(event, "step", "") == "move":
                nodes = place.served.estate.nodes.values()
                back.extend(node.wire.shut() for node in nodes if not back or len(back) < len(nodes))

        end = finished(place.install(order=TO_SECOND, on=silent, pace=replace(QUICK, patience=0.3)))
        assert end.result == "failed"
        assert "no node of the cluster says how role vmm moves" in end.text
        assert newest(place.journal).outcome == "interrupted"
        for reopen in back:
            reopen()
        assert finished(place.install(order=TO_SECOND)).result == "done"
        assert (owner(place), len(runs(place.journal))) == ("VMM02 Online", 1)


def test_a_password_that_changes_on_the_way_is_tried_once_on_one_node(
    place: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    # By now the sessions of the preflight have waited for too long.
    monkeypatch.setattr(KeptSessions, "keep", lambda *_: False)
    estate = place.served.estate
    begun, account = reached(SECOND, "move", "started"), estate.account("vmm-setup")
    known = account.password

    def changed(event: Event) -> None:
        if begun(event):
            account.password = "Another-Pa55"

    end = finished(place.install(order=TO_SECOND, on=changed))
    assert end.result == "failed"
    assert "it is not tried again until the password changes" in end.text
    assert list(estate.report()["bad_logons"].values()) == [1]
    assert newest(place.journal).outcome == "interrupted"
    account.password = known
    assert finished(place.install(order=TO_SECOND)).result == "done"


class TestACallThatEnds:
    @pytest.mark.long
    def test_anywhere_the_next_one_goes_on_and_the_role_moves_once(
        self, place: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        moved = moves(place, monkeypatch)
        job = place.served.estate.vmm.add_job("Create virtual machine", ANNA)
        order = replace(TO_SECOND, although_jobs_run=True)
        boundaries = [
            *((FIRST, step, state) for step in ("stage", "start", "report", "clear") for state in ("started", "done")),
            *((SECOND, step, state) for step in ("move", "stage", "start", "report") for state in ("started", "done")),
        ]
        for node, step, state in boundaries:
            events = place.install_until(reached(node, step, state), order=order)
            assert steps(events, node)[-1] == (step, state)
        events = place.install(order=order)
        end = finished(events)
        assert (end.result, end.changed) == ("done", True)
        assert any(job.id in row.remedy for row in notices(events))
        assert moved == ["VMM02"]
        assert (owner(place), len(runs(place.journal))) == ("VMM02 Online", 1)
        assert (place.left(), place.told()) == ([], [])

    def test_cancelled_on_the_way_the_cluster_goes_on_and_it_is_followed_later(
        self, place: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        moved = moves(place, monkeypatch)
        cancel = threading.Event()
        cluster: FailoverCluster = place.served.estate.cluster
        answering = cluster.answering

        def leaving(name: str, answers: bool) -> None:
            cancel.set()
            answering(name, answers)

        monkeypatch.setattr(cluster, "answering", leaving)
        end = finished(place.install(order=TO_SECOND, cancel=cancel))
        assert (end.result, end.changed) == ("cancelled", True)
        assert "run the same command again" in end.text
        assert newest(place.journal).outcome == "interrupted"
        assert finished(place.install(order=TO_SECOND)).result == "done"
        assert moved == ["VMM02"]

    def test_cancelled_before_the_move_nothing_has_happened(self, place: Site) -> None:
        cancel = threading.Event()
        asked = reached(FIRST, "report", "started")
        end = finished(
            place.install(order=TO_SECOND, cancel=cancel, on=lambda event: cancel.set() if asked(event) else None)
        )
        assert (end.result, end.changed) == ("cancelled", False)
        assert (owner(place), place.left()) == ("VMM01 Online", [])

    def test_cancelled_after_the_move_it_is_told_where_the_role_is(self, place: Site) -> None:
        cancel = threading.Event()
        there = reached(SECOND, "move", "done")
        end = finished(
            place.install(order=TO_SECOND, cancel=cancel, on=lambda event: cancel.set() if there(event) else None)
        )
        assert (end.result, end.changed, end.text) == ("cancelled", True, f"cancelled; the role is on {SECOND}")
        assert place.left() == []
