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
    path = powershell(plan.media.path)
    # A folder that this account may not look into seems empty; a drive that is not there is seen by everybody.
    if not (media.exists if media.kind == "missing" else seen_or_unknown(answer, media.exists, _setup(plan))):
        return failed(
            f"there is no {_setup(plan)}",
            on_node(node, f"extract the media: & <the file from the ISO> /VERYSILENT /DIR={path}"),
        )
    release = release_of_setup(media.product_version)
    evidence = f"setup.exe {media.product_version or 'without a version'}"
    if release is None:
        return warned(f"{evidence} is of no release that this wizard knows", in_plan("check that the media is right"))
    if release is not plan.release:
        return warned(
            f"{evidence} is VMM {release}, and the plan says VMM {plan.release}",
            in_plan(f'set release to "{release}", or put the media of VMM {plan.release} on the node'),
        )
    others = _other_hashes(plan, facts, node, media)
    if others:
        return warned(
            f"{evidence} here is not the same file as on {', '.join(others)}",
            on_node(node, f"copy the media again from one place; compare by Get-FileHash {powershell(_setup(plan))}"),
        )
    return passed(f"{evidence}, {requirements(plan.release).title}")


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
        yield failed(
            f"{path} is on a share; setup is reported to hang when it runs from one",
            in_plan("copy the media to a local disk of each node, to the same path, and write that"),
        )
        return
    if not re.match(r"[A-Za-z]:[\\/]", path):
        yield failed(f"{path} is no full path", in_plan(r"write drive and folder, such as C:\VMM"))
        return
    for node in pending_nodes(plan, facts):
        yield or_unknown(lambda node=node: _drive(plan, facts.node(node).media, node), node)  # type: ignore[misc]


def _drive(plan: Plan, media: MediaFacts, node: str) -> Verdict:
    path = plan.media.path
    if media.kind == "network":
        return failed(
            f"{path} is on a mapped network drive; setup is reported to hang there, and a task does not see it",
            on_node(node, "copy the media to a local disk, to the same path on each node, and write that in the plan"),
        )
    if media.kind == "removable":
        return warned(
            f"{path} is on removable media",
            on_node(node, "copy the media to a fixed disk, to the same path on each node"),
        )
    if media.blocked:
        return warned(
            f"{_setup(plan)} is marked as downloaded (Zone.Identifier): Windows may ask, unseen, before it runs",
            on_node(
                node,
                f"if Get-AuthenticodeSignature {powershell(_setup(plan))} is valid and Microsoft's: "
                f"Get-ChildItem -Recurse {powershell(path)} | Unblock-File",
            ),
        )
    if len(path) > LONGEST_PATH:
        return warned(
            f"{path} has {len(path)} characters; setup's parser takes {LONGEST_PATH} for a path",
            in_plan("choose a shorter path"),
        )
    return passed(f"{path} is on a local disk ({media.kind})")
