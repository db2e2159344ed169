"""What is said of an answer: what it is for, and an example. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from vmm_wizard.plan.fields import Kind
from vmm_wizard.wizard.order_fields import all_fields
from vmm_wizard.wizard.pages import LABELS

#: What is wanted, as an example.
EXAMPLES: Mapping[str, str] = {
    "prepare.media_source": r"\\files01\sources\VMM",
    "order.target": "vmm02",
    "installing_account": r"CONTOSO\vmm-setup",
    "service_account.name": r"CONTOSO\svc-vmm",
    "dkm.container": "CN=VMMDKM,DC=contoso,DC=lab",
    "database.host": "sql01.contoso.lab",
    "database.name": "VirtualManagerDB",
    "cluster.name": "vmmclu.contoso.lab",
    "cluster.nodes": "vmm01, vmm02",
    "cluster.role_name": "vmm",
    "media.path": r"C:\VMM\Media",
}
#: What holds when the answer stays empty.
WHEN_EMPTY: Mapping[str, str] = {
    "prepare.media_sha256": "the one known of it",
    "prepare.adk_source": "not installed",
    "prepare.winpe_source": "not installed",
    "prepare.packages": "none",
    "order.nodes": "all of the cluster",
    "order.remove_database": "kept",
    "domain": "read from the other names",
    "connection.directory_server": "found by DNS",
    "connection.winrm_port": "the usual one",
    "connection.ca_file": "none",
    "connection.directory_account": "installing account",
    "connection.node_account": "installing account",
    "connection.sql_account": "the one setup uses",
    "database.instance": "default instance",
    "database.port": "1433, or found",
    "database.admin_account": "installing account",
    "cluster.static_addresses": "all networks have DHCP",
    "registration.product_key": "evaluation, 180 days",
}


def example(key: str) -> str:
    """What stands in an empty field: an example of what is wanted, or what holds when it stays empty."""
    return EXAMPLES.get(key) or when_empty(key)


def when_empty(key: str) -> str:
    """What holds when an answer stays empty; empty where nothing does."""
    return WHEN_EMPTY.get(key, "none" if all_fields(key).kind is Kind.ROWS else "")


def help_of(key: str) -> str:
    """What an answer is for, other answers called as on their pages."""
    text = all_fields(key).about
    for other, label in LABELS.items():
        if "." in other:
            text = text.replace(other, f'"{label}"')
    return text
