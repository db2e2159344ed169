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
from vmm_wizard.texts import text


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
    written = resources.files("vmm_wizard.afterwards").joinpath("first_hour.toml").read_text(encoding="utf-8")
    return tomllib.loads(written)


def names_of(plan: Plan | None) -> dict[str, str]:
    """What stands for each name in the page: the plan's own, or words in angle brackets where none is known yet."""
    plan = plan or Plan()
    role = plan.cluster.role_name.text
    return {
        "console": f"{plan.role_fqdn or text('afterwards.first_hour.names.role')}:{plan.ports.console}",
        "role": role or text("afterwards.first_hour.names.role"),
        "cluster": plan.cluster.name.label or text("afterwards.first_hour.names.cluster"),
        "nodes": ", ".join(node.label for node in plan.nodes) or text("afterwards.first_hour.names.nodes"),
        "service_account": str(plan.service_account.name) or text("afterwards.first_hour.names.service_account"),
        "installer": str(plan.installing_account) or text("afterwards.first_hour.names.installer"),
        "dkm": str(plan.dkm.dn) or text("afterwards.first_hour.names.dkm"),
        "library": plan.library_host or text("afterwards.first_hour.names.library"),
    }


def intro() -> str:
    """The sentences before the first section."""
    return text("first_hour.intro")


def sections(plan: Plan | None = None) -> tuple[Section, ...]:
    """The page's sections in order, with the names of `plan`."""
    names = names_of(plan)

    def said(row: Mapping[str, Any], part: str) -> str:
        return printable(text(f"first_hour.{row['id']}.{part}", **names))

    return tuple(
        Section(
            said(row, "title"),
            int(row["minutes"]),
            said(row, "why"),
            tuple(said(row, f"step_{number}") for number in range(1, row["steps"] + 1)),
            printable(_filled(row.get("command", ""), names)),
            str(row["read_in"]),
        )
        for row in _document()["section"]
    )


def _filled(command: str, names: Mapping[str, str]) -> str:
    """A command with the admin's own names; its other braces are PowerShell's."""
    for name, value in names.items():
        command = command.replace("{" + name + "}", value)
    return command


def lines_of(rows: tuple[Section, ...], width: int = 80) -> list[str]:
    """The page for a terminal; commands stand on lines by themselves and are never broken."""
    lines = [text("afterwards.first_hour.heading"), "", *textwrap.wrap(intro(), width)]
    for number, row in enumerate(rows, 1):
        lines += ["", f"{number}. {_title(row)}", *_indented(row.why, width, "   ")]
        for step in row.steps:
            lines += _indented(step, width, "   - ", "     ")
        if row.command:
            lines += [f"   {text('afterwards.first_hour.shell')}", f"     {row.command}"]
    return lines


def _title(row: Section) -> str:
    return text("afterwards.first_hour.title", title=row.title, minutes=row.minutes)


def _indented(line: str, width: int, first: str, later: str = "") -> list[str]:
    return textwrap.wrap(
        line,
        width,
        initial_indent=first,
        subsequent_indent=later or first,
        break_long_words=False,
        break_on_hyphens=False,
    )


def as_markdown(rows: tuple[Section, ...]) -> str:
    """The page as Markdown, each section with the pages of documentation behind it."""
    lines = [f"# {text('afterwards.first_hour.heading')}", "", intro(), ""]
    for row in rows:
        lines += [f"## {_title(row)}", "", row.why, ""]
        lines += [f"{number}. {step}" for number, step in enumerate(row.steps, 1)]
        if row.command:
            lines += ["", text("afterwards.first_hour.shell"), "", "```powershell", row.command, "```"]
        lines += ["", text("afterwards.first_hour.more", pages=row.read_in), ""]
    return "\n".join(lines)
