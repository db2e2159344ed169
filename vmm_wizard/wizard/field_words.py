"""What is said of an answer: what it is for, and an example. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from vmm_wizard.plan.fields import Kind
from vmm_wizard.texts import has, text
from vmm_wizard.wizard.order_fields import all_fields
from vmm_wizard.wizard.pages import LABELS

#: What is wanted, as an example.
EXAMPLES: Mapping[str, str] = {
    "prepare.media_source": r"\\files01\sources\VMM",
    "order.target": "vmm02",
    "installing_account": r"CONTOSO\vmm-setup",
    "service_account.name": r"CONTOSO\svc-vmm",
    "dkm.container": "CN=VMMDKM,DC=...",
    "database.host": "sql01.contoso.lab",
    "database.name": "VirtualManagerDB",
    "cluster.name": "vmmclu.contoso.lab",
    "cluster.nodes": "vmm01, vmm02",
    "cluster.role_name": "vmm",
    "media.path": r"C:\VMM\Media",
}


def example(key: str) -> str:
    """What stands in an empty field: an example of what is wanted, or what holds when it stays empty."""
    if key in EXAMPLES:
        # Where colours are few an example alone looks like an answer.
        return text("pages.example", example=EXAMPLES[key])
    return when_empty(key)


def when_empty(key: str) -> str:
    """What holds when an answer stays empty; empty where nothing does."""
    if has(f"pages.empty.{key}"):
        return text(f"pages.empty.{key}")
    return text("pages.no_rows") if all_fields(key).kind is Kind.ROWS else ""


def help_of(key: str) -> str:
    """What an answer is for, other answers called as on their pages."""
    said = all_fields(key).about
    for other, label in LABELS.items():
        if "." in other:
            said = said.replace(other, f'"{label}"')
    return said
