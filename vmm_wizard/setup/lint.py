"""What is wrong with an answer file that setup would swallow silently: unknown keys, wrong values, wrong bytes."""

from __future__ import annotations

import codecs
import difflib
import re
from collections.abc import Iterator, Mapping

from vmm_wizard.plan.model import Ports
from vmm_wizard.plan.names import NETBIOS_MAX
from vmm_wizard.setup.profile import (
    SECTION,
    decode_profile,
    key_and_value,
    logical_lines,
    read_private_profile,
    section_name,
)

_FLAGS = (
    "CreateNewSqlDatabase",
    "RemoteDatabaseImpersonation",
    "CreateNewLibraryShare",
    "SQMOptIn",
    "MUOptIn",
    "VmmServiceLocalAccount",
    "HighlyAvailable",
    "HighlyAvailable2ndNode",
    "Upgrade",
    "RetainSqlDatabase",
    "ForceHAVMMUninstall",
)
_VMM_PORTS = tuple(name for name, _ in Ports().named())
_PORTS = ("SqlServerPort", *_VMM_PORTS)
_PATHS = ("ProgramFiles", "SqlDataFileLocation", "SqlLogFileLocation", "LibrarySharePath")
_LIBRARY = ("CreateNewLibraryShare", "LibraryShareName", "LibrarySharePath", "LibraryShareDescription")
_TEXTS = (
    "ProductKey",
    "UserName",
    "CompanyName",
    "SqlInstanceName",
    "SqlDatabaseName",
    "SqlMachineName",
    "LibraryShareName",
    "LibraryShareDescription",
    "TopContainerName",
    "VmmServerName",
    "VMMStaticIPAddress",
    "SetupUserAccount",
    "IntegratedInstallSource",
    "VmmServerForOpsMgrConfig",
)
#: In setup's key list, yet of no use in the file: setup takes them from the command line (1.2).
_SECRETS = ("VmmServiceUserPassword", "SqlDBAdminPassword")
_KEYS = {name.casefold(): name for name in (*_FLAGS, *_PORTS, *_PATHS, *_TEXTS)}
#: Longest values in characters (PHX).
_NAME_MAX, _PATH_MAX = 255, 160
_PRODUCT_KEY = re.compile(r"[A-Z0-9]{5}(?:-[A-Z0-9]{5}){4}", re.IGNORECASE)


#: All that setup reads of an uninstall's and a console's answer file (2.4, 2.5), by the file's name in lower case.
_OF_FILE = {
    "vmclient.ini": ("ProgramFiles", "IndigoTcpPort", "MUOptIn", "VmmServerForOpsMgrConfig"),
    "vmserveruninstall.ini": ("RemoteDatabaseImpersonation", "RetainSqlDatabase", "ForceHAVMMUninstall"),
}


def lint(data: bytes, file_name: str = "") -> list[str]:
    """Sentences about an answer file with these bytes; empty when setup will read what is written there.

    First what concerns the whole file, then lines, then values by themselves, then values together. With `file_name`
    (as on the media: VMServer.ini, VMClient.ini, VMServerUninstall.ini) also keys that this file has no use for.
    """
    findings = list(_bytes_findings(data))
    lines = logical_lines(decode_profile(data))
    findings += _line_findings(lines)
    options = read_private_profile(data)
    for name, value in options.items():
        findings += _value_findings(name, value)
    findings += _cross_findings(options)
    findings += _file_findings(options, file_name)
    return findings


def _bytes_findings(data: bytes) -> Iterator[str]:
    if data.startswith(codecs.BOM_UTF8):
        yield "the file begins with a UTF-8 byte order mark: Windows does not see the section behind it"
    elif data.startswith(codecs.BOM_UTF16_BE):
        yield "the file is UTF-16 big endian, which Windows does not read: save it as UTF-16 little endian"
    elif not data.startswith(codecs.BOM_UTF16_LE) and b"\0" in data:
        yield "the file holds NUL bytes: UTF-16 needs its byte order mark (FF FE)"
    elif not data.startswith(codecs.BOM_UTF16_LE) and not data.isascii():
        yield "letters outside ASCII depend on the node's code page: save the file as UTF-16 with its mark"


def _line_findings(lines: list[str]) -> Iterator[str]:
    section: str | None = None
    opened: set[str] = set()
    first_line: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        name = section_name(line)
        if name is not None:
            section = name.casefold()
            if section in opened:
                yield f"line {number} opens [{name}] again: Windows reads the first one only"
            opened.add(section)
            continue
        pair = key_and_value(line)
        if line.startswith((";", "#")) or not line:
            continue
        if pair is None:
            yield f"line {number} has no equals sign and is not read"
        elif section != SECTION.casefold():
            yield f"line {number} sets {pair[0]} outside [{SECTION}] and is not read"
        elif pair[0].casefold() in first_line:
            yield f"line {number} sets {pair[0]} again: line {first_line[pair[0].casefold()]} wins"
        else:
            first_line[pair[0].casefold()] = number
    if SECTION.casefold() not in opened:
        yield f"there is no [{SECTION}] section: setup would take its default for every key"


def _value_findings(name: str, value: str) -> Iterator[str]:
    if name.startswith("#"):
        return
    if name.casefold() in {secret.casefold() for secret in _SECRETS}:
        yield f"{name} leaves a password on disk and is not read from here: setup takes it from the command line"
        return
    known = _KEYS.get(name.casefold())
    if known is None:
        yield _unknown_key(name)
        return
    if known in _FLAGS and value not in ("0", "1"):
        yield f"{name} is {value!r}: setup accepts 1 or 0 only"
    if known in _PORTS and not (re.fullmatch(r"\d{1,5}", value) and int(value) < 65536):
        yield f"{name} is {value!r}: a port from 0 to 65535 is expected"
    yield from _text_findings(known, value)


def _unknown_key(name: str) -> str:
    near = difflib.get_close_matches(name.casefold(), list(_KEYS), 1, 0.6)
    hint = f"; did you mean {_KEYS[near[0]]}?" if near else ""
    return f"{name} is not a key that setup knows, so its default is used silently{hint}"


def _text_findings(name: str, value: str) -> Iterator[str]:
    if re.search(r"\s[;#]", value) and name not in ("CompanyName", "UserName", "LibraryShareDescription"):
        yield f"{name} holds what looks like a comment: whatever stands behind a value belongs to it"
    if name in _PATHS:
        if "\\\\" in value:
            yield f"{name} holds doubled backslashes, which setup refuses: backslashes are literal here"
        if len(value) > _PATH_MAX:
            yield f"{name} has {len(value)} characters: setup takes paths of {_PATH_MAX} at most"
    elif len(value) > _NAME_MAX:
        yield f"{name} has {len(value)} characters: setup takes {_NAME_MAX} at most"
    if name == "VmmServerName" and len(value) > NETBIOS_MAX:
        yield f"{name} is {value!r} with {len(value)} characters: a NetBIOS name has {NETBIOS_MAX} at most"
    if name == "SqlMachineName" and value.casefold() in ("localhost", ".", "(local)"):
        yield f"{name} is {value!r}: every node must reach SQL Server by its real name"
    if name == "ProductKey" and not _PRODUCT_KEY.fullmatch(value):
        yield f"{name} is not five groups of five letters or digits: leave the key out for an evaluation"


def _file_findings(options: Mapping[str, str], file_name: str) -> Iterator[str]:
    used = _OF_FILE.get(file_name.casefold())
    if used is None:
        return
    wanted = {name.casefold() for name in used}
    for name in options:
        if name.casefold() in _KEYS and name.casefold() not in wanted:
            yield f"{name} is of no use in {file_name}: setup does not read it there"
    if "RetainSqlDatabase" in used and not options.get("RetainSqlDatabase"):
        yield "RetainSqlDatabase is missing: setup would drop the database, which is its default; write 1 to keep it"


def _cross_findings(options: Mapping[str, str]) -> Iterator[str]:
    if options.get("HighlyAvailable") != "1":
        return
    for name in _LIBRARY:
        if name in options:
            yield f"{name} does not belong on a highly available server: leave it out"
    if options.get("VmmServiceLocalAccount") == "1":
        yield "VmmServiceLocalAccount is '1': a highly available server needs a domain account"
    if options.get("HighlyAvailable2ndNode") == "1" and options.get("CreateNewSqlDatabase") == "1":
        yield "CreateNewSqlDatabase is '1' on an additional node: it must join the database that is there"
    for name in ("VmmServerName", "TopContainerName", "SqlMachineName"):
        if not options.get(name):
            yield f"{name} is missing, which a highly available server needs"
    ports: dict[str, str] = {}
    for name in _VMM_PORTS:
        port = options.get(name, "")
        if port and port in ports:
            yield f"{name} and {ports[port]} are both {port}: the six ports must differ"
        ports.setdefault(port, name)
