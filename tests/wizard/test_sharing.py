"""What is copied and written down: what is useful alone, for the right team, and never a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.building import a_container, a_node, a_plan, good_facts, installed_facts
from vmm_wizard import log
from vmm_wizard.afterwards.follow_ups import follow_ups
from vmm_wizard.checks.registry import Finding, Status, judge
from vmm_wizard.checks.remedies import Remedy, Team, Whom
from vmm_wizard.wizard.sharing import (
    NameRefusedError,
    Shared,
    answers_named,
    follow_ups_of,
    named,
    remedy_of,
    request_choices,
    request_to,
    requested_of,
    write,
)

MISSING = judge(a_plan(), good_facts(dkm=a_container(found=False)))
DKM = tuple(row for row in MISSING if row.id == "DKM-01")


def a_finding(*steps: tuple[Team, str, str], remedy: str = "") -> Finding:
    made = tuple(Remedy(Whom(team, words), step) for team, words, step in steps)
    return Finding("DKM-01", "t", "dkm", "s", Status.FAIL, "", "read", remedy, made)


def test_one_command_is_copied_alone_so_that_it_can_be_pasted() -> None:
    shared = remedy_of(DKM)
    assert shared is not None
    assert shared.text.startswith("New-ADObject ")
    assert "AD team" not in shared.text
    assert shared.what == "what mends DKM-01"


def test_commands_of_several_stand_behind_who_runs_them_as_a_comment() -> None:
    ad, sql = "AD team, in PowerShell", "DBA, on the instance"
    shared = remedy_of((a_finding((Team.AD, ad, "one"), (Team.AD, ad, "two"), (Team.SQL, sql, "three")),))
    assert shared is not None
    assert shared.text == f"# {ad}:\none\ntwo\n-- {sql}:\nthree"


def test_findings_that_say_the_same_give_each_command_once() -> None:
    finding = a_finding((Team.AD, "AD team", "one"))
    shared = remedy_of((finding, finding))
    assert shared is not None
    assert shared.text == "one"


def test_a_remedy_without_steps_is_its_text_and_none_is_nothing() -> None:
    shared = remedy_of((a_finding(remedy="restart it"),))
    assert shared is not None
    assert shared.text == "restart it"
    assert remedy_of((a_finding(),)) is None


def test_no_secret_is_in_what_is_taken_along(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(log, "_masked", set())
    log.mask("Correct.Horse-7")
    shared = Shared("x", "net use /user:me Correct.Horse-7", "x.txt")
    assert shared.masked == "net use /user:me ***\n"
    write(shared, tmp_path / "x.txt")
    assert "Horse" not in (tmp_path / "x.txt").read_text(encoding="utf-8")


def test_a_file_that_exists_is_replaced_only_when_that_is_said(tmp_path: Path) -> None:
    file = tmp_path / "x.txt"
    file.write_text("mine", encoding="utf-8")
    with pytest.raises(FileExistsError):
        write(Shared("x", "other", "x.txt"), file)
    assert file.read_text(encoding="utf-8") == "mine"
    write(Shared("x", "other", "x.txt"), file, overwrite=True)
    assert file.read_text(encoding="utf-8") == "other\n"


@pytest.mark.parametrize("said", ["", "   ", "a\x00b", "a\nb"])
def test_what_is_no_name_of_a_file_is_refused_in_a_sentence(said: str) -> None:
    with pytest.raises(NameRefusedError, match="no name of a file"):
        named(said)


@pytest.mark.parametrize("said", ["", "/", ".", "..", "~nobody-is-called-so/x"])
def test_what_can_be_no_answer_file_is_refused_in_a_sentence(said: str) -> None:
    with pytest.raises(NameRefusedError, match="no name of a file"):
        answers_named(said)


def test_an_answer_file_gets_its_suffix() -> None:
    assert [answers_named(said).name for said in ("a", "b.toml", " c.txt ")] == ["a.toml", "b.toml", "c.txt"]


def test_home_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    assert named(" ~/x.txt ") == Path.home() / "x.txt"


# --- requests


def test_a_finding_names_the_teams_that_must_act_for_it() -> None:
    assert requested_of(DKM) == (("ad", "the AD team"),)
    assert requested_of(judge(a_plan(), good_facts())) == ()
    yours = tuple(row for row in judge(a_plan(), good_facts()) if row.id == "NAM-01")
    assert requested_of(yours) == ()


def test_the_teams_that_there_is_a_request_to_say_how_much_it_is() -> None:
    rows = request_choices(MISSING, ())
    assert rows[0] == ("ad", "the AD team: 1 to do")
    assert "sql" not in dict(rows)


def test_a_request_is_the_one_of_the_command_line() -> None:
    shared = request_to(Team.AD, a_plan(), MISSING, Path("/home/me/contoso.toml"))
    assert shared.text.startswith("Subject: VMM 2022 on vmmclu.contoso.lab: ")
    assert "New-ADObject" in shared.text
    assert "`vmm-wizard check contoso.toml`" in shared.text.replace("\n", " ")
    assert shared.name == "request-ad.txt"


def test_of_what_follows_the_open_commands_are_taken_along() -> None:
    rows = follow_ups(a_plan(), installed_facts())
    shared = follow_ups_of(rows)
    assert shared is not None
    assert "AFT-" in shared.text
    commands = [step.command for row in rows for step in row.steps if step.command and step.state.value == "to do"]
    assert commands
    assert all(command.splitlines()[0] in shared.text for command in commands)
    assert follow_ups_of(()) is None


def test_a_node_admin_gets_the_command_of_his_node() -> None:
    facts = good_facts(nodes={"vmm01.contoso.lab": a_node(reboot=a_node().reboot, agent_installed=True)})
    rows = tuple(row for row in judge(a_plan(), facts) if row.id == "NOD-10" and row.status is Status.FAIL)
    assert requested_of(rows) == (("nodes", "the administrators of the nodes"),)
