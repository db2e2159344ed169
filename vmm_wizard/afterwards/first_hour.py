"""Your first hour with VMM: a page for somebody who has never seen it, with the plan's own names filled in."""

from __future__ import annotations

import textwrap
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from vmm_wizard.plan.model import Plan
from vmm_wizard.printable import printable

HEADING = "Your first hour with VMM"


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the hour. `command` is the same in VMM's shell, empty where there is none worth typing; `read_in`
    names the pages of MicrosoftDocs/SystemCenterDocs where its claims were read."""

    title: str
    minutes: int
    why: str
    steps: tuple[str, ...]
    command: str
    read_in: str


@cache
def _document() -> Mapping[str, Any]:
    text = resources.files("vmm_wizard.afterwards").joinpath("first_hour.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def names_of(plan: Plan | None) -> dict[str, str]:
    """What stands for each name in the page: the plan's own, or words in angle brackets where none is known yet."""
    plan = plan or Plan()
    role = plan.cluster.role_name.text
    return {
        "console": f"{plan.role_fqdn or '<role>'}:{plan.ports.console}",
        "role": role or "<role>",
        "cluster": plan.cluster.name.label or "<cluster>",
        "nodes": ", ".join(node.label for node in plan.nodes) or "<nodes>",
        "service_account": str(plan.service_account.name) or "<service account>",
        "installer": str(plan.installing_account) or "<installing account>",
        "dkm": str(plan.dkm.dn) or "<DKM container>",
        "library": plan.library_host or "<file server role>",
    }


def intro() -> str:
    """The sentences before the first section."""
    return str(_document()["intro"])


def sections(plan: Plan | None = None) -> tuple[Section, ...]:
    """The page's sections in order, with the names of `plan`."""
    names = names_of(plan)

    def filled(text: object) -> str:
        said = str(text)
        for name, value in names.items():
            said = said.replace("{" + name + "}", value)
        return printable(said)

    return tuple(
        Section(
            filled(row["title"]),
            int(row["minutes"]),
            filled(row["why"]),
            tuple(filled(step) for step in row["steps"]),
            filled(row.get("command", "")),
            str(row["read_in"]),
        )
        for row in _document()["section"]
    )


def lines_of(rows: tuple[Section, ...], width: int = 80) -> list[str]:
    """The page for a terminal; commands stand on lines by themselves and are never broken."""
    lines = [HEADING, "", *textwrap.wrap(intro(), width)]
    for number, row in enumerate(rows, 1):
        lines += ["", f"{number}. {row.title} ({row.minutes} minutes)", *_indented(row.why, width, "   ")]
        for step in row.steps:
            lines += _indented(step, width, "   - ", "     ")
        if row.command:
            lines += ["   In the VMM command shell:", f"     {row.command}"]
    return lines


def _indented(text: str, width: int, first: str, later: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=later or first,
        break_long_words=False,
        break_on_hyphens=False,
    )


def as_markdown(rows: tuple[Section, ...]) -> str:
    """The page as Markdown, each section with the pages of documentation behind it."""
    lines = [f"# {HEADING}", "", intro(), ""]
    for row in rows:
        lines += [f"## {row.title} ({row.minutes} minutes)", "", row.why, ""]
        lines += [f"{number}. {step}" for number, step in enumerate(row.steps, 1)]
        if row.command:
            lines += ["", "In the VMM command shell:", "", "```powershell", row.command, "```"]
        lines += ["", f"*More in Microsoft's documentation: {row.read_in}*", ""]
    return "\n".join(lines)
