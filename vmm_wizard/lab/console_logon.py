"""Somebody at the console of a simulated node who runs run-setup.ps1: an interactive logon, which has credentials."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from vmm_wizard.lab.processes import ProcessEnd
from vmm_wizard.lab.run_scripts import LOG, ROOT
from vmm_wizard.lab.setup_run import SetupRun
from vmm_wizard.setup.by_hand import JOB, SCRIPT, script_bytes
from vmm_wizard.setup.command import quote

if TYPE_CHECKING:
    from vmm_wizard.lab.node import Node

#: The password of an account, by `NETBIOS\\sam`.
PasswordOf = Callable[[str], str]


class ScriptRefused(Exception):
    """run-setup.ps1 ends before it starts anything. The text is what its window shows."""


def waiting_runs(node: Node) -> tuple[str, ...]:
    """The ids of the runs that were staged on a node for somebody to start, and that nobody has started."""
    found = []
    for path in node.files.inside(ROOT):
        folder, _, name = path.rpartition("\\")
        if name == SCRIPT and not any(node.files.exists(f"{folder}\\{done}") for done in ("begun.json", "result.json")):
            found.append(folder.rpartition("\\")[2])
    return tuple(found)


def sit_down(node: Node, run_id: str, password_of: PasswordOf, window: ProcessEnd | None = None) -> int | None:
    """Log on to `node` and run the staged script of `run_id` to its end; setup's exit code, None when that was killed
    or the `window` was closed before: setup goes on then, and nobody writes down how it ended.

    Raises ScriptRefused, and LogonRefused for a wrong password.
    """
    return _Session(node, rf"{ROOT}\{run_id}", window or ProcessEnd()).run(password_of)


class _Session:
    def __init__(self, node: Node, folder: str, window: ProcessEnd) -> None:
        self._node = node
        self._folder = folder
        self._window = window

    def run(self, password_of: PasswordOf) -> int | None:
        node = self._node
        if self._read(SCRIPT) != script_bytes():
            raise ScriptRefused("the practice estate: this node knows no run-setup.ps1 of this text")
        job = json.loads(self._read(JOB))
        account = node.logons.log_on(job["account"], password_of(job["account"]), "console")
        if not node.is_administrator(account):
            raise ScriptRefused('this PowerShell is not elevated: open it with "Run as administrator"')
        if node.language_mode(account) != "FullLanguage":
            raise ScriptRefused(f"PowerShell runs in {node.language_mode(account)} here")
        if node.computer_name.casefold() != job["computer"].casefold():
            raise ScriptRefused(f"this folder is for {job['computer']}, and this is {node.computer_name}")
        self._require_ready(job)
        secrets = [password_of(name) for name in job["secret_accounts"]]
        self._require_ready(job)
        if node.files.exists(LOG):
            stamp = node.now().strftime("%Y%m%d%H%M%S")
            node.files.move(LOG, LOG.replace(".log", f".{stamp}.log"))
        outcome = {"mode": "setup", "exit_code": None, "begun": self._now(), "ended": "", "error": ""}
        node.files.delete(f"{self._folder}\\result.json")
        self._write("begun.json", {"begun": outcome["begun"]})
        line = " ".join(quote(self._word(word, job, secrets)) for word in job["arguments"])
        # Setup outlives the window that it was started from, and ends with Windows.
        code = SetupRun(node, job["program"], line, account, node.consoles).run()
        if self._window.is_set() or code is None:
            return None
        self._write("result.json", {**outcome, "exit_code": code, "ended": self._now()})
        return code

    def _require_ready(self, job: Mapping[str, Any]) -> None:
        node = self._node
        if not node.has_program(job["program"]):
            raise ScriptRefused(f"{job['program']} is not there: copy the extracted media to this node first")
        digest = hashlib.sha256(self._read(job["answer_file"])).digest()
        if base64.b64encode(digest).decode() != job["answer_file_sha256"]:
            raise ScriptRefused(f"{job['answer_file']} was changed after it was written")
        if node.processes:
            raise ScriptRefused(f"another setup runs already: {node.processes.names[0]}")

    def _word(self, word: str | Mapping[str, Any], job: Mapping[str, Any], secrets: list[str]) -> str:
        if isinstance(word, str):
            return word
        if word["kind"] == "answer_file":
            return f"{self._folder}\\{job['answer_file']}"
        return secrets[int(word["secret"])]

    def _read(self, name: str) -> bytes:
        data = self._node.files.read(f"{self._folder}\\{name}")
        if data is None:
            raise ScriptRefused(f"{self._folder}\\{name} is not there")
        return data

    def _write(self, name: str, value: Mapping[str, Any]) -> None:
        if not self._node.files.has_folder(self._folder):
            raise ScriptRefused(f"Could not find a part of the path '{self._folder}\\{name}.new'.")
        self._node.files.write(f"{self._folder}\\{name}.new", json.dumps(value).encode())
        self._node.files.move(f"{self._folder}\\{name}.new", f"{self._folder}\\{name}")

    def _now(self) -> str:
        return self._node.now().strftime("%Y-%m-%dT%H:%M:%SZ")
