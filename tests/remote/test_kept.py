"""Sessions that wait for a next question: who gets them, who must not, and that none is left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.remote.targets import CANARY, FACTS, at, counted, login
from tests.winrm_nodes import ADMIN, ADMIN_UPN, Certificates, PracticeNode, wait_forever
from vmm_wizard.lab.logons import Logons
from vmm_wizard.lab.winrm_server import WinrmServer
from vmm_wizard.plan.model import WinrmTransport
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.remote import errors
from vmm_wizard.remote.kept import KeptSessions
from vmm_wizard.remote.session import Login, Script, Session, Target, deadline_in


@pytest.fixture
def kept() -> Iterator[KeptSessions]:
    kept = KeptSessions()
    yield kept
    kept.close()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Target]:
    """Where a session was opened, by a logon, since the test began."""
    places: list[Target] = []
    log_on = Session._log_on

    def noted(session: Session) -> None:
        places.append(session.target)
        log_on(session)

    monkeypatch.setattr(Session, "_log_on", noted)
    return places


def lent(
    kept: KeptSessions, target: Target, who: Login | None = None, cancel: threading.Event | None = None
) -> Session:
    return kept.open(target, who or login(), deadline_in(20), cancel or threading.Event())


def ask(session: Session, name: str = "x", seconds: float = 20.0) -> object:
    return session.run(FACTS, {"Name": name}, deadline=deadline_in(seconds))["name"]


def asked_once(kept: KeptSessions, target: Target, who: Login | None = None) -> object:
    with lent(kept, target, who) as session:
        return ask(session)


def comes_true(what: Callable[[], bool]) -> bool:
    """Whether it does within a time that a slow machine keeps, too."""
    until = time.monotonic() + 20
    while not what() and time.monotonic() < until:
        time.sleep(0.01)
    return what()


@contextmanager
def at_each_request(server: WinrmServer, action: str, act: Callable[[], None]) -> Iterator[None]:
    """`act` before the server does what one kind of message asks for."""
    answer = server.shells.answer

    def acting(request: object, credential: object) -> bytes:
        if request.action.endswith(action):  # type: ignore[attr-defined]
            act()
        return answer(request, credential)  # type: ignore[arg-type]

    server.shells.answer = acting  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        server.shells.answer = answer  # type: ignore[method-assign]


class TestLending:
    def test_many_questions_one_after_the_other_are_one_logon_and_one_shell(
        self, server: WinrmServer, kept: KeptSessions, opened: list[Target]
    ) -> None:
        assert [asked_once(kept, at(server)) for _ in range(3)] == ["x"] * 3
        assert len(opened) == 1
        assert len(server.shells) == len(kept) == 1
        kept.close()
        assert len(server.shells) == len(kept) == 0

    def test_two_at_once_get_a_session_each_and_one_of_them_is_kept(
        self, server: WinrmServer, kept: KeptSessions, opened: list[Target]
    ) -> None:
        with lent(kept, at(server)) as first, lent(kept, at(server)) as second:
            assert (ask(first, "1"), ask(second, "2")) == ("1", "2")
            assert len(server.shells) == 2
        assert len(opened) == 2
        assert len(server.shells) == len(kept) == 1

    def test_what_was_closed_is_nobodys_who_had_it(self, server: WinrmServer, kept: KeptSessions) -> None:
        before = lent(kept, at(server))
        before.close()
        with lent(kept, at(server)) as now:
            before.close()
            with pytest.raises(errors.NodeUnreachable, match="closed"):
                ask(before)
            assert ask(now) == "x"

    @pytest.mark.parametrize(
        "who",
        [login(ADMIN_UPN), Login(ADMIN, Secret(CANARY))],
        ids=["another spelling", "another password"],
    )
    def test_another_login_never_gets_it(
        self, server: WinrmServer, kept: KeptSessions, opened: list[Target], logons: Logons, who: Login
    ) -> None:
        asked_once(kept, at(server))
        if who.password == Secret(CANARY):
            with pytest.raises(errors.LogonRefused):
                lent(kept, at(server), who)
            assert counted(logons) == 1
        else:
            asked_once(kept, at(server), who)
        assert len(opened) == 2

    def test_another_way_to_the_node_or_another_trust_is_another_session(
        self,
        node: PracticeNode,
        logons: Logons,
        certificates: Certificates,
        kept: KeptSessions,
        opened: list[Target],
    ) -> None:
        context, fingerprint = certificates.context("vmm01.contoso.lab")
        server = WinrmServer(node, logons, context)
        trusting = at(server, transport=WinrmTransport.HTTPS, ca_file=certificates.ca_file)
        pinned = at(server, transport=WinrmTransport.HTTPS, pinned_sha256=fingerprint)
        for target in (trusting, pinned, trusting, pinned):
            asked_once(kept, target)
        assert opened == [trusting, pinned]
        with pytest.raises(errors.CertificateRefused):
            lent(kept, at(server, transport=WinrmTransport.HTTPS, pinned_sha256="0" * 64))
        kept.close()
        server.close()

    def test_a_password_that_was_refused_meanwhile_opens_nothing_that_waits(
        self, server: WinrmServer, opened: list[Target]
    ) -> None:
        stopped: set[Secret] = set()
        kept = KeptSessions(stopped.__contains__)
        asked_once(kept, at(server))
        stopped.add(login().password)
        with lent(kept, at(server)):
            assert len(opened) == 2
        kept.close()

    def test_what_was_opened_before_a_renewal_is_lent_no_more(
        self, server: WinrmServer, kept: KeptSessions, opened: list[Target]
    ) -> None:
        asked_once(kept, at(server))
        under_way = lent(kept, at(server))
        asked_once(kept, at(server))
        kept.renew()
        under_way.close()
        assert len(kept) == 0
        asked_once(kept, at(server))
        assert len(opened) == 3
        assert comes_true(lambda: len(server.shells) == 1)


class TestGone:
    """What waits may end without anybody's knowing: whoever gets it then notices nothing but the time of a logon."""

    def test_winrm_that_was_restarted(
        self, server: WinrmServer, kept: KeptSessions, opened: list[Target], node: PracticeNode
    ) -> None:
        asked_once(kept, at(server))
        server.cut()
        server.accept()
        assert asked_once(kept, at(server)) == "x"
        assert len(opened) == len(node.runs) == 2

    def test_a_shell_that_the_node_has_forgotten(
        self, server: WinrmServer, kept: KeptSessions, opened: list[Target], node: PracticeNode
    ) -> None:
        asked_once(kept, at(server))
        server.shells.drop_all()
        assert asked_once(kept, at(server)) == "x"
        assert len(opened) == len(node.runs) == 2
        assert len(server.shells) == len(kept) == 1

    def test_a_connection_that_ends_at_the_first_message(
        self, server: WinrmServer, kept: KeptSessions, opened: list[Target], node: PracticeNode
    ) -> None:
        asked_once(kept, at(server))
        ended: list[bool] = []

        def end_once() -> None:
            if not ended:
                ended.append(True)
                server.hang_up()

        with at_each_request(server, "/Command", end_once):
            assert asked_once(kept, at(server)) == "x"
        assert len(opened) == len(node.runs) == 2

    def test_no_script_of_which_anything_has_left_is_run_again(
        self, server: WinrmServer, kept: KeptSessions, opened: list[Target], node: PracticeNode
    ) -> None:
        asked_once(kept, at(server))
        with at_each_request(server, "/Receive", server.shells.drop_all), lent(kept, at(server)) as session:
            with pytest.raises(errors.NodeUnreachable, match="shell is gone"):
                ask(session)
            assert session.closed
        assert len(opened) == 1
        assert len(kept) == 0

    def test_only_what_has_waited_is_opened_again(
        self, server: WinrmServer, kept: KeptSessions, opened: list[Target]
    ) -> None:
        asked_once(kept, at(server))
        with lent(kept, at(server)) as session:
            ask(session)
            server.shells.drop_all()
            with pytest.raises(errors.NodeUnreachable, match="shell is gone"):
                ask(session)
        assert len(opened) == 1

    def test_a_refused_logon_is_not_tried_again(
        self, server: WinrmServer, kept: KeptSessions, opened: list[Target], logons: Logons
    ) -> None:
        asked_once(kept, at(server))
        credential = logons.find(ADMIN)
        assert credential is not None
        credential.password = CANARY
        server.shells.drop_all()
        with lent(kept, at(server)) as session:
            for refusal in (errors.LogonRefused, errors.NodeUnreachable):
                with pytest.raises(refusal):
                    ask(session)
        assert counted(logons) == 1
        assert len(opened) == 2


class TestEnds:
    def test_a_cancel_that_ends_the_connection_leaves_nothing(
        self, server: WinrmServer, kept: KeptSessions, node: PracticeNode
    ) -> None:
        node.scripts["long"] = wait_forever(node)
        asked_once(kept, at(server))
        cancel = threading.Event()
        with lent(kept, at(server), cancel=cancel) as session:
            threading.Thread(target=lambda: (node.started.wait(20), cancel.set())).start()
            with pytest.raises(errors.Cancelled):
                session.run(Script("long", ""), {}, deadline=deadline_in(60))
        assert len(kept) == 0
        assert comes_true(lambda: len(server.shells) == 0)

    def test_a_deadline_holds_for_what_has_waited(
        self, server: WinrmServer, kept: KeptSessions, node: PracticeNode
    ) -> None:
        node.scripts["long"] = wait_forever(node)
        asked_once(kept, at(server))
        with lent(kept, at(server)) as session, pytest.raises(errors.DeadlinePassed):
            session.run(Script("long", ""), {}, deadline=deadline_in(0.3))
        assert len(kept) == 0

    def test_the_cancel_of_who_had_it_before_ends_nothing(self, server: WinrmServer, kept: KeptSessions) -> None:
        cancel = threading.Event()
        with lent(kept, at(server), cancel=cancel) as session:
            ask(session)
        cancel.set()
        assert asked_once(kept, at(server)) == "x"

    def test_a_script_that_failed_costs_no_session_and_a_session_that_is_not_to_be_used_again_is_ended(
        self, server: WinrmServer, kept: KeptSessions, node: PracticeNode
    ) -> None:
        node.scripts["broken"] = lambda _request, _session: {"error": {"message": "no", "line": 1}}
        with lent(kept, at(server)) as session, pytest.raises(errors.ScriptFailed):
            session.run(Script("broken", ""), {}, deadline=deadline_in(20))
        assert len(kept) == 1
        with lent(kept, at(server)) as session:
            session.reusable = False
        assert len(kept) == len(server.shells) == 0

    def test_a_runspace_does_not_wait(self, server: WinrmServer, kept: KeptSessions, node: PracticeNode) -> None:
        node.shells_allowed = False
        asked_once(kept, at(server))
        assert len(kept) == len(server.shells) == 0

    def test_what_waits_too_long_is_ended_by_itself(self, server: WinrmServer, opened: list[Target]) -> None:
        kept, before = KeptSessions(idle_seconds=0.05), set(threading.enumerate())
        for _ in range(2):
            asked_once(kept, at(server))
            assert comes_true(lambda: len(kept) == len(server.shells) == 0)
        assert len(opened) == 2
        watching = (thread for thread in set(threading.enumerate()) - before if thread.name == "kept sessions")
        for thread in watching:
            thread.join(20)
            assert not thread.is_alive()

    def test_what_waits_for_a_node_that_restarts_is_ended(self, server: WinrmServer, kept: KeptSessions) -> None:
        asked_once(kept, at(server))
        kept.drop("vmm02.contoso.lab")
        assert len(kept) == 1
        kept.drop("VMM01.contoso.lab")
        assert len(kept) == len(server.shells) == 0

    def test_after_the_end_nothing_is_kept(self, server: WinrmServer, kept: KeptSessions) -> None:
        with lent(kept, at(server)) as session:
            kept.close()
            assert ask(session) == "x"
        assert len(kept) == len(server.shells) == 0

    def test_who_leaves_does_not_wait_for_a_node_that_has_fallen_silent(
        self, server: WinrmServer, kept: KeptSessions
    ) -> None:
        asked_once(kept, at(server))
        silent = threading.Event()
        with at_each_request(server, "/Delete", lambda: silent.wait(20) and None):
            since = time.monotonic()
            kept.close(0)
            assert time.monotonic() - since < 1.0
            silent.set()
            kept.close(20)
        assert len(server.shells) == 0
