"""The answers that something can be found for in the estate. Data: a page asks before anything is looked for."""

from __future__ import annotations

SERVICE = "service_account.name"
INSTALLER = "installing_account"
#: The answers that name an account.
ACCOUNT_KEYS = frozenset(
    {
        INSTALLER,
        SERVICE,
        "connection.directory_account",
        "connection.node_account",
        "connection.sql_account",
        "database.admin_account",
    }
)
#: The answer that the tree of containers is for.
CONTAINER = "dkm.container"
#: All answers that something can be found for.
KEYS = ACCOUNT_KEYS | {
    "domain",
    "connection.directory_server",
    CONTAINER,
    "database.host",
    "cluster.name",
    "cluster.nodes",
    "cluster.static_addresses",
    "media.path",
    "order.target",
}
