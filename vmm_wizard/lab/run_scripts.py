"""What the scripts of a run find and do on a simulated node: stage, start, hand over secrets, status, end, remove."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, Protocol

from vmm_wizard.lab.files import DiskFull, NodeFiles
from vmm_wizard.lab.logons import Logons
from vmm_wizard.lab.processes import Processes
from vmm_wizard.lab.script_parameters import ScriptError
from vmm_wizard.lab.tasks import ScheduledTask, TaskRefused, TaskScheduler
from vmm_wizard.remote.bootstrap import JSON, ScriptRequest

ROOT = r"C:\ProgramData\vmm-wizard"
LOG = r"C:\ProgramData\VMMLogs\SetupWizard.log"
LOG_FOLDER = LOG.rpartition("\\")[0]
SYSTEM, ADMINISTRATORS = "S-1-5-18", "S-1-5-32-544"

_RUN_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_IS_LOG = re.compile(r"[^\\]+\.(log|xml)|SCVMM\.[^\\]*\\report\.txt", re.IGNORECASE)
_FILE_NAME = re.compile(r"[A-Za-z0-9-]+\.[A-Za-z0-9]+")
#: What is deleted before the rest of a run's folder.
_SECRET_FILES = ("secrets.json", "secrets.new", "public-key.json", "VMServer.ini")

Answer = dict[str, JSON]


class RunHost(Protocol):
    """What these scripts touch on a node. `processes`: those of setup that run now."""

    files: NodeFiles
    scheduler: TaskScheduler
    processes: Processes

    @property
    def logons(self) -> Logons:
        """The domain's accounts, to resolve names."""

    def run_wrapper(self, task: ScheduledTask, folder: str) -> int:
        """What the task's program does; returns its exit code."""


def stage_run(host: RunHost, request: ScriptRequest) -> Answer:
    """stage-run.ps1: the folder for three trustees, the files in it, and what reads back."""
    run_id = _run_id(request.parameters)
    rows = _rows(request.parameters["Files"])
    folder = f"{ROOT}\\{run_id}"
    task_exists = host.scheduler.get(_task_name(run_id)) is not None
    if not task_exists:
        login = str(request.parameters["Account"])
        account = host.logons.find(login)
        if account is None:
            raise ScriptError("Some or all identity references could not be translated.")
        if any(not _FILE_NAME.fullmatch(row["name"]) for row in rows):
            raise ScriptError("that is not a file name for a run's folder")
        host.files.make_folder(ROOT, (SYSTEM, ADMINISTRATORS))
        host.files.make_folder(folder, (SYSTEM, ADMINISTRATORS, account.sid))
        for row in rows:
            try:
                host.files.write(f"{folder}\\{row['name']}", base64.b64decode(row["content"]))
            except DiskFull:
                raise DiskFull("WriteAllBytes") from None
    read_back: list[JSON] = []
    for row in rows:
        data = host.files.read(f"{folder}\\{row['name']}")
        if data is None:
            raise ScriptError(f"Could not find file '{folder}\\{row['name']}'.")
        read_back.append(
            {
                "name": row["name"],
                "content": base64.b64encode(data).decode(),
                "sha256": hashlib.sha256(data).hexdigest(),
            }
        )
    return {"folder": folder, "task_exists": task_exists, "files": read_back}


def start_task(host: RunHost, request: ScriptRequest) -> Answer:
    """start-task.ps1: register once with the stored password, start once."""
    run_id = _run_id(request.parameters)
    folder = f"{ROOT}\\{run_id}"
    task = host.scheduler.get(_task_name(run_id))
    answer: Answer = {
        "existed": task is not None,
        "registered": False,
        "started": False,
        "failed_step": "",
        "error_code": "",
        "error": "",
    }
    if task is None:
        login, limit = str(request.parameters["Account"]), str(request.parameters["TimeLimit"])
        arguments = f"-NoProfile -NonInteractive -Command \"... '{folder}\\wrapper.ps1' ...\""
        try:
            password = request.secrets[0].reveal()
            task = host.scheduler.register(_task_name(run_id), login, password, arguments, limit)
        except TaskRefused as refused:
            refusal: Answer = {
                "failed_step": "register",
                "error_code": f"0x{refused.code:08X}",
                "error": str(refused),
            }
            return answer | refusal
    answer["registered"] = True
    if not task.is_active and not task.ever_ran:
        host.scheduler.run(task, lambda running: host.run_wrapper(running, folder))
        answer["started"] = True
    return answer


def put_secrets(host: RunHost, request: ScriptRequest) -> Answer:
    """put-secrets.ps1: the blob, when the wrapper has published its key and no blob waits."""
    folder = f"{ROOT}\\{_run_id(request.parameters)}"
    wanted = host.files.exists(f"{folder}\\public-key.json") and not host.files.exists(f"{folder}\\secrets.json")
    if wanted:
        host.files.write(f"{folder}\\secrets.new", str(request.parameters["Blob"]).encode())
        host.files.move(f"{folder}\\secrets.new", f"{folder}\\secrets.json")
    return {"written": wanted}


def run_status(host: RunHost, request: ScriptRequest) -> Answer:
    """run-status.ps1: the task, the wrapper's files, the next piece of setup's log or of a script's."""
    run_id = _run_id(request.parameters)
    offset, limit = _number(request.parameters["LogOffset"]), _number(request.parameters["LogLimit"])
    folder = f"{ROOT}\\{run_id}"
    task = host.scheduler.get(_task_name(run_id))
    # What lies there before setup has begun is an older run's log.
    log_path = LOG if request.parameters["Log"] == "setup" else f"{folder}\\work.log"
    log = host.files.read(log_path) if host.files.exists(f"{folder}\\begun.json") else None

    def text(name: str) -> str:
        return (host.files.read(f"{folder}\\{name}") or b"").decode()

    return {
        "folder_exists": host.files.has_folder(folder),
        "task_state": task.state if task else "Missing",
        "task_result": f"0x{task.last_result:08X}" if task else "",
        "language_mode": text("language-mode.txt").strip(),
        "public_key": text("public-key.json"),
        "secrets_waiting": host.files.exists(f"{folder}\\secrets.json"),
        "begun": text("begun.json"),
        "result": text("result.json"),
        "report": text("report.json"),
        "watch": text("watch.json"),
        "log_exists": log is not None,
        "log_length": len(log or b""),
        "log_bytes": base64.b64encode((log or b"")[offset : offset + limit]).decode(),
        "setup_processes": list(host.processes.names),
    }


def remove_run(host: RunHost, request: ScriptRequest) -> Answer:
    """remove-run.ps1: everything of a run that does not run, or may be ended."""
    run_id = _run_id(request.parameters)
    folder = f"{ROOT}\\{run_id}"
    task = host.scheduler.get(_task_name(run_id))
    was_running = task is not None and task.is_active
    if not was_running or request.parameters["EndRunning"]:
        if task is not None:
            if was_running:
                host.scheduler.stop(task)
            host.scheduler.delete(task)
        for name in _SECRET_FILES:
            host.files.delete(f"{folder}\\{name}")
        host.files.delete_folder(folder)
        if not host.files.inside(ROOT):
            host.files.delete_folder(ROOT)
    left: list[JSON] = []
    if host.scheduler.get(_task_name(run_id)) is not None:
        left.append(f"scheduled task \\{_task_name(run_id)}")
    if host.files.has_folder(folder):
        left.append(folder)
    return {"was_running": was_running, "left": left, "errors": []}


def end_setup(host: RunHost, request: ScriptRequest) -> Answer:
    """end-setup.ps1: the processes that the wrapper has seen last, by number and name."""
    data = host.files.read(f"{ROOT}\\{_run_id(request.parameters)}\\watch.json")
    seen = [(int(row["id"]), row["name"]) for row in json.loads(data)["processes"]] if data else []
    ended: list[JSON] = []
    for process in host.processes:
        if (process.pid, f"{process.name}.exe") in seen:
            process.terminate()
            ended.append(f"{process.name}.exe ({process.pid})")
    return {"watched": data is not None, "ended": ended, "errors": []}


def collect_logs(host: RunHost, request: ScriptRequest) -> Answer:
    """collect-logs.ps1: the files of VMMLogs that are logs and reports, and a piece of one."""
    name, offset = str(request.parameters["Name"]), _number(request.parameters["Offset"])
    limit = _number(request.parameters["Limit"])
    files: list[JSON] = []
    content = b""
    for path in host.files.inside(LOG_FOLDER):
        shown = path[len(LOG_FOLDER) + 1 :]
        data = host.files.read(path)
        if data is None or not _IS_LOG.fullmatch(shown):
            continue
        files.append({"name": shown, "length": len(data)})
        if name and shown.casefold() == name.casefold():
            content = data[offset : offset + limit]
    return {"files": files, "content": base64.b64encode(content).decode()}


#: By script name: what each does on a node.
RUN_SCRIPTS = {
    "stage-run": stage_run,
    "start-task": start_task,
    "put-secrets": put_secrets,
    "run-status": run_status,
    "end-setup": end_setup,
    "remove-run": remove_run,
    "collect-logs": collect_logs,
}


def _run_id(parameters: Mapping[str, JSON]) -> str:
    run_id = str(parameters["RunId"])
    if not _RUN_ID.fullmatch(run_id):
        raise ScriptError("Cannot validate argument on parameter 'RunId'.")
    return run_id


def _task_name(run_id: str) -> str:
    return f"vmm-wizard-{run_id}"


def _rows(value: JSON) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise ScriptError("Cannot process argument transformation on parameter 'Files'.")
    return [dict(row) for row in value if isinstance(row, Mapping)]


def _number(value: JSON) -> int:
    if not isinstance(value, int):
        raise ScriptError("Cannot convert value to a number.")
    return value
