"""What a check is about, told to somebody who meets it for the first time: `vmm-wizard explain ACC-01`."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from vmm_wizard.checks.registry import Check, all_checks

#: Sections that the sources' tags stand for.
SOURCES = {
    "SVC": "Microsoft, Specifying a Service Account for VMM",
    "PHX": "Microsoft's Phoenix, a setup forked from VMM's: a strong hint, no proof",
    "DKM": "Microsoft, Configuring Distributed Key Management in VMM",
    "HA1": "Microsoft, How to Install a Highly Available VMM Management Server",
    "HASRV": "Microsoft, Set up a highly available VMM management server",
    "INST": "Microsoft, Install VMM",
    "PLAN": "Microsoft, Plan VMM installation",
    "PREP": "Microsoft, Preparing your environment for System Center 2016 - VMM",
    "PRESTAGE": "Microsoft, Prestage cluster computer objects in AD DS",
    "KBSHARE": "Microsoft KB 3004796",
    "PLANHA": "Microsoft, Plan a highly available VMM installation",
    "HASQL": "Microsoft, Set up a highly available SQL Server for VMM",
    "HALIB": "Microsoft, Set up a highly available library for VMM",
    "KBDES": "Microsoft KB 3072393",
    "KBDBO": "Microsoft KB 3087868",
    "KB15": "Microsoft KB 2685676",
    "PORTS": "Microsoft, Identify ports and protocols in VMM",
    "COLL": "Microsoft, VMM collation mappings",
    "HAU": "Microsoft, How to Uninstall a Highly Available VMM Management Server",
    "WSMV": "Microsoft, [MS-WSMV] 2.2.4.42",
    "SEED": "Microsoft, Installing a Highly Available VMM Management Server",
    "REQ*": "Microsoft, System requirements for VMM, by release",
    "CPS": "Microsoft KB 3143326 (Cloud Platform System)",
    "DSC": "The DSC resource xSCVMM",
    "AL": "AutomatedLab's script for VMM",
    "TTB": "A build log of a real two-node highly available VMM 2016",
    "G25": "A field report of VMM 2025",
    "expert": "General knowledge of Windows, not confirmed by a source on VMM",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """A check explained. Each field is one sentence or a few.

    `asks`: what is looked at. `why`: what for. `since`: which releases it matters for. `otherwise`: what setup does
    when it is wrong, and when that shows.
    `mend`: what to do. `whom`: who can. `source`: where the rule comes from.
    """

    id: str
    title: str
    asks: str
    why: str
    since: str
    otherwise: str
    mend: str
    whom: str
    source: str

    def paragraphs(self) -> tuple[tuple[str, str], ...]:
        """(heading, text) in reading order."""
        return (
            ("What is asked", self.asks),
            ("Why", self.why),
            ("Since when it matters", self.since),
            ("What happens otherwise", self.otherwise),
            ("How to mend it", self.mend),
            ("Whom to ask", self.whom),
            ("Source", self.source),
        )


class UnknownCheckError(LookupError):
    """There is no check of that id; the message names near ones."""


@cache
def _texts() -> dict[str, dict[str, str]]:
    text = resources.files("vmm_wizard.checks").joinpath("texts.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def texts() -> frozenset[str]:
    """The ids that have an explanation."""
    return frozenset(_texts())


def explain(check_id: str) -> Explanation:
    """The explanation of a check, by its id in any case. Raises UnknownCheckError for an id that is none."""
    checks = {entry.id: entry for entry in all_checks()}
    entry = checks.get(check_id.strip().upper())
    if entry is None:
        near = difflib.get_close_matches(check_id.strip().upper(), checks, n=3)
        hint = f"; did you mean {' or '.join(near)}?" if near else "; vmm-wizard explain lists all"
        raise UnknownCheckError(f"there is no check {check_id!r}{hint}")
    return _explanation(entry)


def explanations() -> tuple[Explanation, ...]:
    """All explanations, in the order of the checks."""
    return tuple(_explanation(entry) for entry in all_checks())


def _explanation(entry: Check) -> Explanation:
    row = _texts()[entry.id]
    return Explanation(
        entry.id,
        entry.title,
        row["asks"],
        row["why"],
        row["since"],
        row["otherwise"],
        row["mend"],
        row["whom"],
        SOURCES[entry.source],
    )
