"""A process that logs on to SQL Server through ODBC and prints what it sees as JSON. Run by test_lab_tds.py.

Reads from stdin a JSON object with `string` (the connection string), `sql`, `values` and `autocommit`. It is a process
of its own because Microsoft's driver takes its CA file from SSL_CERT_FILE as it is loaded.
"""

import json
import sys

import pyodbc


def main() -> None:
    """Connect once, run one statement, and print `{"rows": [...]}` or `{"error": [SQLSTATE, text]}`."""
    asked = json.load(sys.stdin)
    pyodbc.pooling = False
    try:
        connection = pyodbc.connect(asked["string"], timeout=10, autocommit=asked["autocommit"])
        cursor = connection.cursor()
        cursor.execute(asked["sql"], *asked["values"])
        sets = []
        while True:
            if cursor.description is not None:
                sets.append([list(row) for row in cursor.fetchall()])
            if not cursor.nextset():
                break
        if not asked["autocommit"]:
            connection.commit()
            connection.rollback()
        connection.close()
    except pyodbc.Error as error:
        json.dump({"error": [str(part) for part in error.args]}, sys.stdout)
    else:
        json.dump({"rows": sets}, sys.stdout)


if __name__ == "__main__":
    main()
