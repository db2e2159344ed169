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
