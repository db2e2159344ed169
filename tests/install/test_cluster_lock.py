"""Two wizards on one cluster, from two computers: one works, the other is told who does, since when and from where."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.estates import ANSWERS
from tests.install.finished import install_at_once
from tests.install.installing import FIRST, SECOND, Site, finished, newest, notices, runs, site
from tests.install.test_attaching import run
from tests.install.test_interrupted import reached
from vmm_wizard.install import cluster_lock
from vmm_wizard.install.events import Event, Finished
from vmm_wizard.install.orders import Job, Order
from vmm_wizard.lab.script_parameters import ScriptError
from vmm_wizard.lab.windows import HANDLERS
from vmm_wizard.remote.cluster_lock import LockHolder

FILE = str(ANSWERS / "contoso-ha.toml")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as found:
        yield found


@pytest.fixture
def there(here: Site, tmp_path: Path) -> Site:
    """Another computer beside the same estate."""
    return Site(here.served, tmp_path / "elsewhere", here.pace)


def lock_of(place: Site) -> str:
    cluster = place.served.estate.nodes[FIRST].role_cluster
    assert cluster is not None
    return cluster.run_lock


def put_lock(place: Site, text: str) -> None:
    cluster = place.served.estate.nodes[FIRST].role_cluster
    assert cluster is not None
    cluster.run_lock = text


def test_an_install_holds_the_cluster_until_its_end(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_lock, "whoami", lambda: "anna@admin07")
    held: list[LockHolder | None] = []

    def look(event: Event) -> None:
        if reached(SECOND, "setup", "started")(event):
            held.append(LockHolder.from_text(lock_of(here)))

    assert finished(here.install(on=look)).result == "installed"
    (holder,) = held
    assert holder is not None
    assert (holder.run, holder.owner, holder.node) == (newest(here.journal).id, "anna@admin07", FIRST)
    assert lock_of(here) == ""


@pytest.mark.parametrize(
    ("step", "state"),
    [
        pytest.param("preflight", "started", marks=pytest.mark.long),
        ("setup", "started"),
        pytest.param("clear", "done", marks=pytest.mark.long),
    ],
)
def test_another_computer_is_refused_and_told_who(here: Site, there: Site, step: str, state: str) -> None:
    here.install_until(reached(FIRST, step, state))
    run_id, lock, setups = newest(here.journal).id, lock_of(here), here.setups()
    events = there.install()
    end = finished(events)
    assert (end.result, end.changed) == ("refused", False)
    assert f"is at work on vmmclu.contoso.lab: run {run_id}, over {FIRST} since 2" in end.text
    assert f"`vmm-wizard resume {run_id}`" in notices(events)[-1].remedy
    assert (lock_of(here), list(here.setups())) == (lock, list(setups))
    assert runs(there.journal)[0][1] == "refused"
    assert finished(here.install()).result == "installed"
    assert here.is_clean()
    assert lock_of(here) == ""


def test_of_two_that_begin_at_once_exactly_one_works(here: Site, there: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    owners = {"here": "anna@admin07", "there": "bert@admin08"}
    monkeypatch.setattr(cluster_lock, "whoami", lambda: owners[threading.current_thread().name])
    ends: dict[str, Finished] = {}
    at_once = threading.Barrier(2)

    def install(name: str, place: Site) -> None:
        installer = place.installer()
        at_once.wait(20)
        with closing(installer.run()) as events:  # type: ignore[type-var]
            ends[name] = finished(list(events))
        installer.preflight.close()

    places = {"here": here, "there": there}
    both = [threading.Thread(target=install, name=name, args=(name, place)) for name, place in places.items()]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(100)
    worked, refused = sorted(ends, key=lambda name: ends[name].result)
    assert (ends[worked].result, ends[refused].result) == ("installed", "refused")
    assert f"{owners[worked]} is at work on vmmclu.contoso.lab: run {newest(places[worked].journal).id}" in (
        ends[refused].text
    )
    monkeypatch.setattr(cluster_lock, "whoami", lambda: owners[refused])
    later = finished(places[refused].install())
    assert (later.result, later.changed) == ("unchanged", False)
    assert here.setups() == {FIRST: [0], SECOND: [0]}
    assert (here.left(), lock_of(here)) == ([], "")


def test_the_lock_of_an_earlier_run_of_ours_passes_over_when_nothing_of_it_goes_on(here: Site) -> None:
    earlier = here.journal.begin("another plan", "", Order())
    put_lock(here, LockHolder(earlier.id, "anna@admin07", FIRST, earlier.started).to_text())
    events = here.install()
    assert finished(events).result == "installed"
    assert [row.text for row in notices(events) if "took over the cluster's lock" in row.text]
    assert lock_of(here) == ""


@pytest.mark.parametrize("text", ["somebody", '{"run": 1}'])
def test_a_lock_that_none_of_ours_wrote_is_shown_and_kept(here: Site, text: str) -> None:
    put_lock(here, text)
    end = finished(here.install())
    assert (end.result, text in end.text) == ("refused", True)
    assert (lock_of(here), here.setups()) == (text, {})


def test_a_refused_run_holds_nothing_afterwards(here: Site) -> None:
    for login in here.served.estate.sql_servers["sql01.contoso.lab"].logins:
        login.roles.discard("sysadmin")
    assert finished(here.install()).result == "refused"
    assert (lock_of(here), here.left()) == ("", [])


def test_where_the_cluster_cannot_be_locked_nothing_is_begun(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> dict[str, object]:
        raise ScriptError("The cluster node is shutting down")

    monkeypatch.setitem(HANDLERS, "cluster-lock", broken)  # type: ignore[arg-type]
    end = finished(here.install())
    assert (end.result, end.changed) == ("refused", False)
    assert "whether another run is at work on vmmclu.contoso.lab cannot be asked over vmm01" in end.text
    assert "The cluster node is shutting down" in end.text
    assert (here.setups(), here.left()) == ({}, [])


@pytest.mark.long
def test_an_uninstall_of_the_last_node_leaves_no_lock(here: Site) -> None:
    install_at_once(here.served.estate, here.plan)
    held = []

    def look(event: Event) -> None:
        if reached(FIRST, "uninstall", "started")(event):
            held.append(lock_of(here))

    assert finished(here.install(order=Order(Job.UNINSTALL), on=look)).result == "done"
    (text,) = held
    holder = LockHolder.from_text(text)
    assert holder is not None
    assert (holder.run, lock_of(here)) == (newest(here.journal).id, "")


class TestBreaking:
    def test_it_shows_who_and_wants_a_yes(self, here: Site) -> None:
        here.install_until(reached(FIRST, "stage", "done"))
        holder = LockHolder.from_text(lock_of(here))
        assert holder is not None
        code, said, errors = run(here, "runs", "--break-lock", FILE)
        assert (code, errors) == (2, "vmm-wizard: without a terminal, runs --break-lock wants --yes\n")
        assert f"{holder.owner} is at work on vmmclu.contoso.lab: run {holder.run}, over {FIRST} since " in said
        assert lock_of(here)
        code, said, _ = run(here, "runs", "--break-lock", FILE, "--yes")
        assert (code, said.splitlines()[-1], lock_of(here)) == (0, "the lock is removed", "")
        assert run(here, "runs", "--break-lock", FILE) == (0, "nobody holds vmmclu.contoso.lab\n", "")
        assert finished(here.install()).result == "installed"
        assert here.is_clean()
