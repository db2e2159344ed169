"""What VMM says of itself by its own cmdlets: the parameters of `inside/vmm-report.ps1`, and what its answer means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from vmm_wizard.facts.reading import read
from vmm_wizard.plan.model import Plan

if TYPE_CHECKING:
    from vmm_wizard.remote.bootstrap import JSON

#: The script in remote/scripts/inside.
SCRIPT = "vmm-report"


@dataclass(frozen=True, slots=True)
class VmmJob:
    """A job of VMM. `status` as VMM names it, `progress` as VMM shows it, `target` what it works on, `started` in UTC.

    `restartable` None: VMM does not tell.
    """

    id: str
    name: str
    owner: str
    status: str
    progress: str
    target: str
    started: datetime
    restartable: bool | None

    @property
    def percent(self) -> int | None:
        """How much of it is done; None where VMM shows no number."""
        found = re.search(r"\d{1,3}", self.progress)
        return min(int(found[0]), 100) if found else None

    @property
    def restart_command(self) -> str:
        """How to start it again, in a VMM command shell: it goes on from its last good checkpoint (Restart-SCJob)."""
        return f"Restart-SCJob -Job (Get-SCJob -ID '{self.id}')"


@dataclass(frozen=True, slots=True)
class VmmLibraryShare:
    """A share of the library, and the library server that holds it."""

    name: str
    path: str
    server: str


@dataclass(frozen=True, slots=True)
class VmmReportError:
    """A part of the report that could not be read: `server`, `running jobs`, `failed jobs`, `administrators`,
    `library servers` or `library shares`; and what VMM said."""

    part: str
    error: str


@dataclass(frozen=True, slots=True)
class VmmReport:
    """VMM as its own cmdlets show it. `active_node` owns the role, `failover_nodes` are all of its nodes (CPS).

    `failed_jobs`: those of the last day that failed or were canceled. `administrators`: members of the role
    Administrator. A part that is named in `errors` is empty because it could not be read.
    """

    product_version: str
    active_node: str
    failover_nodes: tuple[str, ...]
    running_jobs: tuple[VmmJob, ...]
    failed_jobs: tuple[VmmJob, ...]
    administrators: tuple[str, ...]
    library_servers: tuple[str, ...]
    library_shares: tuple[VmmLibraryShare, ...]
    errors: tuple[VmmReportError, ...]

    @property
    def restartable_jobs(self) -> tuple[VmmJob, ...]:
        """The failed jobs that can be started again, as far as VMM tells."""
        return tuple(job for job in self.failed_jobs if job.restartable is not False)

    def knows(self, part: str) -> bool:
        """Whether this part was read."""
        return all(row.part != part for row in self.errors)


def report_parameters(plan: Plan) -> dict[str, JSON]:
    """What the script is given: the role by its full name, and the console's port (HAC)."""
    return {"ServerName": f"{plan.cluster.role_name}.{plan.dns_domain}", "Port": plan.ports.console}


def read_report(document: Mapping[str, Any]) -> VmmReport:
    """What the script gave back (`TaskStatus.report`). Raises `facts.reading.Unreadable`."""
    return read(VmmReport, document)
