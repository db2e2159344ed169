"""The check of the answer file that setup will read (MED-04)."""

from __future__ import annotations

import base64
import codecs
from collections.abc import Mapping

from vmm_wizard.checks.registry import Verdict, failed, node_check, passed, warned
from vmm_wizard.checks.remedies import in_plan, on_node, powershell
from vmm_wizard.facts.model import Facts
from vmm_wizard.facts.node_parts import part
from vmm_wizard.plan.model import Plan
from vmm_wizard.setup.ini import SERVER_INI, read_private_profile, render_server_ini, server_options


@node_check(
    "MED-04",
    topic="media",
    source="PHX",
    needs=(
        *("installing_account", "service_account.name", "dkm.container", "database.host", "database.name"),
        *("cluster.name", "cluster.role_name", "media.path", "program_files"),
    ),
)
def answer_file(plan: Plan, facts: Facts, node: str) -> Verdict:
    """The file of this plan for this node, read back as Windows reads it, each key. So is one that a run has put on the
    node already: that one only warns, because install writes it anew unless its run is under way."""
    first = plan.nodes[0].key == node
    try:
        options = server_options(plan, first=first)
        data = render_server_ini(plan, first=first)
    except ValueError as error:
        return failed(f"{SERVER_INI} cannot be written: {error}", in_plan("change that answer"))
    wrong = misread(data, options)
    if wrong:
        return failed(f"of {SERVER_INI}, Windows would misread {wrong}", in_plan("change these answers"))
    answer = facts.node(node)
    for file in part(answer, answer.staged, "what runs have left on the node"):
        wrong = misread(_bytes(file.content), options)
        if wrong:
            return warned(
                f"{file.path} is of an earlier run or has been changed since: there Windows reads {wrong}",
                on_node(
                    node,
                    f"Get-Content -LiteralPath {powershell(file.path)} shows it; install stages its own file and "
                    "reads it back, so this one matters only to a run that is still under way",
                ),
            )
    kind = "UTF-16 with its mark" if data.startswith(codecs.BOM_UTF16_LE) else "ASCII"
    return passed(f"{len(options)} keys in {kind}, each read back as written")


def misread(data: bytes, options: Mapping[str, str]) -> str:
    """What Windows reads of an answer file otherwise than `options` mean it, without values; empty when all is well."""
    if data.startswith(codecs.BOM_UTF8):
        return "no key at all: the file begins with a UTF-8 byte order mark"
    profile = read_private_profile(data)
    wrong = [name for name, value in options.items() if profile.get(name) != value]
    # A key of its own counts too: setup has more keys than a plan writes.
    meant = {key.casefold() for key in options}
    wrong += [name for name in profile if name.casefold() not in meant]
    return f"otherwise: {', '.join(wrong)}" if wrong else ""


def _bytes(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except ValueError:
        return b""
