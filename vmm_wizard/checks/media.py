"""Checks of the setup media on the nodes (MED)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vmm_wizard.checks.registry import Verdict, check, failed, node_check, or_unknown, passed, warned
from vmm_wizard.checks.remedies import in_plan, on_node, powershell
from vmm_wizard.checks.schedule import pending_nodes
from vmm_wizard.facts.model import Facts, MediaFacts, NodeFacts
from vmm_wizard.facts.node_parts import seen_or_unknown
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.releases import release_of_setup, requirements
from vmm_wizard.texts import text

#: Longest path that setup's own parser takes, in characters (PHX).
LONGEST_PATH = 160


def _setup(plan: Plan) -> str:
    return plan.media.path.rstrip("\\") + r"\setup.exe"


@node_check("MED-01", topic="media", source="AL", needs=("media.path",))
def media_present(plan: Plan, facts: Facts, node: str) -> Verdict:
    """setup.exe exists; its version is the planned release's and its hash that of the other nodes, else a warning.

    Version numbers of releases are not confirmed by any source, so they never fail.
    """
    answer = facts.node(node)
    media = answer.media
    # A folder that this account may not look into seems empty; a drive that is not there is seen by everybody.
    if not (media.exists if media.kind == "missing" else seen_or_unknown(answer, media.exists, _setup(plan))):
        extract = f"& <{text('evidence.MED-01.some_file')}> /VERYSILENT /DIR={powershell(plan.media.path)}"
        return failed(
            text("evidence.MED-01.missing", file=_setup(plan)),
            on_node(node, text("evidence.MED-01.mend_missing", command=extract)),
        )
    release = release_of_setup(media.product_version)
    version = media.product_version or text("evidence.MED-01.no_version")
    if release is None:
        return warned(
            text("evidence.MED-01.of_no_release", version=version), in_plan(text("evidence.MED-01.mend_of_no_release"))
        )
    if release is not plan.release:
        both = {"found": release, "planned": plan.release}
        return warned(
            text("evidence.MED-01.of_another_release", version=version, **both),
            in_plan(text("evidence.MED-01.mend_of_another_release", **both)),
        )
    others = _other_hashes(plan, facts, node, media)
    if others:
        compare = f"Get-FileHash {powershell(_setup(plan))}"
        return warned(
            text("evidence.MED-01.unlike", version=version, others=", ".join(others)),
            on_node(node, text("evidence.MED-01.mend_unlike", command=compare)),
        )
    return passed(text("evidence.MED-01.good", version=version, release=requirements(plan.release).title))


def _other_hashes(plan: Plan, facts: Facts, node: str, media: MediaFacts) -> list[str]:
    others = []
    for other in plan.nodes:
        answer = facts.nodes.get(other.key)
        if other.key != node and isinstance(answer, NodeFacts) and answer.media.exists:
            differs = answer.media.sha256.casefold() != media.sha256.casefold()
            others += [other.key] if differs and answer.media.sha256 and media.sha256 else []
    return others


@check(
    "MED-02",
    topic="media",
    source="G25",
    needs=("media.path", "cluster.nodes"),
)
def media_local(plan: Plan, facts: Facts) -> Iterator[Verdict]:
    """Not a share or a mapped drive: setup is reported to hang there. The path's form first, then each node's drive."""
    path = plan.media.path
    if path.startswith(("\\\\", "//")):
        yield failed(text("evidence.MED-02.share", path=path), in_plan(text("evidence.MED-02.mend_share")))
        return
    if not re.match(r"[A-Za-z]:[\\/]", path):
        yield failed(
            text("evidence.MED-02.no_path", path=path), in_plan(text("evidence.MED-02.mend_no_path", example=r"C:\VMM"))
        )
        return
    for node in pending_nodes(plan, facts):
        yield or_unknown(lambda node=node: _drive(plan, facts.node(node).media, node), node)  # type: ignore[misc]


def _drive(plan: Plan, media: MediaFacts, node: str) -> Verdict:
    path = plan.media.path
    if media.kind == "network":
        return failed(text("evidence.MED-02.network", path=path), on_node(node, text("evidence.MED-02.mend_network")))
    if media.kind == "removable":
        return warned(
            text("evidence.MED-02.removable", path=path), on_node(node, text("evidence.MED-02.mend_removable"))
        )
    if media.blocked:
        step = text(
            "evidence.MED-02.mend_blocked",
            check=f"Get-AuthenticodeSignature {powershell(_setup(plan))}",
            command=f"Get-ChildItem -Recurse {powershell(path)} | Unblock-File",
        )
        return warned(text("evidence.MED-02.blocked", file=_setup(plan)), on_node(node, step))
    if len(path) > LONGEST_PATH:
        return warned(
            text("evidence.MED-02.long", path=path, length=len(path), most=LONGEST_PATH),
            in_plan(text("evidence.MED-02.mend_long")),
        )
    return passed(text("evidence.MED-02.good", path=path, kind=media.kind))
