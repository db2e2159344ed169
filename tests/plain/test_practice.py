"""Sittings on practice estates, by lines alone: what is found is chosen, findings opened, mended, accepted, asked for,
and the whole install is carried out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.estates import ServedEstate, serving_estate
from tests.plain.consoles import Interrupted, Scripted, Typed, a_session
from vmm_wizard.lab.scenarios import apply, scenario
from vmm_wizard.plain.session import Session
from vmm_wizard.plan.model import Acceptance
from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secrets import Secrets
from vmm_wizard.wizard.answers import Answers

DKM, SQL, CLUSTER = "4", "5", "6"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VMM_WIZARD_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedEstate]:
    with serving_estate(tmp_path_factory.mktemp("faulty"), scenario("service-account-no-admin")) as served:
        apply(scenario("cluster-without-witness"), served.estate)
        yield served


def at(served: ServedEstate, console: Scripted, folder: Path) -> Session:
    """A sitting on the answers that go with the estate."""
    answers = Answers.opened(served.folder / "practice.toml")
    return a_session(console, folder, answers, addresses=served.book, secrets=served.secrets)


class TestWithAFault:
    def test_what_was_found_is_a_numbered_list_beside_free_typing(self, faulty: ServedEstate, tmp_path: Path) -> None:
        console = Scripted(":pages", SQL, ":found", "2", "", "", "", "", "", "", "", "", ":quit", "2")
        session = at(faulty, console, tmp_path)
        session.run()
        assert "SQL Servers that were found:" in console.said
        assert r"2. sql02.contoso.lab\VMM 15.0.4430.1 fits" in console.text
        assert session.state.answers.text("database.instance") == "VMM"
        assert console.said.count("Instance [VMM]: ") == 1

    def test_letters_of_a_name_look_for_accounts(self, faulty: ServedEstate, tmp_path: Path) -> None:
        def rule(prompt: str) -> Typed | None:
            return number(console, r"CONTOSO\\svc-vmm ") if "[svc: " in prompt else None

        console = Scripted(":pages account", "svc", ":quit", "2", otherwise=rule)
        session = at(faulty, console, tmp_path)
        session.run()
        assert session.state.answers.text("service_account.name") == r"CONTOSO\svc-vmm"
        assert "Accounts of the domain:" in console.said

    def test_the_tree_of_containers_is_opened_by_a_sign_and_chosen_from_by_number(
        self, faulty: ServedEstate, tmp_path: Path
    ) -> None:
        typed = iter(("open", "take"))

        def rule(prompt: str) -> Typed | None:
            if not prompt.startswith("Number to take"):
                return None
            if next(typed, "") == "open":
                return f"+{number(console, r'[+-] CN=System')}"
            return number(console, r"create CN=VMMDKM\d* here")

        console = Scripted(":again", ":pages dkm", ":found", ":quit", "2", otherwise=rule)
        session = at(faulty, console, tmp_path)
        session.run()
        assert any(re.match(r"\d+\. +\S* *CN=\w+", line) for line in console.said)
        assert "VMMDKM" in session.state.answers.text("dkm.container")
        assert "Looking whether DKM-01 can be mended from here" in console.text

    def test_a_finding_is_opened_in_full_and_accepted_with_a_reason(self, faulty: ServedEstate, tmp_path: Path) -> None:
        file = tmp_path / "answers.toml"

        def rule(prompt: str) -> Typed | None:
            if prompt == "A number opens a finding, Enter goes back: " and "Accepted" not in console.text:
                return number(console, r"! warn CLU-")
            return number(console, "Accept it") if prompt == "What now? [1]: " else None

        typed = ("a test", "me", "", f":save {file}", ":findings", "", ":quit")
        console = Scripted(":again", ":findings", *typed, otherwise=rule)
        session = at(faulty, console, tmp_path)
        session.run()
        for heading in ("What was read:", "What to do:", "Why:", "Source:"):
            assert heading in console.said
        assert [row.reason for row in session.state.answers.plan.accepted] == ["a test"]
        assert "a test" in file.read_text(encoding="utf-8")
        assert "= accepted CLU-" in console.text

    def test_an_acceptance_is_taken_back_and_the_answer_given_anew(self, faulty: ServedEstate, tmp_path: Path) -> None:
        def rule(prompt: str) -> Typed | None:
            taken_back = "No longer accepted" in console.text
            if prompt == "A number opens a finding, Enter goes back: " and "Cluster [" not in console.text:
                return number(console, "! warn CLU-04" if taken_back else "= accepted CLU-04")
            if prompt == "What now? [1]: ":
                return number(console, "Answer anew" if taken_back else "Take the acceptance back")
            return "other" if prompt.startswith("Cluster [") else None

        console = Scripted(":again", ":findings", ":findings", "", ":quit", "2", otherwise=rule)
        session = at(faulty, console, tmp_path)
        session.state.accept(replace(session.state.answers.plan, accepted=(Acceptance("CLU-04", "quorum", "a test"),)))
        session.run()
        assert session.state.answers.plan.accepted == ()
        assert session.state.answers.text("cluster.name") == "other"

    def test_a_command_at_a_password_is_no_logon(self, faulty: ServedEstate, tmp_path: Path) -> None:
        at(faulty, Scripted(":pages account", "", ":quit"), tmp_path).run()
        assert not faulty.estate.report()["bad_logons"]

    def test_a_request_to_a_team_is_said_and_written(self, faulty: ServedEstate, tmp_path: Path) -> None:
        file = tmp_path / "request.txt"
        console = Scripted(":again", ":request nodes", str(file), ":quit")
        at(faulty, console, tmp_path).run()
        assert any(line.startswith("Subject: VMM") for line in console.said)
        assert "Add-LocalGroupMember" in file.read_text(encoding="utf-8")

    def test_a_finding_is_mended_once_the_change_was_shown_and_agreed_to(
        self, faulty: ServedEstate, tmp_path: Path
    ) -> None:
        def rule(prompt: str) -> Typed | None:
            return number(console, "Mend it") if prompt == "What now? [1]: " else None

        console = Scripted(":again", ":findings", "1", "yes", "", ":again", ":quit", otherwise=rule)
        at(faulty, console, tmp_path).run()
        shown = console.text.index("Make this change, then check again?")
        assert console.text.index("to undo: ") < shown < console.text.index("ACC-04 is mended")


def number(console: Scripted, words: str) -> str:
    """The number of the last answer in a list that begins with these words; Enter where there is none."""
    found = [line.partition(".")[0] for line in console.said if re.match(rf"\d+\. *{words}", line)]
    return found[-1] if found else ""


def test_a_person_with_lines_alone_comes_from_nothing_to_installed(tmp_path: Path) -> None:
    """All answers and passwords are typed; the run is interrupted once, and goes on."""
    typed = {
        "Licence accepted": "yes",
        "Installing account": r"CONTOSO\vmm-setup",
        "Domain": "contoso.lab",
        "Service account": r"CONTOSO\svc-vmm",
        "DKM container": "CN=VMMDKM,DC=contoso,DC=lab",
        "SQL Server": "sql01",
        "Database": "VirtualManagerDB",
        "Cluster": "vmmclu.contoso.lab",
        "Nodes, in order": "vmm01, vmm02",
        "Name of the role": "vmm",
        "Static addresses": "10.10.0.50, 10.20.0.50",
        "Media folder": r"C:\VMM\Media",
        "Start the installation?": "2",
        "Read your first hour with VMM?": "yes",
        "Enter quits": ":quit",
        "Quit?": "2",
    }
    folder = tmp_path / "estate"
    folder.mkdir()
    with serving_estate(folder) as served:

        def rule(prompt: str) -> Typed | None:
            if prompt.startswith("Password of "):
                account = AccountName.parse(prompt.split()[2])
                secret = served.secrets.get(account)
                return secret.reveal() if secret and "given" not in prompt else ""
            return next((said for words, said in typed.items() if prompt.startswith(words)), "")

        console = Interrupted("vmm01.contoso.lab, setup: begun", otherwise=rule)
        code = a_session(console, tmp_path, addresses=served.book, secrets=Secrets()).run()
        report = served.estate.report()
    assert code == 0
    assert "Stop the run? [1]: " in console.said
    for words in (
        "Nothing known stands in the way.",
        "vmm02.contoso.lab, setup: done",
        "installed: connect the VMM console to vmm:8100",
        "+ VMM is installed on every node.",
        "What follows (vmm-wizard after FILE tells each step):",
    ):
        assert words in console.text
    assert [len(runs) for runs in report["setups"].values() if runs] == [1, 1]
    assert not any(report["tasks"].values())
    assert not report["bad_logons"]
    secrets = [secret.reveal() for secret in served.secrets.values()]
    assert not any(secret in line for secret in secrets for line in console.said)
    assert all(line.isprintable() and line.isascii() for line in console.said)
    # Commands, which are set in, stay whole, to be copied.
    said = [line for line in console.said if line not in console.asked and not line.startswith("     ")]
    assert [line for line in said if len(line) > 80 and " " in line] == []


@pytest.mark.long
def test_a_run_outlives_the_terminal_it_was_started_on(tmp_path: Path, state: Path) -> None:
    folder = tmp_path / "estate"
    folder.mkdir()
    with serving_estate(folder) as served:
        gone = Interrupted("vmm01.contoso.lab, stage: begun", ":pages run", "2", by=EOFError)
        assert at(served, gone, tmp_path).run() == 5
        assert "It goes on by itself (process " in gone.text
        console = Scripted("1", "no", ":quit", "2")
        session = a_session(console, tmp_path, addresses=served.book, secrets=served.secrets)
        code = session.run()
        assert code == 0
        report = served.estate.report()
    assert "Another process of this computer carries it out now." in console.text
    assert "+ VMM is installed on every node." in console.text
    assert [len(runs) for runs in report["setups"].values() if runs] == [1, 1]


@pytest.mark.long
def test_a_run_that_is_let_go_on_by_itself_is_followed_to_its_end(tmp_path: Path) -> None:
    folder = tmp_path / "estate"
    folder.mkdir()
    with serving_estate(folder) as served:

        def rule(prompt: str) -> Typed | None:
            if prompt.startswith("Stop the run?"):
                return number(console, "Yes: let it go on by itself")
            answers = {"Let it go on without the wizard?": "2", "Start the installation?": "2", "Enter quits": ":quit"}
            return next((said for words, said in answers.items() if prompt.startswith(words)), None)

        console = Interrupted("vmm01.contoso.lab, stage: begun", ":pages run", "no", otherwise=rule)
        assert at(served, console, tmp_path).run() == 0
        report = served.estate.report()
    assert "It goes on by itself (process " in console.text
    assert "+ VMM is installed on every node." in console.text
    assert [len(runs) for runs in report["setups"].values() if runs] == [1, 1]
    assert not any(report["tasks"].values())
