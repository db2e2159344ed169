"""Setup that an admin starts at the node's console: staged, waited for, followed and verified as a task's is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.install.installing import (
    FIRST,
    QUICK,
    ROOT,
    SECOND,
    Site,
    finished,
    newest,
    notices,
    remote_task,
    runs,
    site,
    steps,
)
from tests.test_cli import CONTOSO, wizard
from vmm_wizard.install.events import Event, Notice, PreflightDone, Progress, StepChanged
from vmm_wizard.install.observing import observe
from vmm_wizard.install.orders import Order
from vmm_wizard.lab.colleague import Colleague
from vmm_wizard.lab.console_logon import ScriptRefused, sit_down, waiting_runs
from vmm_wizard.lab.processes import ProcessEnd
from vmm_wizard.lab.scenarios import scenario
from vmm_wizard.plan.secrets import Secrets

BY_HAND = Order(by_hand=True)
#: Each place between two steps of a node, as (step, state) of the event that a call ends after.
BOUNDARIES = [
    (step, state)
    for step in ("preflight", "stage", "by hand", "setup", "clear", "verify")
    for state in ("started", "done")
]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as found:
        yield found


@pytest.fixture
def colleague(place: Site) -> Iterator[list[str]]:
    """Somebody who starts what is staged; what he says."""
    said: list[str] = []
    with Colleague(place.served.estate, said.append):
        yield said


def reached(node: str, step: str, state: str) -> Callable[[Event], bool]:
    def stop(event: Event) -> bool:
        return isinstance(event, StepChanged) and (event.node, event.step, event.state) == (node, step, state)

    return stop


def password_of(place: Site) -> Callable[[str], str]:
    def password(account: str) -> str:
        found = place.served.estate.logons.find(account)
        assert found is not None
        return found.password

    return password


def looking(place: Site) -> Secrets:
    """The passwords of those that look: setup's own are typed on the nodes."""
    some = Secrets()
    for account in (place.plan.directory_account, place.plan.node_account, place.plan.sql_account):
        secret = place.served.secrets.get(account)
        assert secret is not None
        some.put(account, secret)
    return some


class TestBothNodes:
    def test_are_installed_without_a_task_and_without_setups_passwords(self, place: Site, colleague: list[str]) -> None:
        assert place.plan.service_account.name not in looking(place)
        scripts = place.served.estate.nodes[FIRST].scripts
        events = place.install(order=BY_HAND, secrets=looking(place))
        assert (finished(events).result, finished(events).changed) == ("installed", True)
        assert place.is_clean()
        assert "start-task" not in scripts
        assert "put-secrets" not in scripts
        assert steps(events, SECOND) == [(step, state) for step, state in steps_of_a_node()]
        assert len(colleague) == 4, colleague

    def test_are_told_what_to_do_there_with_the_accounts_that_are_asked_for(
        self, place: Site, colleague: list[str]
    ) -> None:
        events = place.install(order=BY_HAND)
        told = [row for row in notices(events) if row.node == FIRST and "log on there as" in row.text]
        assert len(told) == 1
        assert str(place.plan.installing_account) in told[0].text
        folder = rf"{ROOT}\{newest(place.journal).id}"
        assert f"ReadAllText('{folder}\\run-setup.ps1'))) -Folder '{folder}'\"" in told[0].remedy
        assert "ExecutionPolicy" not in told[0].remedy
        assert str(place.plan.service_account.name) in told[0].remedy

    def test_get_what_is_staged_without_a_password_in_it(self, place: Site) -> None:
        place.install_until(reached(FIRST, "by hand", "started"), order=BY_HAND)
        names = [path.rpartition("\\")[2] for path in place.served.estate.nodes[FIRST].files.inside(ROOT)]
        assert {"VMServer.ini", "setup.json", "run-setup.ps1"} <= set(names)
        assert "wrapper.ps1" not in names
        assert [row for row in place.left() if "task" in row or "password" in row] == []


def steps_of_a_node() -> list[tuple[str, str]]:
    order = ("preflight", "stage", "by hand", "setup", "clear", "verify")
    return [(step, state) for step in order for state in ("started", "done")]


class TestACallThatEnds:
    @pytest.mark.long
    def test_between_any_two_steps_is_gone_on_with(self, place: Site, colleague: list[str]) -> None:
        for node in (FIRST, SECOND):
            for boundary in BOUNDARIES:
                events = place.install_until(reached(node, *boundary), order=BY_HAND)
                assert finished_or_last(events)
        assert finished(place.install(order=BY_HAND)).result in ("installed", "unchanged")
        assert place.is_clean()
        assert {outcome for _, outcome in runs(place.journal)} <= {"installed", "unchanged"}

    def test_while_setup_runs_is_followed_later(self, place: Site, colleague: list[str]) -> None:
        place.install_until(lambda event: isinstance(event, Progress) and event.percent > 30, order=BY_HAND)
        events = place.install(order=BY_HAND)
        assert ("by hand", "skipped") in steps(events, FIRST)
        assert ("stage", "started") not in steps(events, FIRST)
        assert place.is_clean()

    def test_while_it_is_waited_for_leaves_what_was_staged_to_be_started(self, place: Site) -> None:
        """The admin who was told to start it may be typing the passwords when the wizard is opened again."""
        told = reached(FIRST, "by hand", "started")
        place.install_until(told, order=BY_HAND)
        began: list[int | None] = []

        def go_there() -> None:
            began.append(sit_down(place.served.estate.nodes[FIRST], newest(place.journal).id, password_of(place)))

        admin = threading.Thread(target=go_there)

        def until_verified(event: Event) -> bool:
            if told(event):
                admin.start()
            return reached(FIRST, "verify", "done")(event)

        events = place.install_until(until_verified, order=BY_HAND)
        admin.join()
        assert began == [0]
        assert ("stage", "started") not in steps(events, FIRST)
        assert steps(events, FIRST)[0] == ("by hand", "started")
        assert any("log on there as" in row.text for row in notices(events))

    @pytest.mark.long
    def test_is_no_run_of_an_install_by_tasks(self, place: Site) -> None:
        place.install_until(reached(FIRST, "stage", "done"), order=BY_HAND)
        assert Order().key != BY_HAND.key
        assert finished(place.install()).result == "installed"
        assert place.setups() == {FIRST: [0], SECOND: [0]}


def finished_or_last(events: list[Event]) -> bool:
    """A call that got as far as nothing was left to do has ended well."""
    return all(getattr(event, "result", "installed") in ("installed", "unchanged") for event in events)


class TestCancelling:
    @pytest.mark.parametrize(("step", "state"), [("stage", "done"), ("by hand", "started")])
    def test_before_somebody_starts_it_leaves_nothing(self, place: Site, step: str, state: str) -> None:
        cancel = threading.Event()
        at_it = reached(FIRST, step, state)
        events = place.install(order=BY_HAND, cancel=cancel, on=lambda event: cancel.set() if at_it(event) else None)
        assert (finished(events).result, finished(events).changed) == ("cancelled", False)
        assert (place.setups(), place.left()) == ({}, [])
        assert runs(place.journal)[0][1] == "cancelled"

    def test_while_passwords_are_typed_starts_nothing(self, place: Site) -> None:
        """Whoever sits there finds the folder gone, and setup is not started without its answer file."""
        node, cancel = place.served.estate.nodes[FIRST], threading.Event()
        refused = []

        def password(account: str) -> str:
            if account != str(place.plan.installing_account):
                cancel.set()
                run.join()
            return password_of(place)(account)

        started = threading.Event()
        at_it = reached(FIRST, "by hand", "started")
        run = threading.Thread(
            target=lambda: place.install(
                order=BY_HAND, cancel=cancel, on=lambda event: started.set() if at_it(event) else None
            )
        )
        run.start()
        assert started.wait(30)
        try:
            sit_down(node, newest(place.journal).id, password)
        except ScriptRefused as error:
            refused.append(str(error))
        assert "is not there" in refused[0]
        assert (place.setups(), place.left()) == ({}, [])

    def test_while_it_runs_leaves_it_running(self, place: Site, colleague: list[str]) -> None:
        cancel = threading.Event()
        begun = reached(FIRST, "setup", "started")
        end = finished(
            place.install(order=BY_HAND, cancel=cancel, on=lambda event: cancel.set() if begun(event) else None)
        )
        assert (end.result, end.changed) == ("cancelled", True)
        assert f"setup goes on on {FIRST}" in end.text
        assert finished(place.install(order=BY_HAND)).result == "installed"
        assert place.is_clean()

    def test_a_wish_to_end_it_is_answered_by_whose_it_is(self, place: Site, colleague: list[str]) -> None:
        wish = threading.Event()
        begun = reached(FIRST, "setup", "started")
        events = place.install(order=BY_HAND, end_setup=wish, on=lambda event: wish.set() if begun(event) else None)
        assert finished(events).result == "cancelled"
        assert any("is not ended from here" in row.text for row in notices(events))
        assert place.setups() == {FIRST: [None]}


class TestAWindow:
    def at_the_console(self, place: Site, window: ProcessEnd) -> Callable[[Event], None]:
        """Somebody who starts each node's setup, with a window that is closed while the first one runs."""

        def on(event: Event) -> None:
            if isinstance(event, Notice) and "log on there as" in event.text:
                node = place.served.estate.nodes[event.node]
                (run_id,) = waiting_runs(node)
                closed = window if event.node == FIRST else ProcessEnd()
                arguments = (node, run_id, password_of(place), closed)
                threading.Thread(target=sit_down, args=arguments, daemon=True).start()
            if isinstance(event, Progress) and event.node == FIRST:
                window.set()

        return on

    def test_that_is_closed_takes_the_exit_code_and_witnesses_judge(self, place: Site) -> None:
        events = place.install(order=BY_HAND, on=self.at_the_console(place, ProcessEnd()))
        assert finished(events).result == "installed"
        assert any("its exit code is not known" in getattr(event, "text", "") for event in events)
        assert place.is_clean()

    @pytest.mark.parametrize(
        ("fault", "sentence"),
        [
            ("run-setup-fails-late", "its log tells of a failure"),
            ("run-node-restarts", "its exit code is not known, but"),
        ],
    )
    def test_that_closes_over_a_setup_that_fails_is_judged_by_log_and_witnesses(
        self, tmp_path: Path, fault: str, sentence: str
    ) -> None:
        with site(tmp_path, scenario(fault)) as place:
            events = place.install(order=BY_HAND, on=self.at_the_console(place, ProcessEnd()))
            assert (finished(events).result, finished(events).changed) == ("failed", True)
            assert sentence in finished(events).text
            assert list(place.setups()) == [FIRST]
            assert place.left() == []


@pytest.mark.long
def test_a_node_that_stores_no_passwords_is_installed_by_hand(tmp_path: Path) -> None:
    with site(tmp_path, scenario("no-stored-passwords")) as place, Colleague(place.served.estate):
        assert finished(place.install()).result == "refused"
        events = place.install(order=BY_HAND)
        assert finished(events).result == "installed"
        assert any(row.text.startswith("INS-03 stops no setup") and row.node == FIRST for row in notices(events))
        assert not any(
            "INS-03" in {row.id for row in event.blocking} for event in events if isinstance(event, PreflightDone)
        )
        assert place.is_clean()


def test_who_attaches_is_told_that_somebody_is_waited_for(place: Site) -> None:
    place.install_until(reached(FIRST, "by hand", "started"), order=BY_HAND)
    run = newest(place.journal)
    task = remote_task(place, run.id, FIRST)
    watching = observe(FIRST, place.journal.attempt(run.id, FIRST)["stage"], task, QUICK)
    with pytest.raises(StopIteration) as end:
        next(watching)
    task.close()
    assert end.value.value == f"{FIRST}: setup waits for somebody who starts it there"


def test_whom_nobody_starts_anything_for_is_told_and_cleared(place: Site) -> None:
    events = place.install(order=BY_HAND, pace=replace(QUICK, by_hand=0.5))
    assert finished(events).result == "failed"
    assert "nobody has started setup" in finished(events).text
    assert (place.setups(), place.left()) == ({}, [])


@pytest.mark.parametrize("command", ["install", "rebuild"])
def test_the_commands_ask_for_no_password_that_is_typed_on_a_node(command: str) -> None:
    done = wizard(command, CONTOSO, "--by-hand", "--yes")
    assert done.returncode == 2
    assert r"the password of CONTOSO\vmm-setup is missing" in done.stderr
    assert "svc-vmm" not in done.stderr
