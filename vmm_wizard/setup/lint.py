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
from vmm_wizard.texts import text

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
        yield text("setup_files.lint.utf8_mark")
    elif data.startswith(codecs.BOM_UTF16_BE):
        yield text("setup_files.lint.big_endian")
    elif not data.startswith(codecs.BOM_UTF16_LE) and b"\0" in data:
        yield text("setup_files.lint.nul_bytes")
    elif not data.startswith(codecs.BOM_UTF16_LE) and not data.isascii():
        yield text("setup_files.lint.not_ascii")


def _line_findings(lines: list[str]) -> Iterator[str]:
    section: str | None = None
    opened: set[str] = set()
    first_line: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        name = section_name(line)
        if name is not None:
            section = name.casefold()
            if section in opened:
                yield text("setup_files.lint.section_again", number=number, section=name)
            opened.add(section)
            continue
        pair = key_and_value(line)
        if line.startswith((";", "#")) or not line:
            continue
        if pair is None:
            yield text("setup_files.lint.no_equals_sign", number=number)
        elif section != SECTION.casefold():
            yield text("setup_files.lint.outside", number=number, key=pair[0], section=SECTION)
        elif pair[0].casefold() in first_line:
            yield text("setup_files.lint.key_again", number=number, key=pair[0], first=first_line[pair[0].casefold()])
        else:
            first_line[pair[0].casefold()] = number
    if SECTION.casefold() not in opened:
        yield text("setup_files.lint.no_section", section=SECTION)


def _value_findings(name: str, value: str) -> Iterator[str]:
    if name.startswith("#"):
        return
    if name.casefold() in {secret.casefold() for secret in _SECRETS}:
        yield text("setup_files.lint.password", name=name)
        return
    known = _KEYS.get(name.casefold())
    if known is None:
        yield _unknown_key(name)
        return
    if known in _FLAGS and value not in ("0", "1"):
        yield text("setup_files.lint.flag", name=name, value=value)
    if known in _PORTS and not (re.fullmatch(r"\d{1,5}", value) and int(value) < 65536):
        yield text("setup_files.lint.port", name=name, value=value)
    yield from _text_findings(known, value)


def _unknown_key(name: str) -> str:
    near = difflib.get_close_matches(name.casefold(), list(_KEYS), 1, 0.6)
    if near:
        return text("setup_files.lint.unknown_key_near", name=name, near=_KEYS[near[0]])
    return text("setup_files.lint.unknown_key", name=name)


def _text_findings(name: str, value: str) -> Iterator[str]:
    if re.search(r"\s[;#]", value) and name not in ("CompanyName", "UserName", "LibraryShareDescription"):
        yield text("setup_files.lint.comment", name=name)
    if name in _PATHS:
        if "\\\\" in value:
            yield text("setup_files.lint.doubled_backslashes", name=name)
        if len(value) > _PATH_MAX:
            yield text("setup_files.lint.path_too_long", name=name, length=len(value), most=_PATH_MAX)
    elif len(value) > _NAME_MAX:
        yield text("setup_files.lint.too_long", name=name, length=len(value), most=_NAME_MAX)
    if name == "VmmServerName" and len(value) > NETBIOS_MAX:
        yield text("setup_files.lint.netbios", name=name, value=value, length=len(value), most=NETBIOS_MAX)
    if name == "SqlMachineName" and value.casefold() in ("localhost", ".", "(local)"):
        yield text("setup_files.lint.sql_local", name=name, value=value)
    if name == "ProductKey" and not _PRODUCT_KEY.fullmatch(value):
        yield text("setup_files.lint.product_key", name=name)


def _file_findings(options: Mapping[str, str], file_name: str) -> Iterator[str]:
    used = _OF_FILE.get(file_name.casefold())
    if used is None:
        return
    wanted = {name.casefold() for name in used}
    for name in options:
        if name.casefold() in _KEYS and name.casefold() not in wanted:
            yield text("setup_files.lint.no_use", name=name, file_name=file_name)
    if "RetainSqlDatabase" in used and not options.get("RetainSqlDatabase"):
        yield text("setup_files.lint.retain_missing")


def _cross_findings(options: Mapping[str, str]) -> Iterator[str]:
    if options.get("HighlyAvailable") != "1":
        return
    for name in _LIBRARY:
        if name in options:
            yield text("setup_files.lint.library", name=name)
    if options.get("VmmServiceLocalAccount") == "1":
        yield text("setup_files.lint.local_account")
    if options.get("HighlyAvailable2ndNode") == "1" and options.get("CreateNewSqlDatabase") == "1":
        yield text("setup_files.lint.new_database")
    for name in ("VmmServerName", "TopContainerName", "SqlMachineName"):
        if not options.get(name):
            yield text("setup_files.lint.missing", name=name)
    ports: dict[str, str] = {}
    for name in _VMM_PORTS:
        port = options.get(name, "")
        if port and port in ports:
            yield text("setup_files.lint.same_port", name=name, other=ports[port], port=port)
        ports.setdefault(port, name)
