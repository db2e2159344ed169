"""What a client of a served estate sees while VMM's role moves: its console port closes, and opens elsewhere."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.estates import ServedEstate, serving_estate
from tests.lab.vmm_nodes import ADDRESSES, FIRST, SECOND
from vmm_wizard.lab.role_scripts import move_role
from vmm_wizard.lab.winrm_shells import ShellSession
from vmm_wizard.remote.bootstrap import ScriptRequest

#: A move takes about a tenth of a second, a restart two.
SPEED = 900.0


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedEstate]:
    with serving_estate(tmp_path, speed=SPEED) as served:
        served.estate.cluster.create_vmm_role("vmm", ADDRESSES, FIRST)
        served.estate.cluster.add_vmm_node(SECOND)
        yield served


def answers(served: ServedEstate) -> bool:
    """Whether the console port of the role accepts a connection."""
    place = served.book.locate_tcp("vmm.contoso.lab", 8100)
    try:
        socket.create_connection((place.address, place.port), timeout=10).close()
    except OSError:
        return False
    return True


def becomes(wanted: Callable[[], bool]) -> None:
    """What another thread does comes about."""
    passing = threading.Event()
    for _ in range(1000):
        if wanted():
            return
        passing.wait(0.01)
    raise AssertionError("it never came about")


def test_the_console_port_follows_the_owner(served: ServedEstate) -> None:
    node = served.estate.nodes[FIRST]
    session = ShellSession(served.estate.account("vmm-setup"))
    assert answers(served)

    with served.clock.held():
        move_role(node, ScriptRequest("move-role", "", {"Role": "vmm", "Node": "VMM02"}), session)
        assert not answers(served)
        assert not served.estate.cluster.owns_vmm(FIRST)
    becomes(lambda: answers(served))

    assert served.estate.cluster.owns_vmm(SECOND)


def test_a_role_outlives_the_restart_of_its_owner(served: ServedEstate) -> None:
    served.estate.vmm.add_job("Create virtual machine", r"CONTOSO\anna")

    served.estate.nodes[FIRST].power.restart_in(1, 60)
    becomes(lambda: served.estate.cluster.owns_vmm(SECOND))

    assert answers(served)
    assert [job.name for job in served.estate.vmm.jobs("Failed")] == ["Create virtual machine"]
    becomes(lambda: not served.estate.nodes[FIRST].power.is_down)
    assert served.estate.cluster.owns_vmm(SECOND)


@pytest.mark.parametrize("end", ["remove_vmm_role", "give_up_vmm_role", "fail_vmm_role"])
def test_jobs_fail_with_the_role_however_it_ends(served: ServedEstate, end: str) -> None:
    served.estate.vmm.add_job("Refresh host", r"CONTOSO\anna")

    getattr(served.estate.cluster, end)()

    assert [job.state for job in served.estate.vmm.jobs("Running", "Failed")] == ["Failed"]


def test_a_role_that_nobody_can_bring_online_moves_and_stays_failed(served: ServedEstate) -> None:
    cluster = served.estate.cluster
    cluster.fail_vmm_role()
    cluster.begin_move("vmm", SECOND)
    cluster.finish_move("vmm")

    found = cluster.vmm_group()
    assert found is not None
    assert (found.owner, found.state) == ("VMM02", "Failed")
    assert not answers(served)


def test_the_estates_own_account_tells_who_holds_the_lock(served: ServedEstate) -> None:
    assert served.estate.cluster.change_lock("held", ("",))

    assert served.estate.report()["run_lock"] == "held"
