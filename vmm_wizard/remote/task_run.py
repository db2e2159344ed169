"""What a run's files and its task say, and what is handed to it: values only, nothing is sent here."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vmm_wizard.plan.secrets import Secret
from vmm_wizard.texts import text

#: Least length of the wrapper's key; its own have 4096 bits.
LEAST_KEY_BITS = 2048
#: Task Scheduler's codes for a task that runs and for one that never ran (HRESULT).
STILL_RUNNING = 0x41301
NEVER_RAN = 0x41303
#: The task was registered although its account has no batch logon right: it cannot start.
BATCH_LOGON_PROBLEM = 0x4131C
#: How Task Scheduler refuses a wrong password (HRESULT of ERROR_LOGON_FAILURE, winerror.h).
WRONG_PASSWORD = 0x8007052E
#: The launcher's own exit code: PowerShell's language is constrained for this account on this node.
LANGUAGE_CONSTRAINED = 77

#: Windows' codes when it refuses to register or to start a task (winerror.h), by the names of what says what they mean.
TASK_ERRORS: Mapping[int, str] = {
    0x80070005: "may_not_register",
    0x80070520: "stores_no_passwords",
    0x8007051F: "no_controller",
    WRONG_PASSWORD: "wrong_password",
    0x8007052F: "restriction",
    0x80070530: "hour",
    0x80070531: "computer",
    0x80070532: "password_expired",
    0x80070533: "disabled",
    0x80070534: "unknown",
    0x80070569: "no_batch_right",
    0x80070701: "expired",
    0x80070773: "password_change",
    0x80070775: "locked",
}


class UnreadableAnswer(Exception):
    """A node answered with something that no script of ours writes. The text is one sentence."""


@dataclass(frozen=True, slots=True)
class RunFile:
    """A file in the run's folder: a plain name and its bytes."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Staged:
    """What stood in the run's folder after staging. `task_exists`: the run began earlier and nothing was written."""

    folder: str
    task_exists: bool
    files: tuple[RunFile, ...]


@dataclass(frozen=True, slots=True)
class TaskStart:
    """What became of the task. When Windows refused, `failed_step` is "connect", "register" or "run", and `error_code`
    its HRESULT."""

    existed: bool
    registered: bool
    started: bool
    failed_step: str = ""
    error_code: int = 0
    error: str = ""

    @property
    def reason(self) -> str:
        """Why Windows refused, in words and with its code; empty when it did not."""
        return error_text(self.error_code, self.error) if self.failed_step else ""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The wrapper's RSA key, to encrypt the passwords to."""

    modulus: int
    exponent: int


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended. `exit_code` None: what it was for did not run, and `error` says why. Times are UTC."""

    mode: str
    exit_code: int | None
    begun: str
    ended: str
    error: str


@dataclass(frozen=True, slots=True)
class WatchedProcess:
    """A process of setup's line: its program, the processor time it has used, and its window's title (empty: none).

    `responds` false: it has not answered its window's messages for some seconds.
    """

    name: str
    id: int
    cpu_seconds: float
    window: str
    responds: bool


@dataclass(frozen=True, slots=True)
class SetupWatch:
    """How setup's processes fared at `time` (UTC): the processor time of them all, those that have ended too, so that
    it never shrinks; and those that ran then."""

    time: datetime
    cpu_seconds: float
    processes: tuple[WatchedProcess, ...]

    @property
    def windows(self) -> tuple[str, ...]:
        """The titles of their windows."""
        return tuple(process.window for process in self.processes if process.window)


@dataclass(frozen=True, slots=True)
class TaskStatus:
    """How a run is doing. `task_state` is Missing, Disabled, Queued, Ready, Running or Unknown.

    `begun`: setup, or the script, was started. `report`: what a rehearsal or a script gave back. `log_bytes` is the
    piece of this run's log from the offset asked for. `watch` is some seconds old; None: setup does not run, or nobody
    could look just now.
    """

    folder_exists: bool
    task_state: str
    task_result: int
    language_mode: str
    public_key: PublicKey | None
    secrets_waiting: bool
    begun: bool
    result: RunResult | None
    report: Mapping[str, Any] | None
    log_exists: bool
    log_length: int
    log_bytes: bytes
    setup_processes: tuple[str, ...]
    watch: SetupWatch | None = None

    @property
    def is_active(self) -> bool:
        """Whether the task runs, or is about to."""
        return self.task_state in ("Running", "Queued")

    @property
    def stopped_because(self) -> str:
        """Why a task that neither runs nor left a result came to nothing; empty while it may still do something."""
        if self.is_active or self.result is not None:
            return ""
        if self.task_state == "Missing":
            return text("reasons.task_run.task_missing")
        if self.task_result == NEVER_RAN:
            return ""
        if self.task_result == LANGUAGE_CONSTRAINED:
            mode = self.language_mode or text("reasons.task_run.constrained")
            return text("reasons.task_run.language_mode", mode=mode)
        return error_text(self.task_result, text("reasons.task_run.no_result"))


@dataclass(frozen=True, slots=True)
class Removal:
    """What is left of a run on the node (tasks and folders by name), and what Windows said while removing."""

    was_running: bool
    left: tuple[str, ...]
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EndedSetup:
    """What was ended of a run's setup: processes as `name (number)`. `watched` false: the wrapper has not seen any yet.
    `errors`: what Windows said of those that could not be ended."""

    watched: bool
    ended: tuple[str, ...]
    errors: tuple[str, ...]


def error_text(code: int, said: str) -> str:
    """A Windows error in words: what it means here, else what Windows said; always with its code."""
    if code in TASK_ERRORS:
        said = text(f"reasons.task_run.errors.{TASK_ERRORS[code]}")
    return text("reasons.task_run.error", said=said or text("reasons.task_run.refused"), code=f"0x{code:08X}")


def encrypt_secrets(secrets: Sequence[Secret], key: PublicKey) -> str:
    """The blob that hands `secrets` to the wrapper: each RSA-OAEP (SHA-256) to its key, in as many chunks as needed.

    Raises UnreadableAnswer for a key that is none, or is not the wrapper's because it is too short.
    """
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        public = RSAPublicNumbers(key.exponent, key.modulus).public_key()
    except ValueError:
        raise UnreadableAnswer(text("reasons.task_run.no_key")) from None
    if public.key_size < LEAST_KEY_BITS:
        raise UnreadableAnswer(text("reasons.task_run.short_key", bits=public.key_size))
    oaep = padding.OAEP(padding.MGF1(SHA256()), SHA256(), None)
    size = public.key_size // 8 - 2 * SHA256.digest_size - 2
    encrypted = []
    for secret in secrets:
        written = secret.reveal().encode()
        parts = [written[start : start + size] for start in range(0, len(written), size)]
        encrypted.append({"chunks": [base64.b64encode(public.encrypt(part, oaep)).decode() for part in parts]})
    return json.dumps({"secrets": encrypted})


# --- reading what scripts answer


def _list(value: object) -> list[Any]:
    """A JSON list; PowerShell writes a list of one as the one, and an empty one sometimes as null."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def read_staged(answer: Mapping[str, Any]) -> Staged:
    """What stage-run.ps1 answers. Raises UnreadableAnswer."""
    try:
        files = tuple(
            RunFile(str(row["name"]), base64.b64decode(row["content"], validate=True)) for row in _list(answer["files"])
        )
        return Staged(str(answer["folder"]), bool(answer["task_exists"]), files)
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableAnswer(text("reasons.task_run.staged_unreadable", error=error)) from None


def read_start(answer: Mapping[str, Any]) -> TaskStart:
    """What start-task.ps1 answers. Raises UnreadableAnswer."""
    try:
        return TaskStart(
            bool(answer["existed"]),
            bool(answer["registered"]),
            bool(answer["started"]),
            str(answer["failed_step"]),
            int(answer["error_code"] or "0", 16),
            str(answer["error"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableAnswer(text("reasons.task_run.start_unreadable", error=error)) from None


def read_removal(answer: Mapping[str, Any]) -> Removal:
    """What remove-run.ps1 answers. Raises UnreadableAnswer."""
    try:
        left, errors = _list(answer["left"]), _list(answer["errors"])
        return Removal(bool(answer["was_running"]), tuple(map(str, left)), tuple(map(str, errors)))
    except (KeyError, TypeError) as error:
        raise UnreadableAnswer(text("reasons.task_run.removal_unreadable", error=error)) from None


def read_ended(answer: Mapping[str, Any]) -> EndedSetup:
    """What end-setup.ps1 answers. Raises UnreadableAnswer."""
    try:
        ended, errors = _list(answer["ended"]), _list(answer["errors"])
        return EndedSetup(bool(answer["watched"]), tuple(map(str, ended)), tuple(map(str, errors)))
    except (KeyError, TypeError) as error:
        raise UnreadableAnswer(text("reasons.task_run.ended_unreadable", error=error)) from None


def read_written(answer: Mapping[str, Any]) -> bool:
    """What put-secrets.ps1 answers: whether the wrapper gets the blob. Raises UnreadableAnswer."""
    if not isinstance(answer.get("written"), bool):
        raise UnreadableAnswer(text("reasons.task_run.written_unreadable"))
    return bool(answer["written"])


def read_status(answer: Mapping[str, Any]) -> TaskStatus:
    """What run-status.ps1 answers, with the wrapper's files in it. Raises UnreadableAnswer."""
    try:
        key = _document(answer["public_key"])
        result = _document(answer["result"])
        watch = _document(answer["watch"])
        return TaskStatus(
            folder_exists=bool(answer["folder_exists"]),
            task_state=str(answer["task_state"]),
            task_result=int(answer["task_result"] or "0", 16),
            language_mode=str(answer["language_mode"]),
            public_key=PublicKey(_number(key["modulus"]), _number(key["exponent"])) if key else None,
            secrets_waiting=bool(answer["secrets_waiting"]),
            begun=bool(answer["begun"]),
            result=_result(result) if result else None,
            report=_document(answer["report"]),
            log_exists=bool(answer["log_exists"]),
            log_length=int(answer["log_length"]),
            log_bytes=base64.b64decode(answer["log_bytes"], validate=True),
            setup_processes=tuple(map(str, _list(answer["setup_processes"]))),
            watch=None if watch is None else _watch(watch),
        )
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise UnreadableAnswer(text("reasons.task_run.status_unreadable", error=error)) from None


def _document(text: str) -> dict[str, Any] | None:
    return json.loads(text) if text else None


def _number(text: str) -> int:
    return int.from_bytes(base64.b64decode(text, validate=True), "big")


def _watch(document: Mapping[str, Any]) -> SetupWatch:
    return SetupWatch(
        datetime.fromisoformat(document["time"]),
        int(document["cpu_milliseconds"]) / 1000,
        tuple(
            WatchedProcess(
                str(row["name"]),
                int(row["id"]),
                int(row["cpu_milliseconds"]) / 1000,
                str(row["window"]),
                bool(row["responds"]),
            )
            for row in _list(document["processes"])
        ),
    )


def _result(document: Mapping[str, Any]) -> RunResult:
    code = document["exit_code"]
    return RunResult(
        str(document["mode"]),
        None if code is None else int(code),
        str(document["begun"]),
        str(document["ended"]),
        str(document["error"]),
    )
