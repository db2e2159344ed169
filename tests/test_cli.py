"""The command line: what it prints, where, and how it exits. In processes of their own, as users start it."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from getpass import getuser
from pathlib import Path
from tempfile import gettempdir

import pytest

from tests.commands import run
from tests.estates import ANSWERS, ServedEstate, serving_estate
from vmm_wizard.cli import terminal_reason
from vmm_wizard.cli.practice import what_goes
from vmm_wizard.cli.shared import has_terminal
from vmm_wizard.setup.ini import read_private_profile

CONTOSO = ANSWERS / "contoso-ha.toml"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedEstate]:
    with serving_estate(tmp_path_factory.mktemp("estate")) as estate:
        yield estate


def wizard(
    *arguments: object, served: ServedEstate | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command without a terminal; with an estate, by its address book and secrets."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("VMM_WIZARD_")}
    if served is not None:
        known["VMM_WIZARD_ADDRESS_BOOK"] = str(served.folder / "address-book.toml")
        known["VMM_WIZARD_SECRETS"] = str(served.folder / "credentials.toml")
    known.setdefault("VMM_WIZARD_STATE", str(Path(gettempdir()) / f"vmm-wizard-tests-{getuser()}"))
    return run(*arguments, environment=known | environment)


def edited(folder: Path, old: str, new: str) -> Path:
    """The example answers with one text replaced."""
    text = CONTOSO.read_text(encoding="utf-8")
    assert old in text
    path = folder / "answers.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


class TestCheck:
    def test_a_healthy_estate_is_exit_0_and_one_json_document(self, served: ServedEstate) -> None:
        done = wizard("check", CONTOSO, "--json", served=served)
        assert done.returncode == 0, done.stdout + done.stderr
        document = json.loads(done.stdout)
        assert set(document["summary"]) == {"pass", "warn", "fail", "unknown", "not_applicable", "accepted"}
        assert document["summary"]["fail"] == document["summary"]["unknown"] == 0
        assert {"id", "status", "subject", "title", "evidence", "remedy"} <= set(document["findings"][0])
        assert document["summary"]["pass"] == sum(row["status"] == "pass" for row in document["findings"])

    def test_nothing_but_the_report_is_printed_when_piped(self, served: ServedEstate) -> None:
        done = wizard("check", CONTOSO, served=served)
        assert done.stderr == ""
        assert done.stdout.splitlines()[-1].endswith("n/a")
        assert "\x1b" not in done.stdout

    def test_a_fail_is_exit_1(self, served: ServedEstate, tmp_path: Path) -> None:
        done = wizard("check", edited(tmp_path, "CN=VMMDKM", "CN=Missing"), "--json", served=served)
        assert done.returncode == 1
        assert [row["id"] for row in json.loads(done.stdout)["findings"] if row["status"] == "fail"] == ["DKM-01"]

    def test_a_missing_password_of_the_service_account_is_unknown_and_exit_3(
        self, served: ServedEstate, tmp_path: Path
    ) -> None:
        secrets = tmp_path / "secrets.toml"
        lines = (served.folder / "credentials.toml").read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if "[accounts]" in line or "vmm-setup" in line]
        secrets.write_text("\n".join(kept), encoding="utf-8")
        secrets.chmod(0o600)
        done = wizard("check", CONTOSO, "--json", "--secrets", secrets, served=served)
        assert done.returncode == 3
        assert [row["id"] for row in json.loads(done.stdout)["findings"] if row["status"] == "unknown"] == ["ACC-03"]

    @pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX; the ACL's judging has tests of its own")
    def test_secrets_that_others_can_read_are_refused(self, served: ServedEstate, tmp_path: Path) -> None:
        secrets = tmp_path / "secrets.toml"
        shutil.copy(served.folder / "credentials.toml", secrets)
        secrets.chmod(0o644)
        done = wizard("check", CONTOSO, "--secrets", secrets, served=served)
        assert done.returncode == 2
        assert str(secrets) in done.stderr
        assert len(done.stderr.splitlines()) == 1

    def test_a_missing_address_book_is_exit_2(self, tmp_path: Path) -> None:
        done = wizard("check", CONTOSO, "--address-book", tmp_path / "none.toml")
        assert done.returncode == 2
        assert "none.toml: cannot be read" in done.stderr

    def test_no_password_is_ever_printed(self, served: ServedEstate) -> None:
        done = wizard("check", CONTOSO, "--all", "--rehearse", served=served)
        assert done.returncode == 0
        assert not [row for row in served.estate.logons.credentials if row.password in done.stdout + done.stderr]


class TestAnswerFiles:
    def test_all_mistakes_are_told_at_once_with_line_and_key(self, tmp_path: Path) -> None:
        path = edited(tmp_path, 'role_name = "vmm"', 'rolename = "vmm"\nnodes_extra = 3')
        path.write_text(path.read_text().replace('release = "2022"', 'release = "2023"'))
        done = wizard("check", path)
        assert done.returncode == 2
        lines = done.stderr.splitlines()
        assert len(lines) >= 3
        assert all(str(path) in line for line in lines)
        assert any("role_name" in line and "rolename" in line for line in lines)
        assert any("release" in line and "2025" in line for line in lines)
        assert "Traceback" not in done.stderr

    @pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"[cluster\n", b""], ids=["no text", "no TOML", "empty"])
    def test_what_is_no_answer_file_is_exit_2_without_a_traceback(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "bad.toml"
        path.write_bytes(content)
        done = wizard("check", path)
        assert done.returncode == 2
        assert str(path) in done.stderr
        assert "Traceback" not in done.stderr

    def test_a_missing_file_is_exit_2(self, tmp_path: Path) -> None:
        done = wizard("check", tmp_path / "none.toml")
        assert done.returncode == 2
        assert "none.toml" in done.stderr


class TestEmit:
    def test_each_node_gets_its_two_files(self, tmp_path: Path) -> None:
        done = wizard("emit", CONTOSO, "-o", tmp_path / "out")
        assert done.returncode == 0, done.stderr
        first = read_private_profile((tmp_path / "out/vmm01.contoso.lab/VMServer.ini").read_bytes())
        second = read_private_profile((tmp_path / "out/vmm02.contoso.lab/VMServer.ini").read_bytes())
        assert (first["CreateNewSqlDatabase"], second["CreateNewSqlDatabase"]) == ("1", "0")
        assert (first["HighlyAvailable2ndNode"], second["HighlyAvailable2ndNode"]) == ("0", "1")
        command = (tmp_path / "out/vmm01.contoso.lab/command.txt").read_text()
        assert "/VmmServiceUserPassword ***" in command
        assert len(done.stdout.splitlines()) == 4

    def test_a_folder_that_cannot_be_made_is_one_sentence(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        done = wizard("emit", CONTOSO, "-o", tmp_path / "file" / "out")
        assert done.returncode == 2
        assert "cannot be written" in done.stderr


class TestOthers:
    def test_explain_lists_every_check_and_tells_of_one(self) -> None:
        listing = wizard("explain")
        assert listing.returncode == 0
        assert "DKM-02" in listing.stdout
        one = wizard("explain", "dkm-02")
        assert one.returncode == 0
        assert "Why" in one.stdout

    def test_explain_tells_of_answers_and_words_too(self) -> None:
        assert "Where to find it" in wizard("explain", "dkm.container").stdout
        assert "ticket" in wizard("explain", "service", "principal", "name").stdout
        listing = wizard("explain", "--answers", "--glossary").stdout
        assert "database.listener" in listing
        assert "CredSSP" in listing

    def test_explain_of_nothing_names_near_ones(self) -> None:
        done = wizard("explain", "DKM-2")
        assert done.returncode == 2
        assert "DKM-02" in done.stderr

    def test_doctor_says_what_is_used(self) -> None:
        done = wizard("doctor")
        assert done.returncode == 0
        assert "python-tds" in done.stdout
        assert "ldap3" in done.stdout

    def test_install_without_a_terminal_wants_yes(self, served: ServedEstate) -> None:
        done = wizard("install", CONTOSO, served=served)
        assert done.returncode == 2
        assert "--yes" in done.stderr

    def test_install_without_passwords_names_the_accounts(self) -> None:
        done = wizard("install", CONTOSO, "--yes")
        assert done.returncode == 2
        assert "CONTOSO\\svc-vmm" in done.stderr

    def test_the_licence_terms_must_be_accepted(self, served: ServedEstate, tmp_path: Path) -> None:
        path = edited(tmp_path, "eula_accepted = true", "eula_accepted = false")
        done = wizard("install", path, "--yes", served=served)
        assert done.returncode == 2
        assert "eula_accepted" in done.stderr

    @pytest.mark.parametrize("arguments", [[], [CONTOSO], ["wizard"], ["lab"]], ids=["bare", "file", "wizard", "lab"])
    def test_without_a_terminal_the_wizard_names_the_command_that_does_the_same(self, arguments: list[object]) -> None:
        done = wizard(*arguments)
        assert done.returncode == 2
        assert done.stdout == ""
        assert "use `--plain`" in done.stderr
        assert "vmm-wizard check FILE" in done.stderr

    def test_an_unknown_command_is_exit_2(self) -> None:
        assert wizard("instal").returncode == 2

    def test_scenarios_are_listed(self) -> None:
        done = wizard("lab", "--list")
        assert done.returncode == 0
        assert "dkm-read-only" in done.stdout

    def test_an_unknown_scenario_names_the_known_ones(self, tmp_path: Path) -> None:
        done = wizard("lab", "serve", "--dir", tmp_path, "--scenario", "flood")
        assert done.returncode == 2
        assert "dkm-read-only" in done.stderr


@pytest.mark.parametrize("redirected", ["stdin", "stdout", "stderr"])
def test_a_stream_that_is_redirected_is_no_terminal(redirected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Textual draws on standard error: into a file it would write escape sequences."""
    for name in ("stdin", "stdout", "stderr"):
        stream = io.StringIO()
        monkeypatch.setattr(stream, "isatty", lambda name=name: name != redirected, raising=False)
        monkeypatch.setattr(sys, name, stream)
    assert not has_terminal()


def test_the_bare_wizard_reads_the_environment_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import vmm_wizard.cli

    monkeypatch.setattr(vmm_wizard.cli, "terminal_reason", lambda *_, **__: "")
    monkeypatch.setattr(sys, "argv", ["vmm-wizard"])
    monkeypatch.setenv("VMM_WIZARD_ADDRESS_BOOK", str(tmp_path / "none.toml"))
    assert vmm_wizard.cli.run_command() == 2
    assert "none.toml: cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("is_terminal", "term", "os_name", "shown"),
    [
        (True, "xterm-256color", "posix", True),
        (True, "", "nt", True),
        (True, "", "posix", False),
        (True, "dumb", "posix", False),
        (False, "xterm", "posix", False),
    ],
)
def test_where_the_wizard_can_be_shown(is_terminal: bool, term: str, os_name: str, shown: bool) -> None:
    assert (terminal_reason(is_terminal, term, os_name) == "") is shown


def test_where_the_terminal_has_no_size_plain_is_named() -> None:
    assert "use `--plain`" in terminal_reason(True, "vt100", "posix", sized=False)


def test_answers_that_are_saved_in_a_practice_estate_are_said_to_go_with_it(tmp_path: Path) -> None:
    answers = tmp_path / "practice.toml"
    answers.write_text("a", encoding="utf-8")
    assert what_goes(answers, b"a") == ""
    assert "vmm-wizard lab serve --dir DIR" in what_goes(answers, b"b")
