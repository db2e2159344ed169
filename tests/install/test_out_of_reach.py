"""Nodes that go away, logons refused midway, answers that cannot be read: a sentence, and a run to go on with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.install.installing import FIRST, QUICK, SECOND, Site, finished, notices, runs, site, steps
from vmm_wizard.install import journal as journals
from vmm_wizard.install.events import Event, StepChanged
from vmm_wizard.install.journal import Journal, JournalError
from vmm_wizard.lab import setup_run
from vmm_wizard.lab.run_scripts import LOG, RUN_SCRIPTS, Answer, RunHost
from vmm_wizard.plan.secrets import Secret, Secrets
from vmm_wizard.remote.bootstrap import ScriptRequest

IMPATIENT = replace(QUICK, patience=0.5)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as found:
        yield found


def at(node: str, step: str, state: str, act: Callable[[], object]) -> Callable[[Event], None]:
    """Do something at the first event of this kind."""
    waiting = [act]

    def on(event: Event) -> None:
        if isinstance(event, StepChanged) and (event.node, event.step, event.state) == (node, step, state) and waiting:
            waiting.pop()()

    return on


def services(place: Site, node: str, what: str) -> None:
    for service in place.served.estate.nodes[node].services:
        getattr(service, what)()


class TestANodeThatIsAway:
    def test_winrm_that_setup_restarts_is_told_and_waited_for(self, place: Site) -> None:
        events = place.install()
        assert finished(events).result == "installed"
        for node in (FIRST, SECOND):
            told = [row.text for row in notices(events) if row.node == node]
            assert "setup restarts WinRM while it runs" in told[0]
            assert told[1] == f"{node} answers again"

    def test_one_that_stays_away_ends_in_a_sentence_and_the_run_goes_on_later(self, place: Site) -> None:
        node = place.served.estate.nodes[FIRST]
        restart = node.restart_winrm
        node.restart_winrm = lambda seconds: restart(seconds * 1e6)  # type: ignore[method-assign]
        events = place.install(pace=IMPATIENT)
        end = finished(events)
        assert (end.result, end.changed) == ("failed", True)
        assert f"could not reach {FIRST}:5985" in end.text
        assert "run the same command to go on" in notices(events)[-1].remedy
        assert runs(place.journal)[0][1] == "interrupted"

        still_away = place.install(pace=IMPATIENT)
        assert finished(still_away).result == "failed"
        assert f"could not reach {FIRST}:5985" in finished(still_away).text

        services(place, FIRST, "accept")
        again = place.install()
        assert (finished(again).result, finished(again).changed) == ("installed", True)
        assert ("start", "skipped") in steps(again, FIRST)
        assert place.is_clean()
        assert len(runs(place.journal)) == 1

    @pytest.mark.long
    def test_one_that_goes_right_after_setup_is_not_called_failed(self, place: Site) -> None:
        events = place.install(on=at(FIRST, "clear", "done", lambda: services(place, FIRST, "cut")), pace=IMPATIENT)
        assert finished(events).result == "failed"
        assert "setup ended well, but vmm01.contoso.lab did not answer" in finished(events).text
        services(place, FIRST, "accept")
        again = place.install()
        assert finished(again).result == "installed"
        assert ("verify", "done") in steps(again, FIRST)
        assert place.is_clean()

    @pytest.mark.long
    def test_one_that_goes_before_anything_is_staged_has_nothing_to_go_on_with(self, place: Site) -> None:
        events = place.install(on=at(FIRST, "stage", "started", lambda: services(place, FIRST, "cut")), pace=IMPATIENT)
        assert finished(events).result == "failed"
        assert finished(events).changed is False
        services(place, FIRST, "accept")
        assert finished(place.install()).result == "installed"
        assert place.is_clean()

    @pytest.mark.long
    def test_one_that_goes_while_it_is_cleared_is_cleared_the_next_time(self, place: Site) -> None:
        pace = replace(IMPATIENT, clearing=0.2)
        events = place.install(on=at(FIRST, "clear", "started", lambda: services(place, FIRST, "cut")), pace=pace)
        assert finished(events).result == "failed"
        assert any("with its stored password may still be on vmm01" in row.text for row in notices(events))
        assert place.left() != []
        services(place, FIRST, "accept")
        assert finished(place.install()).result == "installed"
        assert place.is_clean()


class TestALogonThatIsRefusedMidway:
    def changed(self, place: Site, password: str) -> None:
        place.served.estate.account("vmm-setup").password = password

    def with_new(self, place: Site, password: str) -> Secrets:
        secrets = Secrets()
        for account in place.plan.accounts:
            known = place.served.secrets.get(account)
            assert known is not None
            secrets.put(account, Secret(password) if account == place.plan.installing_account else known)
        return secrets

    def test_it_is_tried_once_and_the_run_goes_on_with_the_new_password(self, place: Site) -> None:
        events = place.install(on=at(FIRST, "setup", "started", lambda: self.changed(place, "New-Passw0rd-9")))
        end = finished(events)
        assert (end.result, end.changed) == ("failed", True)
        assert f"{FIRST}:5985 refused the logon of CONTOSO\\vmm-setup" in end.text
        assert place.served.estate.account("vmm-setup").counted == 1
        assert runs(place.journal)[0][1] == "interrupted"

        again = place.install(secrets=self.with_new(place, "New-Passw0rd-9"))
        assert finished(again).result == "installed"
        assert place.served.estate.account("vmm-setup").counted == 1
        assert place.setups() == {FIRST: [0], SECOND: [0]}
        assert place.left() == []

    def test_the_same_preflight_never_tries_it_again(self, place: Site) -> None:
        installer = place.installer()
        change = at(FIRST, "setup", "started", lambda: self.changed(place, "New-Passw0rd-9"))
        for event in installer.run():
            change(event)
        list(installer.preflight.run(place.plan, fresh=True))
        assert place.served.estate.account("vmm-setup").counted == 1

    @pytest.mark.long
    def test_after_setup_one_bind_finds_it_out_for_everybody(self, place: Site) -> None:
        events = place.install(on=at(FIRST, "clear", "done", lambda: self.changed(place, "New-Passw0rd-9")))
        assert finished(events).result == "failed"
        assert place.served.estate.account("vmm-setup").counted == 1
        again = place.install(secrets=self.with_new(place, "New-Passw0rd-9"))
        assert finished(again).result == "installed"
        assert place.setups() == {FIRST: [0], SECOND: [0]}

    def test_one_that_the_task_scheduler_refuses_is_tried_once(self, place: Site) -> None:
        events = place.install(on=at(FIRST, "stage", "done", lambda: self.changed(place, "New-Passw0rd-9")))
        end = finished(events)
        assert (end.result, end.changed) == ("failed", False)
        assert "Windows refused the scheduled task" in end.text
        assert "password is wrong" in end.text
        assert place.served.estate.account("vmm-setup").counted == 1
        assert (place.setups(), place.left()) == ({}, [])


class TestAnAnswerThatCannotBeRead:
    def spoil(self, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
        """The first statuses that a node gives while setup runs on it lack what every status has."""
        answer = RUN_SCRIPTS["run-status"]
        left = [times]

        def spoiled(host: RunHost, request: ScriptRequest) -> Answer:
            found = answer(host, request)
            if left[0] and host.processes:
                left[0] -= 1
                del found["task_state"]
            return found

        monkeypatch.setitem(RUN_SCRIPTS, "run-status", spoiled)

    def test_is_told_and_asked_for_again(self, place: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        self.spoil(monkeypatch, 2)
        events = place.install()
        assert finished(events).result == "installed"
        assert "gave an answer that cannot be read" in notices(events)[0].text
        assert place.is_clean()

    def test_that_stays_so_ends_the_following_and_not_the_setup(
        self, place: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch, place.held_in_setup():
            self.spoil(patch, 10_000)
            events = place.install(pace=replace(IMPATIENT, patience=0.1, clearing=0.1))
            end = finished(events)
            # Whether setup has begun cannot be seen, but its task was started.
            assert (end.result, end.changed) == ("failed", True)
            assert "cannot be read" in end.text
            assert runs(place.journal)[0][1] == "interrupted"
        again = place.install()
        assert (finished(again).result, finished(again).changed) == ("installed", True)
        assert place.is_clean()


def test_a_setup_that_begins_its_log_anew_and_ends_at_once_is_still_explained(
    place: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last status that was seen knew a longer log: what the new one says must not be missed."""
    answer = RUN_SCRIPTS["run-status"]
    told: list[int] = []

    def anew(host: RunHost, request: ScriptRequest) -> Answer:
        found = answer(host, request)
        if found["result"] and found["begun"] and not told:
            log = b"10:00:00:FailureReason = the DKM container access is denied\r\n"
            host.files.write(LOG, log)
            told.append(int(str(request.parameters["LogOffset"])))
            found = answer(host, request)
        return found

    monkeypatch.setattr(setup_run, "SUCCEEDED", 1)
    monkeypatch.setitem(RUN_SCRIPTS, "run-status", anew)
    end = finished(place.install())
    assert told[0] > 1000
    assert "SetupWizard.log, line 1: FailureReason = the DKM container access is denied" in end.text


class FullDisk(Journal):
    """A journal whose disk is full after so many writes, until there is room again."""

    room = 0

    def _spend(self) -> None:
        self.room -= 1
        if self.room < 0:
            raise JournalError(f"{self.path}: the journal cannot be used (database or disk is full)")

    def start(self, run_id: str, node: str, step: str, detail: str = "") -> None:
        self._spend()
        super().start(run_id, node, step, detail)

    def finish(self, run_id: str, node: str, step: str, state: journals.StepState = "done", detail: str = "") -> None:
        self._spend()
        super().finish(run_id, node, step, state, detail)

    def end(self, run_id: str, outcome: journals.Outcome) -> None:
        self._spend()
        super().end(run_id, outcome)


@pytest.mark.long
def test_a_disk_that_is_full_again_and_again_ends_each_call_in_a_sentence_and_the_run_goes_on(place: Site) -> None:
    """Each call has room for two more writes than the one before."""
    for room in range(0, 60, 2):
        installer = place.installer()
        full = FullDisk(place.state / "journal.sqlite")
        full.room = room
        installer.journal = full
        events = list(installer.run())
        installer.preflight.close()
        if finished(events).result == "installed":
            break
        assert finished(events).result == "failed"
        assert "database or disk is full" in finished(events).text
    assert room > 10
    assert finished(place.install()).result in ("installed", "unchanged")
    assert place.is_clean()
