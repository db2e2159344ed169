"""What this computer brings along: libraries, drivers, certificates, terminal. Asks nobody outside."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import ssl
import sys
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LocalFact:
    """One thing of this computer: its name, whether it serves, what was found, and what to do when it does not."""

    name: str
    good: bool
    text: str
    remedy: str = ""


def examine() -> tuple[LocalFact, ...]:
    """Everything that decides how the wizard reaches an estate from here."""
    return (
        LocalFact("python", True, f"{platform.python_version()} on {platform.platform(terse=True)}"),
        _directory(),
        _sql(),
        _microsoft_driver(),
        _nodes(),
        _kerberos(),
        _certificates(),
        _terminal(),
    )


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _directory() -> LocalFact:
    version = _version("ldap3")
    return LocalFact(
        "directory",
        bool(version),
        f"ldap3 {version}: simple bind over verified TLS" if version else "ldap3 is missing",
        "" if version else "pip install vmm-wizard again",
    )


def _sql() -> LocalFact:
    from vmm_wizard.facts.sql_client import python_tds_version

    version = python_tds_version()
    return LocalFact(
        "SQL Server",
        bool(version),
        f"python-tds {version}: NTLM over verified TLS" if version else "python-tds is missing",
        "" if version else "pip install vmm-wizard again",
    )


def _microsoft_driver() -> LocalFact:
    from vmm_wizard.facts.sql_client import microsoft_driver

    driver = microsoft_driver()
    if driver:
        return LocalFact("Microsoft ODBC driver", True, f"{driver}: used where a Kerberos ticket or Windows logs on")
    return LocalFact("Microsoft ODBC driver", True, "not installed, and not needed: python-tds does NTLM")


def _nodes() -> LocalFact:
    version = _version("pywinrm")
    return LocalFact(
        "nodes",
        bool(version),
        f"pywinrm {version}: NTLM with message encryption over HTTP, or HTTPS" if version else "pywinrm is missing",
        "" if version else "pip install vmm-wizard again",
    )


def _kerberos() -> LocalFact:
    if sys.platform == "win32":
        return LocalFact("kerberos", True, "Windows itself")
    if importlib.util.find_spec("gssapi") is None:
        return LocalFact(
            "kerberos",
            True,
            "the extra is not installed; NTLM is used",
            "pip install 'vmm-wizard[kerberos]' (needs gcc and the Kerberos headers)",
        )
    return LocalFact("kerberos", True, "gssapi is installed; a ticket from kinit is used when it is the account's own")


def _certificates() -> LocalFact:
    paths = ssl.get_default_verify_paths()
    found = next((path for path in (paths.cafile, paths.capath) if path), None)
    if found or sys.platform == "win32":
        return LocalFact("certificates", True, f"CA certificates of this system: {found or 'Windows store'}")
    return LocalFact(
        "certificates",
        False,
        "this system has no CA certificates",
        "name your own CA in the answer file: connection.ca_file",
    )


def _terminal() -> LocalFact:
    size = shutil.get_terminal_size((0, 0))
    term = os.environ.get("TERM", "")
    if not sys.stdout.isatty():
        return LocalFact("terminal", True, "none here; every command but the wizard works without")
    small = size.columns < 80 or size.lines < 24
    text = f"{size.columns}x{size.lines}, TERM={term or 'not set'}"
    return LocalFact("terminal", not small, text, "the wizard is made for 80x24 and more" if small else "")
