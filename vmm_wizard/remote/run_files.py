"""The files that are written into a run's folder on a node before it starts: the wrapper, and its order."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from vmm_wizard.remote.bootstrap import INSIDE, JSON, Script, load_script
from vmm_wizard.remote.task_run import RunFile

#: How long the wrapper waits for the passwords, in seconds, before it gives up.
SECRET_WAIT_SECONDS = 900


def wrapper_file() -> RunFile:
    """The PowerShell that runs inside the task."""
    return _script_file("wrapper.ps1", load_script("wrapper"))


def _script_file(name: str, script: Script) -> RunFile:
    return RunFile(name, script.text.replace("\n", "\r\n").encode("ascii"))


def _job_file(mode: str, secret_count: int, more: Mapping[str, Any]) -> RunFile:
    job = {"mode": mode, "secret_count": secret_count, "secret_wait_seconds": SECRET_WAIT_SECONDS, **more}
    return RunFile("job.json", json.dumps(job).encode("ascii"))


def rehearsal_job(*, domain: str, dkm_container: str, sql_host: str, sql_instance: str, sql_port: int) -> RunFile:
    """The order to rehearse. `domain` is a DNS name; an empty instance is the default one, port 0 none given."""
    return _job_file(
        "rehearsal",
        1,
        {
            "domain": domain,
            "dkm_container": dkm_container,
            "sql_host": sql_host,
            "sql_instance": sql_instance,
            "sql_port": sql_port,
        },
    )


def setup_job(program: str, arguments: Sequence[str | Mapping[str, int]]) -> RunFile:
    """The order to run setup. `program` is setup.exe's path on the node; `arguments` are texts, not quoted, and
    `{"secret": index}` where the wrapper puts in the secret of that index (as `SetupCommand.argument_template`)."""
    indices = [argument["secret"] for argument in arguments if not isinstance(argument, str)]
    return _job_file("setup", max(indices, default=-1) + 1, {"program": program, "arguments": list(arguments)})


def script_job(name: str, parameters: Mapping[str, JSON]) -> tuple[RunFile, RunFile]:
    """The order to run the script `scripts/inside/<name>.ps1` in the task, and the script: job.json and its file.

    `parameters` are all that the script declares but Log, which the wrapper gives it; nothing secret is in them, for
    they lie on the node as plain text. Raises FileNotFoundError when there is no such script.
    """
    return job_of(Script(name, load_script(f"{INSIDE}/{name}").text), parameters)


def job_of(script: Script, parameters: Mapping[str, JSON]) -> tuple[RunFile, RunFile]:
    """As `script_job`, for a script of any text. Its name is letters, digits and hyphens."""
    file = _script_file(f"{script.name}.ps1", script)
    return _job_file("script", 0, {"script": file.name, "parameters": dict(parameters)}), file
