"""Moving the role, restarting a node and the lock of a run, over a real WinRM connection to a node of the estate."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.machines import INSTALLER, serving
from tests.lab.vmm_nodes import FIRST, SECOND, THIRD, installed_estate, password
from tests.powershell import answer_keys, parameters, parse
from tests.remote.targets import at
from vmm_wizard.lab.clock import ManualClock
from vmm_wizard.lab.estate import Estate
from vmm_wizard.lab.role_scripts import MOVE_SECONDS, RESTART_SECONDS, ROLE_SCRIPTS
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.remote.bootstrap import JSON, load_script
from vmm_wizard.remote.cluster_lock import (
    LockHolder,
    LockState,
    break_lock,
    read_lock,
    release_lock,
    take_lock,
)
from vmm_wizard.remote.cluster_role import RoleState, move_role, role_state
from vmm_wizard.remote.errors import NodeUnreachable, ScriptFailed
from vmm_wizard.remote.restart import boot_time, is_another_boot, restart_node
from vmm_wizard.remote.session import Login, Session, deadline_in

SENT: dict[str, dict[str, JSON]] = {
    "move-role": {"Role": "vmm", "Node": ""},
    "restart-node": {"Restart": False, "Reason": "", "DelaySeconds": 15},
    "cluster-lock": {"Action": "read", "Lock": "", "Seen": ""},
}
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ANNA = LockHolder("run-1", "anna@admin01", FIRST, NOON)
BERT = LockHolder("run-2", "bert@admin02", SECOND, NOON)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def estate(clock: ManualClock) -> Iterator[Estate]:
    estate = installed_estate(clock)
    yield estate
    estate.close()


@contextmanager
def session_on(estate: Estate, host: str = FIRST) -> Iterator[Session]:
    with serving(estate.nodes[host]) as service:
        login = Login(INSTALLER, Secret(password(estate)))
        with Session.open(at(service), login, deadline_in(30)) as session:
            yield session


@pytest.fixture
def session(estate: Estate) -> Iterator[Session]:
    with session_on(estate) as session:
        yield session


def due() -> float:
    return deadline_in(30)


def becomes(wanted: Callable[[], bool]) -> None:
    """What another thread does comes about."""
    passing = threading.Event()
    for _ in range(1000):
        if wanted():
            return
        passing.wait(0.01)
    raise AssertionError("it never came about")


# --- the role


def test_a_role_moves_in_its_time_and_answers_again(session: Session, estate: Estate, clock: ManualClock) -> None:
    answering: list[int] = []
    estate.on_role = lambda _name, port: answering.append(port)

    begun = move_role(session, "vmm", SECOND, due())

    assert begun == RoleState("VMM01", "VMM02", "Pending", True, "")
    assert (begun.is_online, begun.is_moving) == (False, True)
    assert estate.nodes[FIRST].service_state == estate.nodes[SECOND].service_state == "Stopped"
    assert role_state(session, "vmm", due()).state == "Pending"
    clock.advance(MOVE_SECONDS + 1)
    becomes(lambda: role_state(session, "vmm", due()).is_online)
    assert (estate.nodes[FIRST].service_state, estate.nodes[SECOND].service_state) == ("Stopped", "Running")
    assert answering == [0, 8100]


def test_a_role_that_is_there_already_does_not_move(session: Session) -> None:
    assert move_role(session, "VMM", FIRST, due()) == RoleState("VMM01", "VMM01", "Online", False, "")


def test_moving_twice_moves_once(session: Session, estate: Estate, clock: ManualClock) -> None:
    move_role(session, "vmm", SECOND, due())
    again = move_role(session, "vmm", SECOND, due())

    assert (again.begun, again.state, again.owner_before) == (False, "Pending", "VMM02")
    clock.advance(MOVE_SECONDS + 1)
    becomes(lambda: role_state(session, "vmm", due()).is_online)


def test_a_node_that_may_not_own_it_is_refused(session: Session) -> None:
    refused = move_role(session, "vmm", THIRD, due())

    assert (refused.owner, refused.state, refused.begun) == ("VMM01", "Online", False)
    assert "no possible owner" in refused.refused


@pytest.mark.parametrize(("group", "said"), [("Cluster Group", "does not run VMM"), ("other", "has no role other")])
def test_no_group_but_vmms_is_ever_moved(session: Session, estate: Estate, group: str, said: str) -> None:
    refused = move_role(session, group, SECOND, due())

    assert said in refused.refused
    assert {row.owner for row in estate.cluster.groups} == {"VMM01"}


def test_a_node_outside_a_cluster_says_so(session: Session, estate: Estate) -> None:
    estate.nodes[FIRST].in_cluster = False

    with pytest.raises(ScriptFailed, match="cluster service"):
        role_state(session, "vmm", due())


# --- the restart


def test_a_node_restarts_loses_its_role_and_is_back_by_another_time(estate: Estate, clock: ManualClock) -> None:
    with session_on(estate) as session, session_on(estate, SECOND) as other:
        before = boot_time(session, due())
        ordered = restart_node(session, "vmm-wizard: run 7 wants a restart!", due(), delay=15)
        assert ordered.is_under_way
        assert not is_another_boot(before, ordered.boot_time)

        clock.advance(16)
        becomes(lambda: estate.nodes[FIRST].power.is_down)
        assert role_state(other, "vmm", due()).owner == "VMM02"
        with pytest.raises(NodeUnreachable):
            boot_time(session, due())
        clock.advance(RESTART_SECONDS + 1)
        becomes(lambda: not estate.nodes[FIRST].power.is_down)

    with session_on(estate) as session:
        assert is_another_boot(before, boot_time(session, due()))
        assert role_state(session, "vmm", due()).owner == "VMM02"


def test_an_order_that_is_given_twice_restarts_once(session: Session, estate: Estate) -> None:
    first = restart_node(session, "pending restart", due(), delay=60)
    second = restart_node(session, "pending restart", due(), delay=60)

    assert (first.exit_code, second.exit_code) == (0, 1190)
    assert second.is_under_way


def test_asking_restarts_nothing(session: Session, estate: Estate, clock: ManualClock) -> None:
    before = boot_time(session, due())
    clock.advance(3600)

    assert boot_time(session, due()) == before
    assert not estate.nodes[FIRST].power.is_down


@pytest.mark.parametrize(("seconds", "another"), [(0, False), (-30, False), (30, False), (61, True)])
def test_a_clock_that_is_set_is_no_restart(seconds: int, another: bool) -> None:
    assert is_another_boot(NOON, NOON + timedelta(seconds=seconds)) is another


# --- the lock


def test_a_lock_is_taken_seen_from_every_node_and_given_back(estate: Estate) -> None:
    with session_on(estate) as session, session_on(estate, SECOND) as other:
        assert take_lock(session, ANNA, due()).done
        assert read_lock(other, due()).holder == ANNA

        assert release_lock(other, "run-1", due()) == LockState("", True)
        assert not read_lock(session, due()).is_held


def test_a_second_run_does_not_get_it_and_sees_who_has_it(session: Session) -> None:
    take_lock(session, ANNA, due())

    refused = take_lock(session, BERT, due())

    assert (refused.done, refused.holder) == (False, ANNA)
    assert not release_lock(session, "run-2", due()).done
    assert read_lock(session, due()).holder == ANNA


def test_a_run_takes_its_own_lock_again_from_another_computer(session: Session) -> None:
    take_lock(session, ANNA, due())
    resumed = LockHolder("run-1", "anna@admin09", SECOND, NOON + timedelta(hours=1))

    assert take_lock(session, resumed, due()).done
    assert read_lock(session, due()).holder == resumed


def test_a_lock_is_broken_as_it_was_seen(session: Session) -> None:
    take_lock(session, ANNA, due())
    seen = read_lock(session, due())

    assert break_lock(session, seen, due()) == LockState("", True)
    assert take_lock(session, BERT, due()).done
    assert break_lock(session, seen, due()) == LockState(BERT.to_text(), False)


def test_a_text_that_is_none_of_ours_holds_it_too(session: Session, estate: Estate) -> None:
    estate.cluster.run_lock = "somebody's own"

    state = take_lock(session, ANNA, due())

    assert (state.done, state.is_held, state.holder) == (False, True, None)
    assert break_lock(session, state, due()).done


def test_giving_back_what_nobody_holds_is_done(session: Session) -> None:
    assert release_lock(session, "run-1", due()) == LockState("", True)


@given(run=st.text(max_size=40), owner=st.text(max_size=40), seconds=st.integers(0, 10**9))
def test_a_holder_reads_back_as_it_was_written(run: str, owner: str, seconds: int) -> None:
    holder = LockHolder(run, owner, FIRST, NOON + timedelta(seconds=seconds))

    assert LockHolder.from_text(holder.to_text()) == holder


@given(st.text(max_size=60))
def test_any_text_is_a_holder_or_none(text: str) -> None:
    found = LockHolder.from_text(text)

    assert found is None or isinstance(found, LockHolder)


# --- script and estate


def test_every_one_of_these_scripts_is_sent() -> None:
    assert set(ROLE_SCRIPTS) == set(SENT)


@pytest.mark.parametrize("name", SENT)
def test_script_estate_and_sender_have_one_set_of_names(name: str, session: Session) -> None:
    root = parse(load_script(name).text)

    assert parameters(root) == set(SENT[name])
    assert set(session.run(load_script(name), SENT[name], deadline=due())) == answer_keys(root)
