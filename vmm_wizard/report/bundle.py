"""Everything about one run in one zip, for whoever helps: every text with secrets masked, and a page that says what is
what."""

from __future__ import annotations

import codecs
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vmm_wizard import log
from vmm_wizard.facts.model import Facts, NoAnswer, NodeFacts, SqlFacts
from vmm_wizard.install.journal import Told
from vmm_wizard.texts import text

#: Most bytes of one log of a node, counted from its end, and of all logs of a node.
LOG_MOST, NODE_MOST = 4 * 1024 * 1024, 64 * 1024 * 1024

#: What may hold a secret that this process was never given: setup's switches, keys of answer files, connections.
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"""([/-](?:VmmServiceUserPassword|SqlDBAdminPassword)["']?[\s:=,]+)("[^"]*"|\S+)""",
        r"""((?:\bpwd|password|passwort|kennwort)\w*["']?\s*[=:]\s*)("[^"]*"|[^\s;,<"']+)""",
        r"""(\bProductKey["']?\s*[=:]\s*)("[^"]*"|[^\s;,<"']+)""",
        r"(\b)([A-Z0-9]{5}(?:-[A-Z0-9]{5}){4}\b)",
    )
)


@dataclass(frozen=True, slots=True)
class Part:
    """A file of the bundle: its name in the zip, its bytes as they came, and whether its beginning was cut off."""

    name: str
    content: bytes
    cut: bool = False


def clean(text: str) -> str:
    """`text` without any secret: those known to this process, and what stands where setup and answer files put them."""
    text = log.masked(text)
    for pattern in _PATTERNS:
        text = pattern.sub(_masked, text)
    return text


def _masked(match: re.Match[str]) -> str:
    mask = f'"{log.MASK}"' if match[2].startswith('"') else log.MASK
    return match[1] + mask


def clean_content(part: Part) -> bytes:
    """The bytes of a part as text in UTF-8, without any secret. A line whose beginning was cut off is left out: half a
    secret would not be known for one."""
    text = _decoded(part.content)
    if part.cut:
        text = text.partition("\n")[2]
    if part.name.endswith((".json", ".jsonl")):
        # Text by text: what is masked in one must not swallow where it ends.
        try:
            return _cleaned_json(text, lines=part.name.endswith("l")).encode()
        except (ValueError, RecursionError):
            pass
    return clean(text).encode()


def _cleaned_json(text: str, *, lines: bool) -> str:
    if lines:
        rows = [_clean_value(json.loads(row)) for row in text.split("\n") if row]
        return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    return json.dumps(_clean_value(json.loads(text)), ensure_ascii=False, indent=2)


def _clean_value(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_clean_value(each) for each in value]
    if isinstance(value, dict):
        return {clean(key): _clean_value(each) for key, each in value.items()}
    return value


def _decoded(data: bytes) -> str:
    """Setup's logs are in UTF-8 or in UTF-16, with or without a byte order mark."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    if data[1:200:2].count(0) * 2 > len(data[1:200:2]) > 0:
        return data.decode("utf-16-le", "replace")
    return data.decode("utf-8-sig", "replace")


def bundle(parts: Iterable[Part], gaps: Sequence[str], made: str) -> bytes:
    """The zip. `gaps`: what could not be had, a sentence each; `made`: when it was made, in words."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        names = []
        for part in parts:
            archive.writestr(zipfile.ZipInfo(part.name), clean_content(part), zipfile.ZIP_DEFLATED)
            names.append(text("reports.bundle.cut", name=part.name, size=LOG_MOST >> 20) if part.cut else part.name)
        archive.writestr(zipfile.ZipInfo("README.txt"), clean(_readme(names, gaps, made)).encode())
    return buffer.getvalue()


#: What each file, or those of a folder, are, by the catalogue's key.
_WHAT = (
    ("summary.txt", "summary"),
    ("run.json", "run"),
    ("events.jsonl", "events"),
    ("plan.toml", "plan"),
    ("findings.json", "findings"),
    ("versions.json", "versions"),
    ("log/", "log"),
    ("setup-files/", "files"),
    ("nodes/", "nodes"),
)


def _readme(names: Sequence[str], gaps: Sequence[str], made: str) -> str:
    lines = [text("reports.bundle.title", made=made), ""]
    for name, what in _WHAT:
        if any(row.startswith(name) for row in names):
            lines.append(f"{name:<14} {text(f'reports.bundle.what.{what}')}")
    lines += ["", text("reports.bundle.masked", mask=log.MASK)]
    if gaps:
        lines += ["", text("reports.bundle.gaps"), *(f"- {gap}" for gap in gaps)]
    return "\n".join([*lines, "", text("reports.bundle.files"), *(f"  {name}" for name in names), ""])


def events_part(told: Sequence[Told]) -> Part:
    """The events of a run, one JSON object a line."""
    rows = [json.dumps({"at": row.at.isoformat(), **row.event}, ensure_ascii=False) for row in told]
    return Part("events.jsonl", "".join(f"{row}\n" for row in rows).encode())


def versions_part(here: Mapping[str, str], facts: Facts) -> Part:
    """Versions here, and of the estate as far as it answered."""
    document = {"here": dict(here), "sql_server": _sql(facts), "nodes": dict(_nodes(facts))}
    return Part("versions.json", json.dumps(document, ensure_ascii=False, indent=2).encode())


def _sql(facts: Facts) -> dict[str, str]:
    if not isinstance(facts.sql, SqlFacts):
        return {"unknown": facts.sql.reason if isinstance(facts.sql, NoAnswer) else text("engine.shared.not_asked")}
    found = facts.sql
    version = f"{found.product_version} {found.product_level} {found.update_level}".strip()
    return {"server": found.server, "version": version, "edition": found.edition}


def _nodes(facts: Facts) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, answer in facts.nodes.items():
        if isinstance(answer, NodeFacts):
            yield (
                name,
                {
                    "windows": f"{answer.os_caption} ({answer.os_build}), {answer.installation_type}",
                    "powershell": answer.powershell_version,
                    "vmm": answer.vmm.version if answer.vmm else "",
                },
            )
        else:
            yield name, {"unknown": answer.reason if isinstance(answer, NoAnswer) else text("engine.shared.not_asked")}


def node_log_name(node: str, name: str) -> str:
    """Where a log of a node is in the zip; empty for a name that no log of setup has."""
    parts = name.split("\\")
    good = all(re.fullmatch(r"[\w.()\[\] +,@=-]{1,150}", part) and part.strip(". ") for part in parts)
    return "/".join(("nodes", node, *parts)) if good and len(parts) <= 2 else ""
