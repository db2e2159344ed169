"""`discover` on the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.estates import ServedEstate, serving_estate
from tests.test_cli import CONTOSO, wizard
from tests.test_nothing_outside_the_book import _WATCHED, endpoints, is_address


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedEstate]:
    with serving_estate(tmp_path_factory.mktemp("estate")) as estate:
        yield estate


def test_what_was_found_is_told_with_its_fitness_and_what_free_means(served: ServedEstate) -> None:
    done = wizard("discover", CONTOSO, served=served)
    assert done.returncode == 0, done.stderr
    assert "+ dc01.contoso.lab" in done.stdout
    assert "+ sql02.contoso.lab\\VMM  version 15.0.4430.1" in done.stdout
    assert "X sql03.contoso.lab\\SQLEXPRESS" in done.stdout
    told = " ".join(done.stdout.split())
    assert "+ vmmclu nodes vmm01.contoso.lab Up, vmm02.contoso.lab Up, vmm03.contoso.lab Up (as" in told
    assert "free 10.10.0.41" in done.stdout
    assert "no proof: ask the network team" in told
    assert r"+ CONTOSO\svc-vmm user VMM service" in told
    assert "+ CN=VMMDKM,DC=contoso,DC=lab named like one . " in told
    assert ". OU=Service Accounts,DC=contoso,DC=lab" in told
    assert r"+ C:\VMM\Media setup.exe 10.22.1287.0 on vmm01" in told
    assert done.stderr == ""


def test_as_one_json_document(served: ServedEstate) -> None:
    done = wizard("discover", CONTOSO, "--json", served=served)
    document = json.loads(done.stdout)
    assert document["controllers"] == ["dc01.contoso.lab"]
    assert document["reasons"] == {}
    assert {row["fit"] for row in document["instances"]} == {"fits", "does not fit"}
    assert r"CONTOSO\svc-vmm" in [row["name"] for row in document["accounts"]]
    assert document["containers"]["likely"][0]["dn"] == "CN=VMMDKM,DC=contoso,DC=lab"
    assert document["media"][0]["host"] == "vmm01.contoso.lab"
    assert document["clusters"]["clusters"][0]["networks"][0]["free"][0] == "10.10.0.41"


def test_accounts_by_letters_and_a_level_of_the_tree_are_asked_alone(served: ServedEstate) -> None:
    unit = "OU=Service Accounts,DC=contoso,DC=lab"
    done = wizard("discover", CONTOSO, "--accounts", "disab", "--below", unit, served=served)
    assert done.returncode == 0, done.stderr
    assert "Accounts that 'disab' means\n  X CONTOSO\\" in done.stdout
    assert "user, disabled" in done.stdout
    assert f"Containers right below {unit}\n  - there is none" in done.stdout
    assert "SQL" not in done.stdout
    done = wizard("discover", CONTOSO, "--below", "DC=contoso,DC=lab", "--json", served=served)
    document = json.loads(done.stdout)
    assert unit in [row["dn"] for row in document["containers"]]
    assert "accounts" not in document
    done = wizard("discover", CONTOSO, "--below", "OU=No,DC=contoso,DC=lab", served=served)
    assert (done.returncode, "  ? " in done.stdout) == (3, True)


def test_without_an_account_the_rest_is_unknown(served: ServedEstate) -> None:
    done = wizard("discover", "--domain", "contoso.lab", "--json", served=served)
    assert done.returncode == 3
    document = json.loads(done.stdout)
    assert document["controllers"] == ["dc01.contoso.lab"]
    assert document["instances"] is None
    assert "no account is known" in document["reasons"]["instances"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "no domain is known: give --domain"),
        (("--domain", "con toso"), "con toso"),
        (("--domain", "contoso.lab", "--account", "nobody"), "nobody"),
        (("--domain", "contoso.lab", "--below", "Users"), "Users"),
        (("no-such-file.toml",), "no-such-file.toml"),
    ],
)
def test_bad_usage_is_exit_2(served: ServedEstate, arguments: tuple[str, ...], says: str) -> None:
    done = wizard("discover", *arguments, served=served)
    assert done.returncode == 2
    assert says in done.stderr


def test_looking_stays_inside_the_book(served: ServedEstate, tmp_path: Path) -> None:
    record = tmp_path / "calls.json"
    ran = subprocess.run(
        [
            *(sys.executable, "-c", _WATCHED, str(record), "discover", str(CONTOSO), "--json"),
            *("--address-book", str(served.folder / "address-book.toml")),
            *("--secrets", str(served.folder / "credentials.toml")),
        ],
        env={**os.environ, "VMM_WIZARD_STATE": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    calls = json.loads(record.read_text(encoding="utf-8"))
    went = {tuple(where[:2]) for event, where in calls if event in ("socket.connect", "socket.sendto")}
    assert len(went) >= 4
    assert went <= endpoints(served.folder / "address-book.toml")
    asked = [name for event, name in calls if event.startswith("socket.get")]
    assert [name for name in asked if not is_address(name)] == []
