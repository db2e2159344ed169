"""A process that asks the probe's batches through Microsoft's ODBC driver. Run by test_lab_tds.py; see odbc_login.py.

Reads from stdin a JSON object with `driver`, `host`, `port`, `user`, `password` and `database`.
"""

import json
import sys
import time

from vmm_wizard.addresses import Endpoint
from vmm_wizard.facts.questions import SqlQuestion, Trust
from vmm_wizard.facts.sql_client import Client, SqlPassword, connect_odbc
from vmm_wizard.facts.sql_reading import read_facts
from vmm_wizard.plan.model import Authentication
from vmm_wizard.plan.names import AccountName, SqlTarget
from vmm_wizard.plan.secrets import Secret


def main() -> None:
    """Connect once and print the facts' repr."""
    asked = json.load(sys.stdin)
    endpoint = Endpoint(asked["host"], "127.0.0.1", asked["port"], 1433)
    login = SqlPassword(asked["user"], Secret(asked["password"]))
    question = SqlQuestion(
        asked["host"],
        SqlTarget(asked["host"]),
        False,
        asked["database"],
        AccountName(),
        Authentication.AUTO,
        Trust(),
    )
    connection = connect_odbc(asked["driver"], endpoint, time.monotonic() + 15.0, login)
    facts = read_facts(connection, question, Client("odbc", "driver", "", "SQL login"), endpoint)
    connection.close()
    sys.stdout.write(repr(facts))


if __name__ == "__main__":
    main()
