"""A run that is carried out, or followed, for both faces: what is told when nobody answers, and when it breaks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.building import a_plan
from vmm_wizard.install.asking import restart_question
from vmm_wizard.install.events import Finished
from vmm_wizard.install.orders import Order
from vmm_wizard.plan.secrets import Secrets
from vmm_wizard.wizard.carrying import Asked, Carrying, Row, Told, Unknowns

if TYPE_CHECKING:
    from vmm_wizard.preflight import Preflight

NODE = "vmm01.contoso.lab"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VMM_WIZARD_STATE", str(tmp_path / "state"))
    (tmp_path / "state").mkdir()
    return tmp_path / "state"


def test_what_a_run_asks_that_is_stopped_is_answered_by_nobody() -> None:
    told: list[Told] = []
    run = Carrying(told.append)
    run.stop()
    assert run._ask(restart_question(NODE, "it wants a restart")) == "leave"
    assert run._confirm(()) is False
    assert [type(row) for row in told] == [Asked, Unknowns]


def test_what_a_run_asks_waits_for_the_answer() -> None:
    def answer(told: Told) -> None:
        assert isinstance(told, Asked)
        told.reply.put("restart")

    assert Carrying(answer)._ask(restart_question(NODE, "it wants a restart")) == "restart"


def test_an_error_of_ours_ends_a_run_with_a_sentence_and_is_no_news_to_wait_for() -> None:
    told: list[Told] = []
    run = Carrying(told.append)

    def broken() -> Preflight:
        raise RuntimeError("a wire is loose")

    run.carry_out(a_plan(), Order(), Secrets(), broken)
    (row,) = told
    assert isinstance(row, Row)
    assert isinstance(row.event, Finished)
    assert row.event.result == "failed"
    assert "RuntimeError: a wire is loose" in row.event.text
    assert run.settled.is_set()


def test_a_run_that_cannot_be_followed_goes_on_without_us(state: Path) -> None:
    (state / "journal.sqlite").write_text("no journal")
    told: list[Told] = []
    run = Carrying(told.append)
    run.attach("20261126", a_plan())
    row = told[-1]
    assert isinstance(row, Row)
    assert isinstance(row.event, Finished)
    assert row.event.result == "cancelled"
    assert run.watching
