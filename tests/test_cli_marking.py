"""Accepting findings on the command line, and what it does to check and install."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.estates import ANSWERS, ServedEstate, serving_estate
from tests.install.installing import finished, site
from tests.test_cli import wizard
from vmm_wizard.install.events import PreflightDone
from vmm_wizard.lab.node import GIB
from vmm_wizard.lab.scenarios import scenario
from vmm_wizard.plan.answers import load

NODE = "vmm01.contoso.lab"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedEstate]:
    """An estate whose first node has too little memory: NOD-02 fails there."""
    with serving_estate(tmp_path_factory.mktemp("estate")) as served:
        served.estate.nodes[NODE].state.memory = 2 * GIB
        yield served


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    path = tmp_path / "answers.toml"
    path.write_text((ANSWERS / "contoso-ha.toml").read_text(encoding="utf-8"), encoding="utf-8")
    return path


def test_a_finding_is_accepted_in_the_file_and_shown_by_check(small: ServedEstate, answers: Path) -> None:
    before = answers.read_text(encoding="utf-8")
    assert wizard("check", answers, served=small).returncode == 1
    done = wizard("accept", "nod-02", answers, "--subject", "vmm01", "--reason", "a laboratory", "--by", "Jo")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{answers}: NOD-02 ({NODE}) accepted by Jo: a laboratory\n"
    assert answers.read_text(encoding="utf-8").startswith(before)
    text = wizard("check", answers, served=small)
    assert text.returncode == 0
    assert f"= accepted NOD-02  Processors and memory ({NODE})\n    FAIL, accepted by Jo: a laboratory\n" in text.stdout
    assert text.stdout.splitlines()[-1].endswith("1 accepted")
    report = json.loads(wizard("check", answers, "--json", served=small).stdout)
    [row] = [row for row in report["findings"] if row["accepted"]]
    assert (row["id"], row["status"], row["subject"]) == ("NOD-02", "fail", NODE)
    assert row["accepted"] == {"reason": "a laboratory", "by": "Jo", "on": ""}
    assert row["remedy"]
    assert (report["summary"]["fail"], report["summary"]["accepted"]) == (0, 1)


def test_a_second_acceptance_of_the_same_replaces_the_first(answers: Path) -> None:
    for reason in ("first", "second"):
        assert wizard("accept", "ACC-11", answers, "--reason", reason, "--on", "2026-11-26").returncode == 0
    assert [(row.check, row.reason) for row in load(answers).accepted] == [("ACC-11", "second")]


def test_an_acceptance_for_nothing_is_mentioned(small: ServedEstate, answers: Path) -> None:
    assert wizard("accept", "ACC-11", answers, "--reason", "shared").returncode == 0
    told = "ACC-11 is accepted in the answers, but there is nothing to accept any more"
    assert f"! {told}" in wizard("check", answers, served=small).stdout.replace("\n  ", " ")
    assert json.loads(wizard("check", answers, "--json", served=small).stdout)["accepted_for_nothing"] == [told]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("DKM-02",), "DKM-02: it cannot be accepted: setup is denied access to the container near its end"),
        (("NOD-99",), "NOD-99: there is no such check; did you mean"),
        (("NOD-02",), f"NOD-02 is judged for each node: expected one of {NODE}, vmm02.contoso.lab"),
        (("NOD-02", "--subject", "vmm09"), f"NOD-02 is judged for each node: expected one of {NODE}"),
        (("ACC-11", "--on", "today"), "'today' is not a day such as 2026-11-26"),
    ],
)
def test_what_cannot_be_accepted_is_one_sentence_and_leaves_the_file_alone(
    arguments: tuple[str, ...], told: str, answers: Path
) -> None:
    before = answers.read_bytes()
    done = wizard("accept", arguments[0], answers, "--reason", "why not", *arguments[1:])
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert answers.read_bytes() == before


def test_a_file_that_accepts_what_it_may_not_is_refused_by_every_command(answers: Path) -> None:
    with answers.open("a", encoding="utf-8") as file:
        file.write('\n[[accepted]]\nid = "DKM-02"\nreason = "why not"\n')
    line = len(answers.read_text(encoding="utf-8").splitlines()) - 1
    for command in (("check", answers), ("install", answers, "--yes"), ("emit", answers, "-o", answers.parent / "x")):
        done = wizard(*command)
        assert done.returncode == 2
        assert f"{answers}:{line}: accepted.id is DKM-02; it cannot be accepted" in done.stderr


def test_an_accepted_fail_stops_no_install_and_is_shown_there(tmp_path: Path, answers: Path) -> None:
    """The practice estate's setup refuses so small a node itself: that it was begun shows that nothing stopped it."""
    wizard("accept", "NOD-02", answers, "--subject", NODE, "--reason", "a laboratory")
    (tmp_path / "site").mkdir()
    with site(tmp_path / "site") as place:
        place.served.estate.nodes[NODE].state.memory = 2 * GIB
        refused = place.install()
        assert finished(refused).result == "refused"
        assert place.setups() == {}
        events = place.install(load(answers))
        assert list(place.setups()) == [NODE]
    [looked] = [event for event in events if isinstance(event, PreflightDone)]
    assert looked.blocking == ()
    assert [row["accepted"]["reason"] for row in looked.as_json()["findings"] if row["accepted"]] == ["a laboratory"]


class TestViews:
    def test_since_tells_what_was_mended_in_text_and_in_json(
        self, small: ServedEstate, answers: Path, tmp_path: Path
    ) -> None:
        last = tmp_path / "last.json"
        last.write_text(wizard("check", answers, "--json", served=small).stdout, encoding="utf-8")
        memory = small.estate.nodes[NODE].state.memory
        small.estate.nodes[NODE].state.memory = 32 * GIB
        try:
            text = wizard("check", answers, "--since", last, served=small)
            document = json.loads(wizard("check", answers, "--since", last, "--json", served=small).stdout)
        finally:
            small.estate.nodes[NODE].state.memory = memory
        assert text.returncode == 0
        assert f"+ NOD-02  Processors and memory ({NODE}): it was FAIL" in text.stdout
        assert [row["id"] for row in document["changes"]["mended"]] == ["NOD-02"]
        assert document["changes"]["newly_wrong"] == []

    def test_a_file_that_is_no_report_is_exit_2_before_anybody_is_asked(self, answers: Path) -> None:
        done = wizard("check", answers, "--since", answers)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"vmm-wizard: {answers}: this is no report that `vmm-wizard check --json` has written\n"

    def test_the_matrix_is_a_table_and_a_key_of_the_json(self, small: ServedEstate, answers: Path) -> None:
        text = wizard("check", answers, "--matrix", served=small, COLUMNS="80")
        assert text.returncode == 1
        [row] = [line for line in text.stdout.splitlines() if line.startswith("NOD-02")]
        assert row.split()[-4:] == ["X", "FAIL", "+", "pass"]
        assert max(map(len, text.stdout.splitlines())) <= 80
        document = json.loads(wizard("check", answers, "--matrix", "--json", served=small).stdout)
        assert document["matrix"]["nodes"] == [NODE, "vmm02.contoso.lab"]
        [cells] = [row["cells"] for row in document["matrix"]["rows"] if row["id"] == "NOD-02"]
        assert cells[NODE] == {"status": "fail", "accepted": False}

    def test_reports_are_written_beside_what_is_printed(
        self, small: ServedEstate, answers: Path, tmp_path: Path
    ) -> None:
        files = [tmp_path / f"report.{ending}" for ending in ("html", "md", "xml", "JSON")]
        options = [option for file in files for option in ("--report", file)]
        done = wizard("check", answers, *options, served=small)
        assert done.returncode == 1
        assert "1 FAIL" in done.stdout
        for file in files:
            text = file.read_text(encoding="utf-8")
            assert "NOD-02" in text
            assert not [row for row in small.estate.logons.credentials if row.password in text]

    @pytest.mark.parametrize(
        ("name", "told"),
        [("report.pdf", "a report's name ends in .html, .md, .xml, .json"), ("none/report.md", "cannot be written")],
    )
    def test_a_report_that_cannot_be_made_is_one_sentence(
        self, name: str, told: str, small: ServedEstate, answers: Path, tmp_path: Path
    ) -> None:
        done = wizard("check", answers, "--report", tmp_path / name, served=small)
        assert done.returncode == 2
        assert told in done.stderr
        assert len(done.stderr.splitlines()) == 1


class TestRequest:
    @pytest.fixture(scope="class")
    def denied(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedEstate]:
        with serving_estate(tmp_path_factory.mktemp("denied"), scenario("dkm-read-only")) as served:
            yield served

    def test_the_request_has_the_command_with_the_plans_own_names(self, denied: ServedEstate, answers: Path) -> None:
        before = answers.read_bytes()
        done = wizard("request", "--for", "ad", answers, served=denied)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("Subject: VMM 2022 on vmmclu.contoso.lab: one thing for the AD team\n")
        assert "\n     dsacls 'CN=VMMDKM,DC=contoso,DC=lab' /I:T /G 'CONTOSO\\vmm-setup:GA'\n" in done.stdout
        assert answers.read_bytes() == before

    def test_it_is_marked_as_asked_for_and_shown_so_and_nothing_passes_by_that(
        self, denied: ServedEstate, answers: Path, tmp_path: Path
    ) -> None:
        output = tmp_path / "request.txt"
        done = wizard("request", "--for", "ad", answers, "--mark", "CHG-7", "-o", output, served=denied)
        assert (done.returncode, done.stdout) == (0, f"{output}\n")
        assert "1 marked as asked for under CHG-7" in done.stderr
        assert output.read_text(encoding="utf-8").startswith("Subject: ")
        [asked] = load(answers).asked
        assert (asked.check, asked.subject, asked.team, asked.ticket) == ("DKM-02", "", "ad", "CHG-7")
        checked = wizard("check", answers, served=denied)
        assert checked.returncode == 1
        assert f"asked for (ad, CHG-7) on {asked.on}" in checked.stdout

    def test_a_team_that_has_nothing_to_do_is_told_so_and_no_file_is_written(
        self, denied: ServedEstate, answers: Path, tmp_path: Path
    ) -> None:
        done = wizard("request", "--for", "network", answers, "-o", tmp_path / "none.txt", served=denied)
        assert (done.returncode, done.stdout) == (0, "Nothing that was found is for the network team.\n")
        assert not (tmp_path / "none.txt").exists()

    def test_what_is_unknown_is_named_because_it_may_hide_more(self, denied: ServedEstate, answers: Path) -> None:
        done = wizard("request", "--for", "ad", answers, "--secrets", _no_passwords(answers.parent), served=denied)
        assert done.returncode == 0
        assert "this may not be all, because something is unknown: " in done.stderr
        assert "ACC-03" in done.stderr

    def test_a_team_that_does_not_exist_is_bad_usage(self, answers: Path) -> None:
        assert wizard("request", "--for", "them", answers).returncode == 2


def _no_passwords(folder: Path) -> Path:
    path = folder / "secrets.toml"
    path.write_text("[accounts]\n", encoding="utf-8")
    path.chmod(0o600)
    return path
