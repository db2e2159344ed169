"""Every answer by its key: how a text becomes its value, how a value becomes text, what is allowed, what it is for.

One table for answer files, for the wizard's forms and for the schema, so that all three accept and say the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from ipaddress import ip_address
from typing import Any

from vmm_wizard.plan.model import (
    AccountKind,
    Address,
    Authentication,
    Plan,
    Release,
    WinrmTransport,
)
from vmm_wizard.plan.names import AccountName, DistinguishedName, HostName, NetbiosName, SqlTarget
from vmm_wizard.plan.rows import (
    ACCEPTED,
    ASKED,
    EXCEPTIONS,
    Rows,
    fingerprint,
    one_line,
    parse_row_line,
    row_line,
)
from vmm_wizard.texts import text

_PRODUCT_KEY = re.compile(r"[A-Z0-9]{5}(?:-[A-Z0-9]{5}){4}")
_SOURCE = re.compile(r"\\\\[^\\/\s]+\\[^\\/]|[A-Za-z]:\\")
_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})


class Kind(StrEnum):
    """How an answer is written in a file: a text, true or false, a number, a list of texts, or a list of tables."""

    TEXT = "text"
    FLAG = "flag"
    NUMBER = "number"
    TEXTS = "texts"
    ROWS = "rows"


@dataclass(frozen=True, slots=True)
class Field:
    """One answer. `path` leads to it in a `Plan`; `parse` reads a text (of a list: an element) or raises ValueError."""

    key: str
    path: tuple[str, ...]
    parse: Callable[[str], Any]
    kind: Kind = Kind.TEXT
    choices: tuple[str, ...] = ()
    rows: Rows | None = None
    #: What parts the elements of a list in a form: host names have no blanks, paths may.
    separators: str = r"[,;\s]+"

    @property
    def table(self) -> str:
        """The table of the file that it stands in; empty for the top level."""
        return self.key.rpartition(".")[0]

    @property
    def name(self) -> str:
        """Its key within its table."""
        return self.key.rpartition(".")[2]

    @property
    def allowed(self) -> str:
        """What may be written, as the end of a sentence that begins with `expected`."""
        return text(f"answers.{self.key}.expected")

    @property
    def about(self) -> str:
        """What the answer is for, in a sentence or two for somebody who sees it first."""
        return text(f"answers.{self.key}.what")


def _path(written: str) -> str:
    written = one_line(written)
    if "\\\\" in written[1:]:
        raise ValueError(text("parsing.fields.doubled_backslashes", path=written))
    return written


def _source(written: str) -> str:
    written = _path(written)
    if written and (not _SOURCE.match(written) or any(character in written for character in '"<>|?*')):
        raise ValueError(text("parsing.fields.no_source", path=written))
    return written if written.endswith(":\\") else written.rstrip("\\")


def _package(written: str) -> str:
    written = _source(written)
    if written and not written.casefold().endswith((".msi", ".exe")):
        raise ValueError(text("parsing.fields.no_installer", path=written))
    return written


def _digest(text: str) -> str:
    return fingerprint(text) if text.strip() else ""


def _product_key(written: str) -> str:
    written = one_line(written).upper()
    if written and not _PRODUCT_KEY.fullmatch(written):
        raise ValueError(text("parsing.fields.product_key"))
    return written


def choice(kind: type[StrEnum]) -> Callable[[str], StrEnum]:
    """What reads one of a few words, and raises ValueError that lists them for any other."""

    def parse(written: str) -> StrEnum:
        try:
            return kind(one_line(written).casefold())
        except ValueError:
            raise ValueError(text("parsing.fields.no_choice", read=written, choices=", ".join(kind))) from None

    return parse


def _sql_host(written: str) -> str:
    target = SqlTarget.parse(written)
    if target.instance or target.port or "\\" in written:
        raise ValueError(text("parsing.fields.sql_host", name=written))
    return target.host


def _sql_instance(written: str) -> str:
    written = one_line(written)
    if "," in written:
        raise ValueError(text("parsing.fields.sql_port", name=written))
    return SqlTarget.parse(f"host\\{written}").instance if written else ""


def _address(written: str) -> Address:
    try:
        if "%" in written:
            raise ValueError
        return ip_address(one_line(written))
    except ValueError:
        raise ValueError(text("parsing.fields.no_address", read=written)) from None


def _flag(written: str) -> bool:
    word = written.strip().casefold()
    if word not in _TRUE | _FALSE:
        raise ValueError(text("parsing.fields.no_flag", read=written))
    return word in _TRUE


def _port(written: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", written.strip()) or not 0 < int(written) < 65536:
        raise ValueError(text("parsing.fields.no_port", read=written))
    return int(written)


def _port_or_none(text: str) -> int:
    return 0 if text.strip() in ("", "0") else _port(text)


def _enum(key: str, path: tuple[str, ...], kind: type[StrEnum]) -> Field:
    return Field(key, path, choice(kind), choices=tuple(kind))


def _vmm_port(name: str) -> Field:
    return Field(f"ports.{name}", ("ports", name), _port, Kind.NUMBER)


def _rows(key: str, path: tuple[str, ...], rows: Rows) -> Field:
    return Field(key, path, lambda line: parse_row_line(rows, line), Kind.ROWS, rows=rows)


#: Every answer in the order of the file.
FIELDS: tuple[Field, ...] = (
    _enum("release", ("release",), Release),
    Field("domain", ("domain",), HostName.parse),
    Field("installing_account", ("installing_account",), AccountName.parse),
    Field("program_files", ("program_files",), _path),
    Field("registration.product_key", ("registration", "product_key"), _product_key),
    Field("registration.user_name", ("registration", "user_name"), one_line),
    Field("registration.company_name", ("registration", "company_name"), one_line),
    Field("registration.telemetry", ("registration", "telemetry"), _flag, Kind.FLAG),
    Field("registration.microsoft_update", ("registration", "microsoft_update"), _flag, Kind.FLAG),
    Field("registration.eula_accepted", ("registration", "eula_accepted"), _flag, Kind.FLAG),
    Field("connection.directory_server", ("connection", "directory_server"), HostName.parse),
    _enum("connection.authentication", ("connection", "authentication"), Authentication),
    Field("connection.directory_account", ("connection", "directory_account"), AccountName.parse),
    Field("connection.node_account", ("connection", "node_account"), AccountName.parse),
    Field("connection.sql_account", ("connection", "sql_account"), AccountName.parse_with_logins),
    _enum("connection.winrm", ("connection", "winrm"), WinrmTransport),
    Field("connection.winrm_port", ("connection", "winrm_port"), _port_or_none, Kind.NUMBER),
    Field("connection.ca_file", ("connection", "ca_file"), one_line),
    _rows("connection.certificate_exceptions", ("connection", "certificate_exceptions"), EXCEPTIONS),
    Field("service_account.name", ("service_account", "name"), AccountName.parse),
    _enum("service_account.kind", ("service_account", "kind"), AccountKind),
    Field("dkm.container", ("dkm", "dn"), DistinguishedName.parse),
    Field("database.host", ("database", "target", "host"), _sql_host),
    Field("database.instance", ("database", "target", "instance"), _sql_instance),
    Field("database.port", ("database", "target", "port"), _port_or_none, Kind.NUMBER),
    Field("database.listener", ("database", "is_listener"), _flag, Kind.FLAG),
    Field("database.name", ("database", "name"), one_line),
    Field("database.create_new", ("database", "create_new"), _flag, Kind.FLAG),
    Field("database.admin_account", ("database", "admin_account"), AccountName.parse),
    Field("cluster.name", ("cluster", "name"), HostName.parse),
    Field("cluster.role_name", ("cluster", "role_name"), NetbiosName.parse),
    Field("cluster.static_addresses", ("cluster", "static_addresses"), _address, Kind.TEXTS),
    Field("cluster.nodes", ("cluster", "nodes"), HostName.parse, Kind.TEXTS),
    _vmm_port("console"),
    _vmm_port("winpe_https"),
    _vmm_port("wds"),
    _vmm_port("winpe_http"),
    _vmm_port("winrm"),
    _vmm_port("bits"),
    Field("media.path", ("media", "path"), _path),
    Field("prepare.media_source", ("prepare", "media_source"), _source),
    Field("prepare.media_sha256", ("prepare", "media_sha256"), _digest),
    Field("prepare.adk_source", ("prepare", "adk_source"), _source),
    Field("prepare.winpe_source", ("prepare", "winpe_source"), _source),
    Field("prepare.packages", ("prepare", "packages"), _package, Kind.TEXTS, separators=r"\s*[;\n]\s*"),
    Field("library.file_server", ("library", "file_server"), HostName.parse),
    _rows("accepted", ("accepted",), ACCEPTED),
    _rows("asked", ("asked",), ASKED),
)
BY_KEY: Mapping[str, Field] = {field.key: field for field in FIELDS}
#: What the answers say of findings, not of the installation: no page of the wizard asks for it.
MARKS = frozenset({"accepted", "asked"})
#: What `prepare` is told; the wizard's pages do not ask for it yet.
PREPARATION = frozenset(field.key for field in FIELDS if field.table == "prepare")
TABLES: tuple[str, ...] = tuple(dict.fromkeys(field.table for field in FIELDS if field.table))


def field_value(plan: Plan, key: str) -> Any:
    """The value of the answer `key` in `plan`; raises KeyError for an unknown key."""
    value: Any = plan
    for attribute in BY_KEY[key].path:
        value = getattr(value, attribute)
    return value


def set_field(plan: Plan, key: str, value: Any) -> Plan:
    """`plan` with the answer `key` set to `value` (of the type that `parse_field` gives); KeyError for unknown keys."""
    changed: Plan = _replaced(plan, BY_KEY[key].path, value)
    return changed


def _replaced(whole: Any, path: tuple[str, ...], value: Any) -> Any:
    if not path:
        return value
    return replace(whole, **{path[0]: _replaced(getattr(whole, path[0]), path[1:], value)})


def parse_field(key: str, text: str) -> Any:
    """The value of the answer `key` as a person types it in a form; lists are separated by commas, blanks or lines.

    Rows stand one a line (certificate exceptions as host, fingerprint, reason). Raises ValueError with one sentence,
    KeyError for an unknown key.
    """
    field = BY_KEY[key]
    if field.kind is Kind.TEXTS:
        return without_repetition(field, [part for part in re.split(field.separators, text) if part.strip()])
    if field.kind is Kind.ROWS:
        return tuple(field.parse(line) for line in text.splitlines() if line.strip())
    return field.parse(text)


def without_repetition(field: Field, texts: list[str]) -> tuple[Any, ...]:
    """The values of a list; raises ValueError with one sentence for a bad element or one that stands twice."""
    values: list[Any] = []
    seen: set[str] = set()
    for element in texts:
        value = field.parse(element)
        if not str(value):
            raise ValueError(text("parsing.fields.empty_element"))
        if str(value).casefold() in seen:
            raise ValueError(text("parsing.fields.twice", element=str(value)))
        seen.add(str(value).casefold())
        values.append(value)
    return tuple(values)


def field_text(plan: Plan, key: str) -> str:
    """The answer `key` of `plan` as `parse_field` reads it back; empty for one not given."""
    value = field_value(plan, key)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value) if value else ""
    if BY_KEY[key].kind is Kind.TEXTS:
        return (", " if "," in BY_KEY[key].separators else "; ").join(map(str, value))
    rows = BY_KEY[key].rows
    if rows:
        return "\n".join(row_line(rows, one) for one in value)
    return str(value)


def toml_value(plan: Plan, field: Field, texts: Mapping[str, str] | None = None) -> Any:
    """What a file says for an answer: its text as typed where it is no value (yet), else the value in TOML's types."""
    if texts and field.key in texts:
        return texts[field.key]
    value = field_value(plan, field.key)
    if field.kind is Kind.TEXTS:
        return [str(element) for element in value]
    if field.rows:
        return [field.rows.texts(one) for one in value]
    return value if field.kind in (Kind.FLAG, Kind.NUMBER) else str(value)
