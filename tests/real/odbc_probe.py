"""A process that asks the probe's batches through an ODBC driver. Run by tests beside it; see odbc_login.py.

Reads from stdin a JSON object with `host`, `port`, `shown_port` and `database`, and either `string` (a connection
string as it is, FreeTDS) or `driver`, `user` and `password` (Microsoft's driver, by the product's own string). With
`login` it asks for that account's login alone.
"""

import json
import sys
import time
from typing import Any

from vmm_wizard.addresses import Endpoint
from vmm_wizard.facts import sql_queries
from vmm_wizard.facts.questions import SqlQuestion, Trust
from vmm_wizard.facts.sql_client import Client, SqlConnection, SqlPassword, connect_odbc
from vmm_wizard.facts.sql_reading import read_facts
from vmm_wizard.plan.model import Authentication
from vmm_wizard.plan.names import AccountName, SqlTarget
from vmm_wizard.plan.secrets import Secret


def _connect(asked: dict[str, Any], endpoint: Endpoint) -> SqlConnection:
    if "string" not in asked:
        login = SqlPassword(asked["user"], Secret(asked["password"]))
        return connect_odbc(asked["driver"], endpoint, time.monotonic() + 15.0, login)
    import pyodbc

    pyodbc.pooling = False
    return SqlConnection(pyodbc.connect(asked["string"], timeout=15, autocommit=True), "qmark", pyodbc.Error)


def main() -> None:
    """Connect once and print the facts' repr."""
    asked = json.load(sys.stdin)
    endpoint = Endpoint(asked["host"], "127.0.0.1", asked["port"], asked.get("shown_port", 1433))
    question = SqlQuestion(
        asked["host"],
        SqlTarget(asked["host"]),
        False,
        asked["database"],
        AccountName(),
        Authentication.AUTO,
        Trust(),
    )
    connection = _connect(asked, endpoint)
    if asked.get("login"):
        ((row,),) = connection.run(sql_queries.LOGIN, {"login": asked["login"]})
        sys.stdout.write(json.dumps(row))
        return
    facts = read_facts(connection, question, Client("odbc", "driver", "as the test says", "a login"), endpoint)
    connection.close()
    sys.stdout.write(repr(facts))


if __name__ == "__main__":
    main()
