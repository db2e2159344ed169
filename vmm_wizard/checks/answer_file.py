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
from vmm_wizard.texts import text


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
        return failed(
            text("evidence.MED-04.not_written", file=SERVER_INI, error=error),
            in_plan(text("evidence.MED-04.change_answer")),
        )
    wrong = misread(data, options)
    if wrong:
        return failed(
            text("evidence.MED-04.misread", file=SERVER_INI, wrong=wrong),
            in_plan(text("evidence.MED-04.change_answers")),
        )
    answer = facts.node(node)
    for file in part(answer, answer.staged, text("evidence.MED-04.leftovers")):
        wrong = misread(_bytes(file.content), options)
        if wrong:
            return warned(
                text("evidence.MED-04.stale", path=file.path, wrong=wrong),
                on_node(
                    node,
                    text("evidence.MED-04.only_under_way", path=powershell(file.path)),
                ),
            )
    kind = text("evidence.MED-04.utf_16") if data.startswith(codecs.BOM_UTF16_LE) else "ASCII"
    return passed(text("evidence.MED-04.read_back", number=len(options), kind=kind))


def misread(data: bytes, options: Mapping[str, str]) -> str:
    """What Windows reads of an answer file otherwise than `options` mean it, without values; empty when all is well."""
    if data.startswith(codecs.BOM_UTF8):
        return text("evidence.MED-04.byte_order_mark")
    profile = read_private_profile(data)
    wrong = [name for name, value in options.items() if profile.get(name) != value]
    # A key of its own counts too: setup has more keys than a plan writes.
    meant = {key.casefold() for key in options}
    wrong += [name for name in profile if name.casefold() not in meant]
    return text("evidence.MED-04.otherwise", keys=", ".join(wrong)) if wrong else ""


def _bytes(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except ValueError:
        return b""
