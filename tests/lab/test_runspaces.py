"""PowerShell remoting of a simulated node, by pypsrp with a connection of its own: another client than ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pypsrp.complex_objects import PSInvocationState
from pypsrp.exceptions import AuthenticationError, WinRMError, WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from tests.node_estate import ADMIN, READER, ServedNodes, served_nodes


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedNodes]:
    with served_nodes(tmp_path) as nodes:
        yield nodes


def connected(served: ServedNodes, account: str = ADMIN, password: str = "") -> WSMan:
    """A connection by NTLM, every message encrypted; it logs on with its first message."""
    port = served.node.services[0].port
    secret = password or served.password(account).reveal()
    return WSMan("127.0.0.1", port=port, ssl=False, auth="ntlm", username=account, password=secret)


def said(pool: RunspacePool, text: str) -> PowerShell:
    shell = PowerShell(pool)
    shell.add_script(text)
    shell.invoke()
    return shell


def test_a_foreign_client_is_greeted(served: ServedNodes) -> None:
    with connected(served) as connection, RunspacePool(connection) as pool:
        shell = said(pool, "whoami")
        assert [str(part).strip() for part in shell.output] == [ADMIN.casefold()]
        assert not shell.had_errors
        assert [str(part).strip() for part in said(pool, "hostname").output] == ["VMM01"]
    assert len(served.http["vmm01.contoso.lab"].shells) == 0


def test_what_the_node_does_not_know_is_an_error_and_not_silence(served: ServedNodes) -> None:
    with connected(served) as connection, RunspacePool(connection) as pool:
        shell = said(pool, "Remove-Item C:\\ -Recurse")
        assert shell.output == []
        assert "not recognized" in " ".join(map(str, shell.streams.error))


def test_a_wrong_password_opens_nothing_and_counts(served: ServedNodes) -> None:
    with connected(served, password="wrong") as connection, pytest.raises(AuthenticationError):
        RunspacePool(connection).open()
    assert served.credential().counted >= 1


@pytest.mark.parametrize(
    ("account", "endpoint", "code"),
    [(READER, "Microsoft.PowerShell", 5), (ADMIN, "Contoso.Restricted", 0x80338000)],
    ids=["an account without rights", "an endpoint that is not registered"],
)
def test_who_may_not_and_what_is_not_there_are_refused_by_windows_own_codes(
    served: ServedNodes, account: str, endpoint: str, code: int
) -> None:
    with connected(served, account) as connection, pytest.raises(WSManFaultError) as refused:
        RunspacePool(connection, configuration_name=endpoint).open()
    assert refused.value.code == code


def test_a_runspace_without_a_language_runs_no_script(served: ServedNodes) -> None:
    served.node.state.language_mode = "NoLanguage"
    with connected(served) as connection, RunspacePool(connection) as pool:
        shell = said(pool, "hostname")
        assert shell.state == PSInvocationState.FAILED
        errors: list[Any] = shell.streams.error
        assert [error.fq_error for error in errors] == ["ScriptsNotAllowed"]


def test_a_restart_of_the_service_ends_its_runspaces(served: ServedNodes) -> None:
    with connected(served) as connection:
        pool = RunspacePool(connection)
        pool.open()
        server = served.http["vmm01.contoso.lab"]
        assert len(server.shells) == 1
        server.cut()
        server.accept()
        assert len(server.shells) == 0
        with pytest.raises(WinRMError):
            said(pool, "hostname")
