"""A sitting without an estate: what is typed is kept, read, asked again, saved, and never lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.building import a_plan
from tests.plain.consoles import Interrupted, Scripted, Typed, a_session
from tests.tui.wizards import ready_plan
from vmm_wizard import log
from vmm_wizard.facts.discovery_model import Discovery, FoundInstance
from vmm_wizard.install.orders import Job
from vmm_wizard.plain.asking import ask_answer, tell_choices
from vmm_wizard.plan.answers import load
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.saving import save
from vmm_wizard.wizard import pages
from vmm_wizard.wizard.answers import Answers
from vmm_wizard.wizard.recovery import kept

FOUND_SQL = ["SQL Servers that were found:", "1. sql01.contoso.lab", "2. sql02.contoso.lab"]


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VMM_WIZARD_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


def sit(folder: Path, *typed: Typed, answers: Answers | None = None) -> tuple[Scripted, Answers, int]:
    """A sitting in which this is typed, and then the input ends."""
    console = Scripted(*typed)
    session = a_session(console, folder, answers)
    return console, session.state.answers, session.run()


def on_page(page: pages.Page, *typed: str) -> list[str]:
    """What is typed to answer the questions of a page, from the first question of all."""
    number = pages.PAGES.index(page) + 1
    return [":pages", str(number), *typed]


def test_the_plain_wizard_loads_no_textual() -> None:
    code = "import sys, vmm_wizard.plain.door; print('textual' in sys.modules, 'rich' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


class TestAnAnswer:
    def test_is_taken_and_kept_by_enter(self, tmp_path: Path) -> None:
        _, answers, _ = sit(tmp_path, *on_page(pages.SQL, "sql01", "", "", "", "Db", ":back", ":next", "", "", ""))
        assert str(answers.plan.database.target.host) == "sql01"
        assert answers.plan.database.name == "Db"

    def test_that_cannot_be_read_is_asked_again_and_not_lost(self, tmp_path: Path) -> None:
        console, answers, _ = sit(tmp_path, *on_page(pages.SQL, "sql01", "", "many"))
        assert any(line.startswith("X 'many'") for line in console.said)
        assert console.said.count("TCP port [many: not usable; Enter leaves it]: ") == 1
        assert answers.text("database.port") == "many"

    def test_that_is_left_as_it_cannot_be_or_open_is_said_at_the_end_of_the_page(self, tmp_path: Path) -> None:
        console, _, _ = sit(tmp_path, *on_page(pages.SQL, "", "", "many", *[""] * 5))
        at_the_end = console.text.partition("Other SQL admin")[2]
        assert "X TCP port: 'many'" in at_the_end
        assert "Still wanted here: SQL Server." in at_the_end
        console, _, _ = sit(tmp_path, "3", *on_page(pages.CONNECTION, r"CONTOSO\vmm-setup", *[""] * 5))
        assert r"Still wanted here: the password of CONTOSO\vmm-setup." in console.text

    def test_of_a_few_words_is_a_number_a_word_or_its_beginning(self, tmp_path: Path) -> None:
        for typed in ("4", "2025"):
            _, answers, _ = sit(tmp_path, "", typed, ":quit", "2")
            assert answers.plan.release == "2025"
        _, answers, _ = sit(tmp_path, "fail")
        assert answers.order.job is Job.FAILOVER

    def test_by_a_number_or_a_beginning_is_said_in_full(self, tmp_path: Path) -> None:
        for typed in ("2", "2019"):
            (tmp_path / typed).mkdir()
            console, _, _ = sit(tmp_path / typed, "fail", typed)
            assert "  Job: failover" in console.said
            assert ("  VMM release: 2019" in console.said) is (typed == "2")

    def test_that_stands_there_is_not_read_all_that_it_could_be_instead(self, tmp_path: Path) -> None:
        for plan, said in ((ready_plan(), ["1 other was found: :found lists it."]), (Plan(), FOUND_SQL)):
            console = Scripted()
            state = a_session(console, tmp_path, Answers(plan)).state
            rows = (FoundInstance("sql01.contoso.lab"), FoundInstance("sql02.contoso.lab"))
            state.estate.found = Discovery("contoso.lab", instances=rows)
            tell_choices(state, "database.host")
            assert [line.split("  ")[0] for line in console.said] == said

    def test_by_a_number_of_a_list_that_was_not_read_reads_it_first(self, tmp_path: Path) -> None:
        console = Scripted("2", "2")
        state = a_session(console, tmp_path, Answers(ready_plan())).state
        rows = (FoundInstance("sql01.contoso.lab"), FoundInstance("sql02.contoso.lab"))
        state.estate.found = Discovery("contoso.lab", instances=rows)
        ask_answer(state, "database.host")
        assert [line.split("  ")[0] for line in console.said[2:5]] == FOUND_SQL
        assert state.answers.text("database.host") == "sql02"

    def test_that_is_still_looked_for_says_so(self, tmp_path: Path) -> None:
        console = Scripted()
        state = a_session(console, tmp_path, Answers()).state
        state.estate._discovering = True
        tell_choices(state, "database.host")
        tell_choices(state, "installing_account")
        assert console.said == ["Still looking for what it could be: :found waits for it."]

    def test_may_be_made_empty(self, tmp_path: Path) -> None:
        answers = Answers(ready_plan())
        sit(tmp_path, *on_page(pages.SQL, ":empty"), answers=answers)
        assert answers.text("database.host") == ""

    def test_that_is_the_name_of_a_command_is_asked_about(self, tmp_path: Path) -> None:
        console, answers, _ = sit(tmp_path, *on_page(pages.SQL, "quit", "no", "sql01"))
        assert "Shall quit be the answer" in console.text
        assert str(answers.plan.database.target.host) == "sql01"
        _, answers, _ = sit(tmp_path, "", *on_page(pages.SQL, "found", "yes"))
        assert str(answers.plan.database.target.host) == "found"

    def test_that_was_pasted_in_lines_is_a_list_or_none(self, tmp_path: Path) -> None:
        typed: list[Typed] = [*on_page(pages.CLUSTER), ["vmmclu", "vmm01"], "vmmclu", ["vmm01", "vmm02"]]
        console, answers, _ = sit(tmp_path, *typed)
        assert "2 lines came at once, from vmmclu to vmm01" in console.text
        assert answers.text("cluster.name") == "vmmclu"
        assert answers.text("cluster.nodes") == "vmm01, vmm02"

    def test_of_rows_is_typed_line_by_line(self, tmp_path: Path) -> None:
        row = f"vmm01.contoso.lab {'ab' * 32} a reason"
        unusual = ["", "", "", "yes", *[""] * 4, "", "", ""]
        console, answers, _ = sit(tmp_path, *on_page(pages.CONNECTION, *unusual, row, ""))
        assert "Certificates [nothing yet]" not in console.text
        assert len(answers.plan.connection.certificate_exceptions) == 1

    def test_says_what_it_is_for_when_asked(self, tmp_path: Path) -> None:
        console, _, _ = sit(tmp_path, *on_page(pages.DKM, "?"))
        for heading in ("Why", "Where", "Whom", "What may be written"):
            assert f"{heading}" in console.text
        assert "For example: CN=VMMDKM" in console.text

    @pytest.mark.parametrize("page", [page for page in pages.BY_ID.values() if page.keys], ids=lambda page: page.id)
    def test_is_asked_for_with_every_key_of_its_page(self, tmp_path: Path, page: pages.Page) -> None:
        job = next(job for job, of_job in pages.PAGES_OF.items() if page in of_job)
        number = pages.PAGES_OF[job].index(page) + 1

        def rule(prompt: str) -> Typed | None:
            return "yes" if prompt == "(yes or no) [no]: " else None

        console = Scripted(job.value, ":pages", str(number), *[""] * (len(page.keys) + 1), otherwise=rule)
        a_session(console, tmp_path).run()
        for key in page.keys:
            assert any(line.startswith(pages.LABELS[key]) for line in console.said), key


class TestTheQuestionBefore:
    def asked(self, folder: Path, *typed: Typed) -> list[str]:
        """The questions from the first one of the page on."""
        console, _, _ = sit(folder, *typed)
        begin = next(place for place, said in enumerate(console.asked) if said.startswith("SQL Server"))
        return [said.partition(" (")[0].partition(" [")[0] for said in console.asked[begin:]]

    def test_is_asked_again_from_the_next_one_and_from_the_end_of_the_page(self, tmp_path: Path) -> None:
        asked = self.asked(tmp_path, *on_page(pages.SQL, "sql01", "", ":up", "VMM", *[""] * 5, ":up"))
        assert asked[:4] == ["SQL Server", "Instance", "TCP port", "Instance"]
        assert [asked[-3][:5], asked[-2], asked[-1]] == [
            "Other",
            "Enter for Cluster and nodes, a number for a finding, ? for help: :up",
            asked[-3],
        ]

    def test_before_a_page_is_the_page_before(self, tmp_path: Path) -> None:
        console, _, _ = sit(tmp_path, *on_page(pages.SQL, ":up"))
        assert "Step 4 of 11: DKM container" in console.said

    def test_before_a_password_is_its_account(self, tmp_path: Path) -> None:
        console, _, _ = sit(tmp_path, *on_page(pages.CONNECTION, "CONTOSO\\me", ":up", "CONTOSO\\you", ""))
        assert r"Installing account [CONTOSO\me]: CONTOSO\you" in console.said

    def test_before_all_others_is_none(self, tmp_path: Path, state: Path) -> None:
        sit(tmp_path, *on_page(pages.SQL, "sql01"))
        console, _, code = sit(tmp_path, ":up", ":quit")
        assert "Step 1 of 11: Job and release" in console.said
        assert code == 0


class TestAPassword:
    def test_is_in_no_line_and_is_taken(self, tmp_path: Path) -> None:
        console = Scripted(*on_page(pages.CONNECTION, r"CONTOSO\vmm-setup", "s3cret-Word", "", ":quit", "2"))
        session = a_session(console, tmp_path)
        assert session.run() == 0
        account = session.state.answers.plan.installing_account
        secret = session.state.estate.secrets.get(account)
        assert secret is not None
        assert secret.reveal() == "s3cret-Word"
        assert "s3cret" not in console.text
        assert log.masked("s3cret-Word") == log.MASK

    def test_that_was_given_is_kept_by_enter(self, tmp_path: Path) -> None:
        console = Scripted(*on_page(pages.CONNECTION, r"CONTOSO\vmm-setup", "s3cret-Word", ":back", ":next", "", ""))
        session = a_session(console, tmp_path)
        session.run()
        assert r"Password of CONTOSO\vmm-setup (given; not shown; Enter keeps it)" in console.text
        assert session.state.answers.plan.installing_account in session.state.estate.secrets


class TestLeaving:
    def test_with_everything_saved_asks_nothing(self, tmp_path: Path) -> None:
        console, _, code = sit(tmp_path, ":quit")
        assert (console.said[-1], code) == ("Goodbye.", 0)

    def test_with_something_unsaved_saves_when_wanted(self, tmp_path: Path) -> None:
        file = tmp_path / "mine.toml"
        console, _, _ = sit(tmp_path, *on_page(pages.SQL, "sql01", ":quit", "1", str(file)))
        assert str(load(file, complete=False).database.target.host) == "sql01"
        assert console.said[-1] == "Goodbye."

    def test_can_be_thought_better_of(self, tmp_path: Path) -> None:
        console, _, _ = sit(tmp_path, *on_page(pages.SQL, "sql01", KeyboardInterrupt, "3"))  # type: ignore[arg-type]
        assert console.said.count("Instance (Enter: default instance): ") == 2

    def test_by_ctrl_c_between_two_questions_asks_too(self, tmp_path: Path) -> None:
        console = Interrupted("VMM keeps all it knows", *on_page(pages.SQL), ":quit")
        assert a_session(console, tmp_path, Answers()).run() == 0
        assert console.said[-1] == "Goodbye."

    def test_without_saving_keeps_nothing(self, tmp_path: Path, state: Path) -> None:
        sit(tmp_path, *on_page(pages.SQL, "sql01", ":quit", "2"))
        assert kept(state, None) is None


class TestTheEndOfTheInput:
    def test_loses_nothing_that_was_typed(self, tmp_path: Path, state: Path) -> None:
        console, _, code = sit(tmp_path, *on_page(pages.SQL, "sql01", "", "many", "", "", "Db"))
        row = kept(state, None)
        assert row is not None
        assert "".join(str(row.path).split()) in "".join(console.said)
        assert code == 0
        _, answers, _ = sit(tmp_path, "1", ":quit", "3")
        assert (answers.text("database.host"), answers.text("database.port")) == ("sql01", "many")
        assert answers.plan.database.name == "Db"

    def test_keeps_the_answers_of_a_file_for_that_file(self, tmp_path: Path, state: Path) -> None:
        file = tmp_path / "contoso.toml"
        save(a_plan(), file)
        before = file.read_bytes()
        sit(tmp_path, *on_page(pages.SQL, "sql09"), answers=Answers.opened(file))
        assert file.read_bytes() == before
        console, answers, _ = sit(tmp_path, "1", ":save", ":quit", answers=Answers.opened(file))
        assert answers.text("database.host") == "sql09"
        assert str(load(file).database.target.host) == "sql09"
        assert "Goodbye." in console.said
        assert kept(state, file) is None

    def test_in_the_middle_of_leaving_keeps_them_too(self, tmp_path: Path, state: Path) -> None:
        sit(tmp_path, *on_page(pages.SQL, "sql01", ":quit"))
        assert kept(state, None) is not None


class TestSaving:
    def test_into_a_file_that_is_named_says_where_and_goes_on_with_that_one(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        console, answers, code = sit(tmp_path, *on_page(pages.SQL, "sql01", ":save mine", "", ":quit"))
        assert f"saved: {tmp_path / 'mine.toml'}" in console.text
        assert str(load(tmp_path / "mine.toml", complete=False).database.target.host) == "sql01"
        assert (answers.unsaved, code) == (False, 0)

    def test_into_another_file_that_is_there_is_asked_about(self, tmp_path: Path) -> None:
        file = tmp_path / "other.toml"
        save(a_plan(), file)
        before = file.read_bytes()
        console, _, _ = sit(tmp_path, f":save {file}", "no", f":save {file}", "yes")
        assert "Not saved." in console.said
        assert file.read_bytes() != before

    def test_that_fails_is_said(self, tmp_path: Path) -> None:
        console, _, _ = sit(tmp_path, f":save {tmp_path / 'no' / 'folder.toml'}")
        assert any(line.startswith("X not written") for line in console.said)

    @pytest.mark.parametrize("name", ["/", "..", "~nobody-is-called-so/x", "x" * 300])
    def test_to_what_can_be_no_file_is_said(self, tmp_path: Path, name: str) -> None:
        console, _, code = sit(tmp_path, f":save {name}", ":quit", "2")
        assert "X this is no name of a file" in console.text or "File name too long" in console.text
        assert code == 0


class TestThePages:
    def test_say_once_why_not_all_was_asked(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def breaks(*given: object, **named: object) -> None:
            raise ZeroDivisionError("wire")

        monkeypatch.setattr("vmm_wizard.preflight.Preflight.run", breaks)
        console, _, _ = sit(tmp_path, *on_page(pages.REVIEW, ":pages review"))
        assert console.text.count("Not all was asked: unexpected error (ZeroDivisionError: wire)") == 1

    def test_of_another_job_follow_at_once(self, tmp_path: Path) -> None:
        console, _, _ = sit(tmp_path, "failover", "", "", "", ":pages failover")
        place = pages.PAGES_OF[Job.FAILOVER].index(pages.FAILOVER) + 1
        assert f"Step {place} of {len(pages.PAGES_OF[Job.FAILOVER])}: Target node" in console.said

    def test_are_gone_to_by_number_or_name_at_once(self, tmp_path: Path) -> None:
        for typed in (":pages 5", ":pages sql"):
            console, _, _ = sit(tmp_path, typed)
            assert f"Step 5 of {len(pages.PAGES)}: SQL Server" in console.said

    def test_are_all_named_with_their_states(self, tmp_path: Path) -> None:
        console, _, _ = sit(tmp_path, ":pages", "1")
        for page in pages.PAGES:
            assert any(page.name in line for line in console.said)

    def test_say_what_stands_in_the_way_of_the_run(self, tmp_path: Path) -> None:
        console, _, _ = sit(tmp_path, ":pages run", "")
        assert "This stands in the way:" in console.said
        assert "Job and release: the licence terms are not accepted" in console.text

    def test_of_nothing_done_says_so(self, tmp_path: Path) -> None:
        console, _, code = sit(tmp_path, ":pages done", "", "")
        assert "Nothing was done yet: see the page Run." in console.said
        assert (console.said[-1], code) == ("Goodbye.", 0)


@pytest.mark.parametrize("what", ["answers", "picture", "matrix", "files", "given", "way", "run", "after"])
def test_everything_can_be_looked_at_from_any_question(tmp_path: Path, what: str) -> None:
    console, _, _ = sit(tmp_path, f":see {what}", ":quit", "2", answers=Answers(ready_plan()))
    assert len(console.said) > 12
    # The command lines of setup stay whole, to be copied.
    assert all((len(line) <= 80 or what == "given") and line.isascii() for line in console.said)
