"""What surrounds a run on the nodes: the answer file, other installers, shells and logs (MED-03, MED-04, RUN)."""

from __future__ import annotations

import base64
from dataclasses import replace

from tests.building import a_plan, installed_facts
from tests.checks.asking import with_node
from tests.checks.states import Case
from vmm_wizard.checks.schedule import Job
from vmm_wizard.facts.model import Facts, LoggingFacts, OpenConsole, ShellLimits, StagedFile
from vmm_wizard.plan.model import Registration

STATES = {
    "MED-03": "pass fail unknown not_applicable",
    "MED-04": "pass warn fail unknown not_applicable",
    "RUN-01": "pass warn unknown not_applicable",
    "RUN-03": "pass warn unknown not_applicable",
    "RUN-04": "pass fail unknown not_applicable",
}


def staged(content: bytes) -> StagedFile:
    """An answer file that a run has left on a node."""
    path = r"C:\ProgramData\vmm-wizard\r1\VMServer.ini"
    return StagedFile(path, base64.b64encode(content).decode())


def open_console() -> Facts:
    """The finished estate where somebody has the console open on vmm01."""
    return with_node(installed_facts(), consoles=(OpenConsole("VmmAdminUI", 77),))


#: Setup's buffer holds 4,095 characters: no answer file can carry this one.
TOO_LONG = replace(a_plan(), registration=Registration(company_name="x" * 4096))

CASES = (
    Case("MED-03", "pass", "Installer is idle"),
    Case("MED-03", "fail", "Windows Installer", with_node(installer_busy=True)),
    Case("MED-03", "fail", "SetupVM", with_node(setup_processes=("Setup", "SetupVM"))),
    Case("MED-03", "unknown", "could not be read", with_node(installer_busy=None)),
    Case(
        "MED-03",
        "not_applicable",
        "install follows",
        with_node(setup_processes=("Setup",), tasks=("vmm-wizard-r1",)),
        also=frozenset({"RUN-02"}),
    ),
    Case("MED-04", "pass", "keys in ASCII"),
    Case("MED-04", "warn", "byte order mark", with_node(staged=(staged(b"\xef\xbb\xbf[OPTIONS]\r\n"),))),
    Case("MED-04", "fail", "CompanyName is longer", plan=TOO_LONG),
    Case("MED-04", "unknown", "could not be read", with_node(staged=None)),
    Case("MED-04", "not_applicable", "installed already", installed_facts()),
    Case("RUN-01", "pass", "memory per shell: 2147483647 MB"),
    Case("RUN-01", "warn", "150 MB", with_node(shell=ShellLimits(150, 180000, 28800000))),
    Case("RUN-01", "unknown", "could not be read", with_node(shell=None)),
    Case("RUN-01", "not_applicable", "installed already", installed_facts()),
    Case("RUN-03", "pass", "neither"),
    Case("RUN-03", "warn", "event 4688", with_node(logging=LoggingFacts(True, False, False, False))),
    Case("RUN-03", "warn", "4104", with_node(logging=LoggingFacts(False, False, True, False))),
    Case("RUN-03", "unknown", "could not be read", with_node(logging=None)),
    Case("RUN-03", "not_applicable", "installed already", installed_facts()),
    Case("RUN-04", "pass", "no VMM console", installed_facts(), job=Job.UNINSTALL),
    Case("RUN-04", "fail", "VmmAdminUI (77)", open_console(), job=Job.UNINSTALL),
    Case("RUN-04", "unknown", "could not be read", with_node(installed_facts(), consoles=None), job=Job.UNINSTALL),
    Case("RUN-04", "not_applicable", "before VMM is uninstalled only"),
)
