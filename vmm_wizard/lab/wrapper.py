"""What wrapper.ps1 does in the scheduled task of a simulated node: a real key, a real blob, then rehearsal, setup or
a script that was staged beside it."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from vmm_wizard.lab.clock import Clock
from vmm_wizard.lab.files import DiskFull, NodeFiles
from vmm_wizard.lab.logons import Credential
from vmm_wizard.lab.moments import Moment
from vmm_wizard.lab.processes import Processes
from vmm_wizard.lab.run_scripts import LOG
from vmm_wizard.lab.script_parameters import ScriptError, bind
from vmm_wizard.lab.setup_watch import SetupWatch
from vmm_wizard.lab.tasks import ScheduledTask
from vmm_wizard.remote.bootstrap import JSON
from vmm_wizard.setup.command import quote

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

#: Exit codes of the launcher and of a wrapper that finds its work done already.
CONSTRAINED, DONE_BEFORE = 77, 78
#: How often the wrapper looks for the blob, in real seconds: it waits for a client, who lives in real time.
_LOOK = 0.02

_SECRET_FILES = ("secrets.json", "public-key.json")
#: The HRESULT of an error that PowerShell itself throws.
_SYSTEM_ERROR = "0x80131501"


@dataclass(frozen=True)
class InsideWork:
    """A script that runs inside a task: its parameters, its way to write a line of work.log, and its task, whose
    account it runs as."""

    parameters: Mapping[str, JSON]
    say: Callable[[str], None]
    task: ScheduledTask


class WrapperHost(Protocol):
    """What the wrapper needs of its node."""

    files: NodeFiles
    processes: Processes
    key_bits: int

    @property
    def clock(self) -> Clock:
        """The estate's time."""

    def now(self) -> datetime:
        """The node's date, UTC."""

    def language_mode(self, account: Credential) -> str:
        """The mode that PowerShell runs in for an account, such as FullLanguage."""

    def has_program(self, path: str) -> bool:
        """Whether there is a program at this path."""

    def rehearse(self, job: Mapping[str, Any], account: Credential) -> dict[str, Any]:
        """What the account sees from inside the task."""

    def run_setup(self, program: str, line: str, task: ScheduledTask) -> int | None:
        """Run setup.exe with a command line until it ends; its exit code, or None when the task was ended."""

    def reached(self, moment: Moment) -> None:
        """A moment of this node's is there: what waits for it is in force afterwards."""

    def inside_text(self, name: str) -> str:
        """The text of the script of this name that the estate can answer for inside a task; empty: none."""

    def run_inside(self, name: str, work: InsideWork) -> dict[str, JSON]:
        """What that script gives back. Raises ScriptError where it ends in an error."""


class WrapperFailed(Exception):
    """The wrapper cannot go on. The text goes into result.json."""


class _Stopped(Exception):
    """The task was ended."""


def run_wrapper(host: WrapperHost, task: ScheduledTask, folder: str) -> int:
    """The task's program: everything from the launcher's command to result.json. The exit code of powershell.exe."""
    mode = host.language_mode(task.account)
    if mode != "FullLanguage":
        host.files.write(f"{folder}\\language-mode.txt", f"{mode}\r\n".encode())
        return CONSTRAINED
    if any(host.files.exists(f"{folder}\\{name}") for name in ("begun.json", "result.json")):
        return DONE_BEFORE
    try:
        return _Wrapper(host, task, folder).run()
    except _Stopped:
        return 1


def new_key(bits: int) -> RSAPrivateKey:
    """The pair of keys of one run."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


class _Wrapper:
    def __init__(self, host: WrapperHost, task: ScheduledTask, folder: str) -> None:
        self._host = host
        self._task = task
        self._folder = folder
        self._outcome: dict[str, Any] = {
            "mode": "",
            "exit_code": None,
            "begun": self._now(),
            "ended": "",
            "error": "",
        }

    def run(self) -> int:
        code = 1
        try:
            self._work()
            code = 0
        except WrapperFailed as failure:
            self._outcome["error"] = str(failure)
        except DiskFull as full:
            self._outcome["error"] = f"{full} (0x{full.hresult:08X})"
        # A process that was ended (_Stopped) takes nothing away.
        for name in _SECRET_FILES:
            self._host.files.delete(self._path(name))
        self._outcome["ended"] = self._now()
        try:
            self._write("result.json", self._outcome)
        except DiskFull:
            return 1
        return code

    def _work(self) -> None:
        data = self._host.files.read(self._path("job.json"))
        if data is None or not self._host.files.exists(self._path("wrapper.ps1")):
            raise WrapperFailed(f"Could not find file '{self._path('job.json')}'. (0x80070002)")
        job = json.loads(data)
        self._outcome["mode"] = job["mode"]
        secrets = self._receive(job["secret_count"]) if job["secret_count"] else []
        if len(secrets) != job["secret_count"]:
            raise WrapperFailed(f"{len(secrets)} passwords arrived, {job['secret_count']} are needed")
        if job["mode"] == "rehearsal":
            digests = [base64.b64encode(hashlib.sha256(secret.encode()).digest()).decode() for secret in secrets]
            report = self._host.rehearse(job, self._task.account)
            self._write("report.json", {"secret_digests": digests, **report})
            self._outcome["exit_code"] = 0
        elif job["mode"] == "setup":
            self._outcome["exit_code"] = self._run_setup(job, secrets)
        elif job["mode"] == "script":
            self._run_script(job["script"], job["parameters"])
            self._outcome["exit_code"] = 0
        else:
            raise WrapperFailed(f"job.json asks for '{job['mode']}', which this wrapper does not know")

    def _receive(self, count: int) -> list[str]:
        """Publish a key, wait for the blob that was encrypted to it, and take it away before it is read."""
        from cryptography.exceptions import InvalidKey
        from cryptography.hazmat.primitives.asymmetric import padding
        from cryptography.hazmat.primitives.hashes import SHA256

        key = new_key(self._host.key_bits)
        numbers = key.public_key().public_numbers()
        self._write("public-key.json", {"modulus": _octets(numbers.n), "exponent": _octets(numbers.e)})
        blob = self._wait_for("secrets.json")
        for name in _SECRET_FILES:
            self._host.files.delete(self._path(name))
        oaep = padding.OAEP(padding.MGF1(SHA256()), SHA256(), None)
        try:
            return [
                b"".join(key.decrypt(base64.b64decode(chunk), oaep) for chunk in row["chunks"]).decode()
                for row in json.loads(blob)["secrets"][: count + 1]
            ]
        except (ValueError, KeyError, TypeError, InvalidKey) as error:
            raise WrapperFailed(f"the passwords cannot be decrypted ({type(error).__name__})") from None

    def _wait_for(self, name: str) -> bytes:
        while True:
            data = self._host.files.read(self._path(name))
            if data is not None:
                return data
            self._require_running()
            time.sleep(_LOOK)

    def _run_setup(self, job: Mapping[str, Any], secrets: list[str]) -> int:
        if self._host.processes:
            raise WrapperFailed(f"another setup runs already: {self._host.processes.names[0]}")
        if self._host.files.exists(LOG):
            stamp = self._host.now().strftime("%Y%m%d%H%M%S")
            self._host.files.move(LOG, LOG.replace(".log", f".{stamp}.log"))
        words = [word if isinstance(word, str) else secrets[word["secret"]] for word in job["arguments"]]
        self._write("begun.json", {"begun": self._now()})
        if not self._host.has_program(job["program"]):
            raise WrapperFailed("The system cannot find the file specified (0x80004005)")
        begun, since = self._host.now(), self._host.clock.seconds()

        def watched_at() -> str:
            # The time that processor time is counted in: the estate's, however fast that goes.
            return _time(begun + timedelta(seconds=self._host.clock.seconds() - since))

        with SetupWatch(self._host, self._path("watch.json"), watched_at, self._task.stop):
            code = self._host.run_setup(job["program"], " ".join(map(quote, words)), self._task)
        if code is None:
            raise _Stopped
        return code

    def _run_script(self, file: str, parameters: Mapping[str, JSON]) -> None:
        staged = self._host.files.read(self._path(file))
        if staged is None:
            raise WrapperFailed(f"Could not find file '{self._path(file)}'. (0x80070002)")
        name = file.removesuffix(".ps1")
        text = self._host.inside_text(name)
        if not text or staged.decode("ascii").replace("\r\n", "\n") != text:
            raise WrapperFailed(f"the practice estate: this node knows no script {name!r} of this text")
        self._write("begun.json", {"begun": self._now()})
        self._host.files.write(self._path("work.log"), b"")
        try:
            bind(text, {*parameters, "Log"})
            self._host.reached(Moment("script", name, of_run=True))
            self._require_running()
            answer = self._host.run_inside(name, InsideWork(parameters, self._say, self._task))
            self._host.reached(Moment("after script", name, of_run=True))
        except ScriptError as error:
            said = f"{error} ({_SYSTEM_ERROR})"
            self._say(f"line 1: {said}")
            raise WrapperFailed(said) from None
        self._write("report.json", answer)

    def _say(self, line: str) -> None:
        self._require_running()
        self._host.files.append(self._path("work.log"), f"{line}\r\n".encode())

    def _require_running(self) -> None:
        if self._task.stop.is_set():
            raise _Stopped

    def _path(self, name: str) -> str:
        return f"{self._folder}\\{name}"

    def _write(self, name: str, value: Mapping[str, Any]) -> None:
        # An ended task writes nothing more: its folder may be gone, and must not come back.
        self._require_running()
        self._host.files.write(self._path(f"{name}.new"), json.dumps(value).encode())
        self._host.files.move(self._path(f"{name}.new"), self._path(name))

    def _now(self) -> str:
        return _time(self._host.now())


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _octets(number: int) -> str:
    return base64.b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).decode()
