"""Every name of Windows that a script uses has a row in `documented/`, read in public documentation; no row is idle."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

import pytest

from tests.powershell import misfits, parse
from tests.powershell_names import Names, read_names
from tests.remote.documented import Row, table
from tests.remote.test_scripts import NAMES, text_of
from vmm_wizard.setup.by_hand import script_bytes

#: Extracted names that are plain texts, and the row of other.toml that holds each kind.
PLAIN = {
    "com": "ProgID",
    "cluster_parameters": "cluster parameter",
    "attributes": "directory attribute",
    "environment": "environment variable",
}


def unknown(names: Names) -> list[str]:
    """What of a script's names has no row."""
    known = table()
    kinds = [
        ("program", names.programs, known.programs),
        ("cmdlet", names.cmdlets, known.cmdlets),
        ("member", names.members, known.types),
        ("registry", names.registry, known.registry),
    ]
    missing = [
        f"{kind} {owner} {name}".strip()
        for kind, pairs, rows in kinds
        for owner, name in pairs
        if not _has(rows, owner, name)
    ]
    for kind, row in PLAIN.items():
        missing += [f"{row} {name}" for name in getattr(names, kind) if name not in known.other[row].names]
    return sorted([*missing, *(f"nobody can tell what this is: {place}" for place in names.untold)])


def _has(rows: Mapping[str, Row], owner: str, name: str) -> bool:
    return owner in rows and (not name or name in rows[owner].names)


#: The script that an admin starts by hand, which no session knows.
BY_HAND = "run-setup"


@cache
def names_of(script: str) -> Names:
    text = script_bytes().decode("ascii").replace("\r\n", "\n") if script == BY_HAND else text_of(script)
    return read_names(parse(text), table())


@pytest.mark.parametrize("script", NAMES)
def test_every_name_that_a_script_uses_was_looked_up(script: str) -> None:
    assert unknown(names_of(script)) == []


def test_every_row_is_used() -> None:
    known = table()
    used = [names_of(script) for script in (*NAMES, BY_HAND)]
    idle = [
        *_idle("program", known.programs, [names.programs for names in used]),
        *_idle("cmdlet", known.cmdlets, [names.cmdlets for names in used]),
        *_idle("registry", known.registry, [names.registry for names in used]),
        *_idle("member", known.types, [names.members for names in used]),
    ]
    for kind, row in PLAIN.items():
        idle += sorted(set(known.other[row].names) - {name for names in used for name in getattr(names, kind)})
    assert idle == []


def _idle(kind: str, rows: Mapping[str, Row], used: Iterable[set[tuple[str, str]]]) -> list[str]:
    pairs = {pair for each in used for pair in each}
    # What is only handed on or walked through has no members of its own in a script: a member must give it.
    seen = [rows[owner].names[name] for owner, name in pairs if owner in rows and name in rows[owner].names]
    given = {kind.removesuffix("[]") for kind in seen}
    wanted = {(owner, name) for owner, row in rows.items() for name in row.names or [""]}
    return [f"{kind} {owner} {name}" for owner, name in sorted(wanted - pairs) if name or owner not in given]


# --- a name that nobody looked up is found


@pytest.mark.parametrize(
    ("line", "missing"),
    [
        ("Get-Cluster -Naem x", "cmdlet Get-Cluster Naem"),
        ("$x = @{\n    ClassNmae = 'Win32_Service'\n}\nGet-CimInstance @x", "cmdlet Get-CimInstance ClassNmae"),
        ("$x = @{}\n$x.Fliter = 'a'\nGet-CimInstance @x", "cmdlet Get-CimInstance Fliter"),
        ("Get-ClusterNodes", "cmdlet Get-ClusterNodes"),
        ("robocopy.exe /mir", "program robocopy.exe"),
        ("& secedit.exe /exprot", "program secedit.exe /exprot"),
        ("Get-CimInstance -ClassName 'Win32_Servcie'", "member root/cimv2:Win32_Servcie"),
        ("Get-CimInstance -Namespace 'root/cimv3' -ClassName 'Win32_Service'", "member root/cimv3:Win32_Service"),
        ("Get-CimInstance -ClassName 'Win32_Service' -Filter \"Nmae = 'x'\"", "member root/cimv2:Win32_Service Nmae"),
        ("Get-CimInstance -ClassName 'Win32_Service' -Property 'Stat'", "member root/cimv2:Win32_Service Stat"),
        ("(Get-CimInstance -ClassName 'Win32_Service').Stat", "member root/cimv2:Win32_Service Stat"),
        # Another class has such a property: it is not enough that the name exists somewhere.
        ("(Get-CimInstance -ClassName 'Win32_Service').FreeSpace", "member root/cimv2:Win32_Service FreeSpace"),
        (
            "foreach ($one in Get-CimInstance -ClassName 'Win32_Service') {\n    $one.Stat\n}",
            "member root/cimv2:Win32_Service Stat",
        ),
        (
            "$all = @(Get-CimInstance -ClassName 'Win32_Service')\n$all | Where-Object { $_.Stat }",
            "member root/cimv2:Win32_Service Stat",
        ),
        (
            "function Get-It([string] $Class) {\n    Get-CimInstance -ClassName $Class\n}\n"
            "(Get-It 'Win32_Service').State\n(Get-It 'Win32_Process').State",
            "member root/cimv2:Win32_Process State",
        ),
        ("(Get-ClusterGroup).OwnerNode.Nmae", "member Microsoft.FailoverClusters.PowerShell.ClusterNode Nmae"),
        ("[System.IO.Fiel]::Exists('x')", "member System.IO.Fiel"),
        ("[System.IO.File]::Exits('x')", "member System.IO.File Exits"),
        ("[System.Net.WebClient]::new()", "member System.Net.WebClient new"),
        ("catch-it ([System.Nothing] $x)", "member System.Nothing"),
        ("$text = 'a'.Trmi()", "member System.String Trmi"),
        ("$list = [System.Collections.Generic.List[string]]::new()\n$list.Put('a')", "List Put"),
        ("$list = [System.Collections.Generic.List[string]]::new()\n$list.ToArray()[0].Trmi()", "System.String Trmi"),
        ("try {\n    $x = 1\n}\ncatch {\n    $_.Exeption\n}", "System.Management.Automation.ErrorRecord Exeption"),
        ("New-Object -ComObject 'Shell.Application'", "ProgID Shell.Application"),
        ("(New-Object -ComObject 'Schedule.Service').GetFolder('\\').GetTask(1)", "member Schedule.TaskFolder GetTask"),
        (
            "function Get-RegistryValue([string] $Key, [string] $Name) {\n}\nGet-RegistryValue 'SOFTWARE\\Lost' 'Word'",
            "registry SOFTWARE\\Lost Word",
        ),
        (
            "function Get-RegistryValue([string] $Key, [string] $Name) {\n}\n"
            "$at = 'SYSTEM\\CurrentControlSet\\Control'\n"
            "Get-RegistryValue \"$at\\Lsa\" 'DisableDomainCerds'",
            "registry SYSTEM\\CurrentControlSet\\Control\\Lsa DisableDomainCerds",
        ),
        ("[Microsoft.Win32.Registry]::LocalMachine.OpenSubKey('SOFTWARE\\Lost')", "registry SOFTWARE\\Lost"),
        ("Get-ClusterParameter -Name 'Adress'", "cluster parameter Adress"),
        ("$env:TMEP", "environment variable TMEP"),
        ("$who.Knows", "nobody can tell what this is: line 1: $who.Knows"),
        ("Get-CimInstance -ClassName $what", "nobody can tell what this is: line 1"),
        ("Get-CimInstance @what", "nobody can tell what this is: line 1"),
    ],
)
def test_a_name_that_nobody_looked_up_would_be_found(line: str, missing: str) -> None:
    root = parse(f"{line}\n")
    assert misfits(root) == []
    assert any(missing in found for found in unknown(read_names(root, table()))), unknown(read_names(root, table()))


# --- the table itself

#: All that no public source confirms: few, and each has its reason in the table.
UNCONFIRMED = {
    "SOFTWARE\\Microsoft\\Windows Kits\\Installed Roots KitsRoot10",
    "SOFTWARE\\WOW6432Node\\Microsoft\\Windows Kits\\Installed Roots KitsRoot10",
    "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion InstallationType",
}


def all_rows() -> dict[str, Row]:
    known = table()
    return {**known.types, **known.cmdlets, **known.programs, **known.registry, **known.other}


def test_what_no_public_source_confirms_is_listed_with_its_reason() -> None:
    reasons = {f"{owner} {name}": why for owner, row in all_rows().items() for name, why in row.unconfirmed.items()}
    assert set(reasons) == UNCONFIRMED
    assert all(len(why) > 30 for why in reasons.values())


def test_every_row_says_where_it_was_read() -> None:
    unsaid = [
        owner for owner, row in all_rows().items() if len(row.read_in) < 15 and set(row.names) != set(row.unconfirmed)
    ]
    assert unsaid == []


def test_native_programs_say_why_nothing_else_will_do() -> None:
    assert all(len(row.because) > 30 for row in table().programs.values())


def test_what_a_member_gives_has_a_row_of_its_own_or_is_a_plain_value() -> None:
    plain = re.compile(r"System\.(String|Int32|Int64|UInt32|UInt64|Boolean|Byte|Object|Void|DateTime|Version)(\[\])?$")
    known = table()
    given = {kind.removesuffix("[]") for row in known.types.values() for kind in row.names.values() if kind}
    loose = {kind for kind in given if kind not in known.types and not plain.match(kind) and "(element)" not in kind}
    assert loose == {"System.IO.DriveType"}
