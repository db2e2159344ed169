"""Changes answers in a TOML document and leaves the rest of it as it is: comments, order, notation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tomlkit
from tomlkit.items import AoT, Item

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
        if known is not None and isinstance(known, AoT) is not _is_tables(value):
            holder.remove(name)
        holder[name] = _item(value)


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
    return value.unwrap() if hasattr(value, "unwrap") else value


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _item(value: Any) -> Item:
    if _is_tables(value):
        tables = tomlkit.aot()
        for one in value:
            table = tomlkit.table()
            table.update({name: _item(text) for name, text in one.items()})
            tables.append(table)
        return tables
    if isinstance(value, str) and "\\" in value and "'" not in value and value.isprintable():
        return tomlkit.string(value, literal=True)
    item: Item = tomlkit.item(value)
    return item
