"""Changes answers in a TOML document and leaves the rest of it as it is: comments, order, notation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import tomlkit
from tomlkit.items import AoT, Item, Table

from vmm_wizard.plan.fields import BY_KEY, toml_value
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.secret_keys import is_secret_key


def edit(document: tomlkit.TOMLDocument, wanted: Mapping[str, Any]) -> None:
    """Set each answer of `wanted` (by key, in TOML's types) that the document does not say already.

    An answer that is not in the document and is the default stays away. What looks like a secret is removed. Raises
    TypeError or a tomlkit error when something else stands where a table belongs.
    """
    _drop_secrets(document)
    default = Plan()
    for key, value in wanted.items():
        table, _, name = key.rpartition(".")
        holder: Any = document.get(table) if table else document
        known = holder.get(name) if holder is not None else None
        if known is None and value == toml_value(default, BY_KEY[key]):
            continue
        if known is not None and _plain(known) == value and type(_plain(known)) is type(value):
            continue
        if holder is None:
            document[table] = tomlkit.table()
            holder = document[table]
        if not hasattr(holder, "get") or isinstance(holder, AoT):
            raise TypeError(f"{table} is not a table")
        if isinstance(known, AoT) and _is_tables(value):
            _edit_rows(known, value)
            continue
        if known is not None and isinstance(known, AoT) is not _is_tables(value):
            holder.remove(name)
        holder[name] = _item(value)


def _edit_rows(known: AoT, wanted: list[dict[str, str]]) -> None:
    """Make a list of tables say what is wanted, row by row: a row that is right already keeps its comments."""
    for place in reversed(range(len(known))):
        if len(known) > len(wanted) and _plain(known[place]) not in wanted:
            del known[place]
    while len(known) > len(wanted):
        del known[-1]
    for row, texts in zip(known, wanted, strict=False):
        for name in [name for name in row if name not in texts and row[name] != ""]:
            row.remove(name)
        for name, text in texts.items():
            if _plain(row.get(name)) != text:
                row[name] = _item(text)
    for texts in wanted[len(known) :]:
        if not known.as_string().endswith("\n\n"):
            known[-1].add(tomlkit.nl())
        known.append(_row(texts))


def _row(texts: dict[str, str]) -> Table:
    table = tomlkit.table()
    table.update({name: _item(text) for name, text in texts.items()})
    return table


def _drop_secrets(holder: Any) -> None:
    for name in list(holder):
        value = holder[name]
        if is_secret_key(str(name)):
            holder.remove(name)
        elif isinstance(value, dict):
            _drop_secrets(value)
        elif isinstance(value, AoT):
            for table in value:
                _drop_secrets(table)


def _plain(value: Any) -> Any:
    return plain_rows(value.unwrap() if hasattr(value, "unwrap") else value)


def plain_rows(value: Any) -> Any:
    """`value` as answers hold it: a day in a row is its text, and an empty text in a row is as good as none."""
    if isinstance(value, list):
        return [plain_rows(one) for one in value]
    if isinstance(value, dict):
        return {name: plain_rows(one) for name, one in value.items() if one != ""}
    return value.isoformat() if type(value) is date else value


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _item(value: Any) -> Item:
    if _is_tables(value):
        tables = tomlkit.aot()
        for one in value:
            tables.append(_row(one))
        return tables
    if isinstance(value, str) and "\\" in value and "'" not in value and value.isprintable():
        return tomlkit.string(value, literal=True)
    item: Item = tomlkit.item(value)
    return item
