"""How a script of ours travels to a node and its answer back: the fixed command line, stdin, and the marked JSON.

Nothing here touches the network; the practice estate uses the same functions from the other side.
"""

from __future__ import annotations

import base64
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from vmm_wizard.plan.secrets import Secret
from vmm_wizard.texts import text

#: Any value that JSON can hold.
JSON = None | bool | int | float | str | Sequence["JSON"] | Mapping[str, "JSON"]

BEGIN = "<<<vmm-wizard answer"
END = "vmm-wizard answer>>>"
PROGRAM = "powershell.exe"

#: Most bytes of stdin in one Send: base64 and envelope stay far below 150 KB, the smallest limit in the field.
CHUNK = 65_536

_LANGUAGE_MODE = re.compile(r'\{\s*"languageMode"\s*:\s*"(\w+)"\s*\}')


@dataclass(frozen=True, slots=True)
class Script:
    """A PowerShell script: its name in messages and its text. Values go to it as parameters, never into the text."""

    name: str
    text: str = field(repr=False)


#: The folder of the scripts that run inside a task and not in a session: `load_script("inside/<name>")`.
INSIDE = "inside"


@cache
def load_script(name: str) -> Script:
    """The script `scripts/<name>.ps1` of this package, or the parts `scripts/<name>/*.ps1` in order of their names.

    Raises FileNotFoundError when there is neither.
    """
    folder = resources.files("vmm_wizard.remote") / "scripts"
    parts = [folder / f"{name}.ps1"]
    if name and name != INSIDE and (folder / name).is_dir():
        parts = sorted((folder / name).iterdir(), key=lambda part: part.name)
    return Script(name, "\n".join(part.read_text(encoding="utf-8") for part in parts))


def _without_comments(text: str) -> str:
    """The script without comment lines and indentation, so that the command line stays short."""
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("#"))


@cache
def source() -> str:
    """The fixed text of the bootstrap."""
    return _without_comments(load_script("bootstrap").text)


@cache
def runspace_text() -> str:
    """The fixed text that runs the bootstrap in a runspace of PowerShell remoting."""
    return _without_comments(load_script("runspace-bootstrap").text)


@cache
def arguments() -> tuple[str, ...]:
    """The fixed arguments of powershell.exe that start the bootstrap. Nothing of any run is in them."""
    encoded = base64.b64encode(source().encode("utf-16-le")).decode()
    return ("-NoLogo", "-NoProfile", "-NonInteractive", "-EncodedCommand", encoded)


@dataclass(frozen=True, slots=True)
class Output:
    """What a bootstrap wrote to a node's two streams, and its exit code."""

    stdout: bytes = field(repr=False)
    stderr: bytes = field(repr=False)
    exit_code: int


@dataclass(frozen=True, slots=True)
class ScriptRequest:
    """What arrives on a node's stdin: the script, its parameters, and the secret lines it may read."""

    name: str
    text: str = field(repr=False)
    parameters: Mapping[str, JSON] = field(default_factory=dict)
    secrets: tuple[Secret, ...] = ()


def write_request(script: Script, parameters: Mapping[str, JSON]) -> str:
    """The first line of stdin, without its end: ASCII JSON."""
    return json.dumps({"name": script.name, "text": script.text, "parameters": dict(parameters)})


def write_secrets(secrets: Sequence[Secret]) -> str:
    """The lines after it, one a secret: base64 of its UTF-8."""
    return "".join(f"{base64.b64encode(secret.reveal().encode()).decode()}\n" for secret in secrets)


def write_stdin(script: Script, parameters: Mapping[str, JSON], secrets: Sequence[Secret]) -> bytes:
    """All that the bootstrap reads: the request, then the secrets."""
    return f"{write_request(script, parameters)}\n{write_secrets(secrets)}".encode("ascii")


def read_stdin(data: bytes) -> ScriptRequest:
    """The other way round. Raises ValueError when it is not what `write_stdin` writes."""
    first, *rest = data.decode("ascii").splitlines()
    request = json.loads(first)
    secrets = tuple(Secret(base64.b64decode(line, validate=True).decode()) for line in rest)
    return ScriptRequest(request["name"], request["text"], request["parameters"], secrets)


def chunks(data: bytes, size: int = CHUNK) -> list[bytes]:
    """`data` in pieces of at most `size` bytes; one empty piece for no data."""
    return [data[at : at + size] for at in range(0, len(data), size)] or [b""]


def write_answer(answer: Mapping[str, JSON]) -> bytes:
    """An answer as the bootstrap writes it: `{"result": ...}` or `{"error": {"message", "type", "line"}}`."""
    text = json.dumps(answer, separators=(",", ":"))
    return f"\r\n{BEGIN}\r\n{text}\r\n{END}\r\n".encode("ascii")


def decode_output(data: bytes) -> str:
    """Text of a stream, whatever the node's encoding: UTF-8, or UTF-16 with or without its mark."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if data.count(0) * 3 > len(data):
        return data.decode("utf-16-le", "replace")
    return data.decode("utf-8-sig", "replace")


def read_answer(stdout: bytes) -> dict[str, object] | None:
    """The last marked answer in a script's output, or None when there is none. Raises ValueError for broken JSON."""
    texts = (decode_output(stdout), stdout.decode("utf-8", "replace"), stdout.decode("utf-16-le", "replace"))
    for candidate in texts:
        lines = [line.strip() for line in candidate.splitlines()]
        for end in (number for number in reversed(range(len(lines))) if lines[number] == END):
            begins = [number for number in range(end) if lines[number] == BEGIN]
            if begins:
                return parse_result("".join(lines[begins[-1] + 1 : end]))
    return None


def parse_result(written: str) -> dict[str, object]:
    """A JSON object. Raises ValueError for anything else."""
    try:
        result = json.loads(written)
    except RecursionError:
        raise ValueError(text("reasons.bootstrap.nested")) from None
    if not isinstance(result, dict):
        raise ValueError(text("reasons.bootstrap.no_object"))
    return result


#: Most characters of what was said in place of an answer that are shown, and of one word: longer ones are no words.
_HEAD = 120
_WORD = 40


def head_of(written: str) -> str:
    """The beginning of what a node said in place of an answer, for a message: words, on one line, and nothing of an
    answer of ours that is not whole, which may hold whole files."""
    before, marker, _ = written.partition(BEGIN)
    words: list[str] = []
    for word in before.split():
        if len(word) > _WORD or len(" ".join((*words, word))) > _HEAD:
            words.append("...")
            break
        words.append(word)
    said = " ".join(words)
    if marker:
        return text("reasons.bootstrap.not_whole_after", said=said) if said else text("reasons.bootstrap.not_whole")
    return said or text("reasons.bootstrap.nothing")


def read_language_mode(stdout: bytes) -> str | None:
    """The language mode that the bootstrap refused to run in, or None."""
    found = _LANGUAGE_MODE.search(decode_output(stdout))
    return found[1] if found else None


def error_text(stderr: bytes) -> str:
    """What a person would read on stderr: the errors of CLIXML without its progress records, else the text itself."""
    text = decode_output(stderr).strip()
    if "#< CLIXML" not in text:
        return text
    before, *documents = text.split("#< CLIXML")
    said = [before.strip()]
    for document in documents:
        # Two records may share one header, and text of a native program may follow.
        said.extend(_clixml_errors(part) for part in re.findall(r"<Objs\b.*?</Objs>", document, re.DOTALL))
        said.append(re.sub(r"<Objs\b.*?</Objs>", "", document, flags=re.DOTALL).strip())
    return "\n".join(line for line in said if line)


def _clixml_errors(document: str) -> str:
    try:
        root = ET.fromstring(document)  # noqa: S314 - a document type is not part of what the caller's pattern finds
    except ET.ParseError:
        return ""
    parts = [node.text or "" for node in root.iter() if node.tag.endswith("}S") and node.get("S") == "Error"]
    text = re.sub(r"_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), "".join(parts))
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())
