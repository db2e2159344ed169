"""What prepare-node.ps1 does on a node of the estate: each part looked at first, one that fails beside the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from tests.powershell import answer_keys, parse
from vmm_wizard.lab.clock import SpedUpClock
from vmm_wizard.lab.estate import Estate
from vmm_wizard.lab.file_share import SharedFile
from vmm_wizard.lab.node import AdkState, Node
from vmm_wizard.lab.prepare_script import prepare_node
from vmm_wizard.lab.tasks import ScheduledTask
from vmm_wizard.lab.wrapper import InsideWork
from vmm_wizard.remote.bootstrap import INSIDE, JSON, load_script

SHARE = r"\\files01.contoso.lab\sources"
MEDIA = r"C:\VMM\Media"
PACKAGES = [rf"{SHARE}\packages\{name}" for name in ("VC_redist.x64.exe", "msodbcsql.msi", "MsSqlCmdLnUtils.msi")]
ALL: dict[str, JSON] = {
    "MediaSource": rf"{SHARE}\VMM2022",
    "MediaHash": "",
    "MediaPath": MEDIA,
    "KitSource": rf"{SHARE}\ADK",
    "EnvironmentSource": rf"{SHARE}\WinPE",
    "Packages": list[JSON](PACKAGES),
    "Folder": r"C:\ProgramData\vmm-wizard\run-1",
}


@pytest.fixture
def estate() -> Iterator[Estate]:
    estate = Estate(SpedUpClock(1e6))
    yield estate
    estate.close()


@pytest.fixture
def node(estate: Estate) -> Node:
    """A node to which nothing was brought."""
    node = estate.nodes["vmm01.contoso.lab"]
    state = node.state
    state.cluster_tools, state.adk, state.media.exists = False, AdkState("", "", False, False, False), False
    state.settings.odbc_drivers, state.settings.command_line = [], []
    return node


def prepared(node: Node, **changes: JSON) -> tuple[dict[str, JSON], list[str]]:
    """What the script answers, and the lines of its log."""
    said: list[str] = []
    task = ScheduledTask("vmm-wizard-run-1", node.estate.account("vmm-setup"), "", "PT2H")
    return prepare_node(node, InsideWork({**ALL, **changes}, said.append, task)), said


def states(answer: Mapping[str, JSON]) -> dict[str, str]:
    parts = answer["parts"]
    assert isinstance(parts, list)
    return {str(row["name"]): str(row["state"]) for row in parts if isinstance(row, dict)}


def text_of(answer: Mapping[str, JSON], name: str) -> str:
    parts = answer["parts"]
    assert isinstance(parts, list)
    return next(str(row["text"]) for row in parts if isinstance(row, dict) and row["name"] == name)


def test_everything_is_brought_once_and_found_there_afterwards(node: Node) -> None:
    answer, said = prepared(node)
    assert set(states(answer).values()) == {"done", "present"}
    assert [name for name, state in states(answer).items() if state == "present"] == ["download mark"]
    assert answer["restart"] is True
    assert node.restart_pending()
    assert any("copied 100 %" in line for line in said)
    again, _ = prepared(node)
    assert set(states(again).values()) == {"present"}
    assert again["media_sha256"] == answer["media_sha256"] != ""


def test_it_answers_as_the_script_does(node: Node) -> None:
    answer, _ = prepared(node)
    assert set(answer) == answer_keys(parse(load_script(f"{INSIDE}/prepare-node").text))


def test_what_no_source_is_named_for_is_left_alone(node: Node) -> None:
    answer, _ = prepared(node, MediaSource="", KitSource="", EnvironmentSource="", Packages=[])
    assert states(answer) == {"Failover-Clustering": "done"}
    assert not node.state.media.exists


@pytest.mark.parametrize("source", ["SCVMM_2022.exe", "iso"])
def test_media_come_from_the_program_that_extracts_them_too(node: Node, estate: Estate, source: str) -> None:
    estate.share.put(r"iso\SC2022_SCVMM.EXE", SharedFile(1, "self-extracting", "10.22.1287.0"))
    answer, said = prepared(node, MediaSource=rf"{SHARE}\{source}")
    assert states(answer)["media"] == "done"
    assert (node.state.media.version, node.state.media.path) == ("10.22.1287.0", MEDIA)
    assert any("/VERYSILENT" in line for line in said)


def test_a_download_of_another_hash_is_not_taken(node: Node) -> None:
    answer, _ = prepared(node, MediaSource=rf"{SHARE}\SCVMM_2022.exe", MediaHash="ab" * 32)
    assert states(answer)["media"] == "failed"
    assert "and not abab" in text_of(answer, "media")
    assert not node.state.media.exists


def test_the_share_refuses_an_account_that_may_not_read_it(node: Node, estate: Estate) -> None:
    estate.share.readers = {estate.account("svc-vmm").sid}
    answer, _ = prepared(node)
    assert states(answer)["media"] == "failed"
    assert "denied" in text_of(answer, "media")
    assert states(answer)["Failover-Clustering"] == "done"


def test_a_server_behind_a_firewall_is_no_path(node: Node) -> None:
    node.state.blocked_targets.add("files01.contoso.lab")
    answer, _ = prepared(node)
    assert text_of(answer, "msodbcsql.msi") == "The network path was not found."


def test_windows_pe_needs_the_kit(node: Node) -> None:
    answer, _ = prepared(node, KitSource="")
    assert states(answer)["Windows PE"] == "failed"


@pytest.mark.parametrize(
    ("code", "state", "is_listed"), [(1638, "done", False), (1603, "failed", False), (0, "done", True)]
)
def test_installers_end_well_with_three_codes(
    node: Node, estate: Estate, code: int, state: str, is_listed: bool
) -> None:
    estate.share.put(r"packages\other.exe", SharedFile(1, "other", product="Other", exit_code=code))
    answer, _ = prepared(node, Packages=[rf"{SHARE}\packages\other.exe"])
    assert states(answer)["other.exe"] == state
    assert ("Other" in node.state.products) is is_listed


def test_a_mark_of_a_download_is_taken_away_where_the_signature_is_microsofts(node: Node) -> None:
    node.state.media.exists = node.state.media.blocked = True
    node.state.media.signed = False
    answer, _ = prepared(node)
    assert states(answer)["download mark"] == "failed"
    node.state.media.signed = True
    answer, _ = prepared(node)
    assert states(answer)["download mark"] == "done"
    assert not node.state.media.blocked


def test_a_folder_with_other_things_is_not_touched(node: Node) -> None:
    node.files.write(rf"{MEDIA}\notes.txt", b"mine")
    answer, _ = prepared(node)
    assert "holds other things" in text_of(answer, "media")
    assert node.files.exists(rf"{MEDIA}\notes.txt")
