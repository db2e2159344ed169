"""What `prepare --by-hand` prints: PowerShell that parses, for each node; places to fill in where nothing is named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from tests.plan.plans import contoso, plans
from tests.powershell import misfits, parse
from vmm_wizard.install.by_hand import prepare_by_hand
from vmm_wizard.plan.model import Plan, Preparation

NODE = "vmm01.contoso.lab"
SHARE = r"\\files01.contoso.lab\sources"
FULL = Preparation(
    rf"{SHARE}\VMM 2022",
    "ab" * 32,
    rf"{SHARE}\ADK",
    rf"{SHARE}\WinPE",
    (rf"{SHARE}\VC_redist.x64.exe", rf"{SHARE}\msodbcsql.msi"),
)


def lines(preparation: Preparation, *nodes: str) -> tuple[str, ...]:
    return prepare_by_hand(contoso(prepare=preparation), nodes or (NODE,))


def test_everything_named_is_copied_to_the_node_and_run_there_in_order() -> None:
    text = "\n".join(lines(FULL))
    order = [
        r"robocopy $media '\\vmm01.contoso.lab\C$\VMM\Media' /e",
        r"robocopy $adk '\\vmm01.contoso.lab\C$\vmm-prepare\ADK' /e",
        r"robocopy $winpe '\\vmm01.contoso.lab\C$\vmm-prepare\WinPE' /e",
        "Install-WindowsFeature",
        "Unblock-File",
        "OptionId.DeploymentTools",
        "OptionId.WindowsPreinstallationEnvironment",
        r"Copy-Item",
        "VC_redist.x64.exe",
        "IACCEPTMSODBCSQLLICENSETERMS=YES",
        "Restart-Computer",
    ]
    text = text[text.index("# --- ") :]
    assert [text.index(part) for part in order] == sorted(text.index(part) for part in order)


def test_each_node_has_its_own_part() -> None:
    text = "\n".join(lines(FULL, NODE, "vmm02.contoso.lab"))
    assert text.count("Install-WindowsFeature") == 2
    assert r"\\vmm02.contoso.lab\C$\VMM\Media" in text


def test_without_sources_there_are_places_to_fill_in() -> None:
    text = "\n".join(lines(Preparation()))
    assert text.count("'<") == 3
    assert r"robocopy $media '\\vmm01.contoso.lab\C$\VMM\Media'" in text


@pytest.mark.parametrize(("name", "said"), [("SCVMM_2022.exe", "/VERYSILENT"), ("VMM2022.zip", "Expand-Archive")])
def test_a_download_is_copied_alone_and_extracted_on_the_node(name: str, said: str) -> None:
    text = "\n".join(lines(replace(FULL, media_source=rf"{SHARE}\{name}", media_sha256="")))
    assert "(Split-Path -Leaf $media)" in text
    assert said in text
    # Microsoft tells the hash of the zip, not of the program in it.
    assert ("da06f77e74f5d21a" in text) is name.endswith(".zip")


@given(plans)
def test_whatever_is_named_the_lines_are_powershell(plan: Plan) -> None:
    text = "\n".join(prepare_by_hand(plan, tuple(node.key for node in plan.nodes)))
    assert misfits(parse(f"{text}\n")) == []
