"""With an address book no name is given to the system's resolver, and no socket goes anywhere that is not in it.

Python itself reports each of these calls to an audit hook, whichever library makes it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from tests.estates import ANSWERS, ServedEstate, serving_estate

#: Runs the command line, and writes down every audited call about sockets.
_WATCHED = """
import atexit, json, sys
calls = []
def hook(event, arguments):
    if event.startswith("socket.") and event not in ("socket.__new__", "socket.gethostname"):
        # connect and sendto tell their socket first; lookups tell the name
        wanted = [one for one in arguments if isinstance(one, (str, bytes, tuple))]
        calls.append([event, *(list(one) if isinstance(one, tuple) else str(one) for one in wanted[:1])])
sys.addaudithook(hook)
record = sys.argv.pop(1)
atexit.register(lambda: open(record, "w").write(json.dumps(calls)))
from vmm_wizard.cli import main
main()
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedEstate]:
    with serving_estate(tmp_path_factory.mktemp("estate")) as estate:
        yield estate


def endpoints(book: Path) -> set[tuple[str, int]]:
    """Every address and port of an address book."""
    document = tomllib.loads(book.read_text(encoding="utf-8"))
    rows = [*document["hosts"].values(), document["dns"]]
    found = set()
    for row in rows:
        ports = [value for value in row.values() if isinstance(value, int)] + list(row.get("tcp", {}).values())
        found |= {(row["address"], port) for port in ports}
    return found


def is_address(text: object) -> bool:
    try:
        ip_address(str(text))
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("proxies", [False, True], ids=["plain", "with proxies in the environment"])
def test_a_check_with_its_rehearsal_stays_inside_the_book(served: ServedEstate, tmp_path: Path, proxies: bool) -> None:
    record = tmp_path / "calls.json"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VMM_WIZARD_")}
    if proxies:
        environment |= dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://proxy.invalid:3128")
    ran = subprocess.run(
        [
            *(sys.executable, "-c", _WATCHED, str(record), "check", str(ANSWERS / "contoso-ha.toml")),
            *("--json", "--rehearse"),
            *("--address-book", str(served.folder / "address-book.toml")),
            *("--secrets", str(served.folder / "credentials.toml")),
        ],
        env=environment | {"VMM_WIZARD_STATE": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert json.loads(ran.stdout)["summary"]["fail"] == 0, ran.stderr
    calls = json.loads(record.read_text(encoding="utf-8"))
    allowed = endpoints(served.folder / "address-book.toml")
    connected = {tuple(where[:2]) for event, where in calls if event in ("socket.connect", "socket.sendto")}
    assert len(connected) >= 5
    assert connected <= allowed
    asked = [name for event, name in calls if event.startswith("socket.get")]
    assert [name for name in asked if not is_address(name)] == []
