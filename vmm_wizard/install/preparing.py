"""What a node lacks of what `prepare` brings, and what its script said: values only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vmm_wizard.facts.model import NodeFacts
from vmm_wizard.install.works import ScriptWork
from vmm_wizard.plan.model import Plan, Release
from vmm_wizard.plan.releases import requirements
from vmm_wizard.texts import text

#: The script, and what its step is called.
SCRIPT = "prepare-node"
PREPARE = "prepare"


def expected_digest(plan: Plan) -> str:
    """The SHA-256 that the media must have: the given one; that which Microsoft publishes, for its zip; else empty."""
    given, source = plan.prepare.media_sha256, plan.prepare.media_source
    return given or (requirements(plan.release).download_sha256 if source.casefold().endswith(".zip") else "")


def prepare_work(plan: Plan) -> ScriptWork:
    """The script's order. It may be ended and done again, but it changes the node."""
    return ScriptWork(
        SCRIPT,
        {
            "MediaSource": plan.prepare.media_source,
            "MediaHash": expected_digest(plan),
            "MediaPath": plan.media.path,
            "KitSource": plan.prepare.adk_source,
            "EnvironmentSource": plan.prepare.winpe_source,
            "Packages": list(plan.prepare.packages),
        },
        PREPARE,
        folder_parameter="Folder",
    )


def lacking(plan: Plan, answer: NodeFacts) -> tuple[str, ...]:
    """What the node is seen to lack, and the script brings; in words. Packages cannot be seen from outside."""
    return tuple(_lacking(plan, answer))


def _lacking(plan: Plan, answer: NodeFacts) -> Iterator[str]:
    sources, kit = plan.prepare, answer.adk
    if sources.media_source and not answer.media.exists:
        yield text("engine.preparing.media_in", path=plan.media.path)
    if answer.media.exists and answer.media.blocked:
        yield text("engine.preparing.mark")
    if sources.adk_source and not (kit.root and kit.deployment_tools):
        yield text("engine.preparing.kit")
    if sources.winpe_source and not (kit.root and kit.windows_pe):
        yield text("engine.preparing.winpe")
    if kit.wsim_uncopied and plan.release is not Release.VMM_2016:
        yield text("engine.preparing.wsim")


def unsourced(plan: Plan, answer: NodeFacts) -> tuple[str, ...]:
    """What the node lacks and the plan names no source for, each with the key that would."""
    sources, kit = plan.prepare, answer.adk
    rows = (
        (text("engine.preparing.media"), "media_source", answer.media.exists),
        (text("engine.preparing.kit"), "adk_source", bool(kit.root) and kit.deployment_tools),
        (text("engine.preparing.winpe"), "winpe_source", bool(kit.root) and kit.windows_pe),
    )
    return tuple(
        text("engine.preparing.unsourced", what=what, answer=key)
        for what, key, there in rows
        if not there and not getattr(sources, key)
    )


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the script's work: done, present (before) or failed."""

    name: str
    state: str
    text: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the script gave back. `media_sha256` is that of the local setup.exe, empty where there is none."""

    parts: tuple[Part, ...]
    media_version: str
    media_sha256: str
    restart: bool

    @classmethod
    def read(cls, report: Mapping[str, Any]) -> Prepared:
        """Raises ValueError for what is no report of the script's."""
        try:
            rows = report["parts"] or []
            return cls(
                tuple(Part(str(row["name"]), str(row["state"]), str(row["text"])) for row in rows),
                str(report["media_version"]),
                str(report["media_sha256"]),
                bool(report["restart"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(text("engine.preparing.no_report", script=SCRIPT, error=error)) from None

    def of(self, state: str) -> tuple[Part, ...]:
        """The parts in this state."""
        return tuple(part for part in self.parts if part.state == state)
