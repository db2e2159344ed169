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

from vmm_wizard.texts import text


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
        LocalFact(text("reasons.local.name_python"), True, _python()),
        _directory(),
        _sql(),
        _microsoft_driver(),
        _nodes(),
        _kerberos(),
        _certificates(),
        _terminal(),
    )


def _python() -> str:
    return text("reasons.local.python", version=platform.python_version(), system=platform.platform(terse=True))


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _directory() -> LocalFact:
    version = _version("ldap3")
    return LocalFact(
        text("reasons.local.name_directory"),
        bool(version),
        text("reasons.local.ldap3", version=version) if version else text("reasons.local.no_ldap3"),
        "" if version else text("reasons.local.install_again"),
    )


def _sql() -> LocalFact:
    from vmm_wizard.facts.sql_client import python_tds_version

    version = python_tds_version()
    return LocalFact(
        text("reasons.local.name_sql"),
        bool(version),
        text("reasons.local.python_tds", version=version) if version else text("reasons.local.no_python_tds"),
        "" if version else text("reasons.local.install_again"),
    )


def _microsoft_driver() -> LocalFact:
    from vmm_wizard.facts.sql_client import microsoft_driver

    driver = microsoft_driver()
    if driver:
        return LocalFact(text("reasons.local.name_driver"), True, text("reasons.local.driver", driver=driver))
    return LocalFact(text("reasons.local.name_driver"), True, text("reasons.local.no_driver"))


def _nodes() -> LocalFact:
    version = _version("pywinrm")
    return LocalFact(
        text("reasons.local.name_nodes"),
        bool(version),
        text("reasons.local.pywinrm", version=version) if version else text("reasons.local.no_pywinrm"),
        "" if version else text("reasons.local.install_again"),
    )


def _kerberos() -> LocalFact:
    if sys.platform == "win32":
        return LocalFact(text("reasons.local.name_kerberos"), True, text("reasons.local.windows"))
    if importlib.util.find_spec("gssapi") is None:
        return LocalFact(
            text("reasons.local.name_kerberos"),
            True,
            text("reasons.local.no_extra"),
            text("reasons.local.install_extra"),
        )
    return LocalFact(text("reasons.local.name_kerberos"), True, text("reasons.local.kerberos"))


def _certificates() -> LocalFact:
    paths = ssl.get_default_verify_paths()
    found = next((path for path in (paths.cafile, paths.capath) if path), None)
    if found or sys.platform == "win32":
        where = found or text("reasons.local.windows_store")
        return LocalFact(text("reasons.local.name_certificates"), True, text("reasons.local.certificates", where=where))
    return LocalFact(
        text("reasons.local.name_certificates"),
        False,
        text("reasons.local.no_certificates"),
        text("reasons.local.name_ca"),
    )


def _terminal() -> LocalFact:
    size = shutil.get_terminal_size((0, 0))
    term = os.environ.get("TERM", "")
    if not sys.stdout.isatty():
        return LocalFact(text("reasons.local.name_terminal"), True, text("reasons.local.no_terminal"))
    small = size.columns < 80 or size.lines < 24
    term = term or text("reasons.local.not_set")
    written = f"{size.columns}x{size.lines}, TERM={term}"
    return LocalFact(
        text("reasons.local.name_terminal"), not small, written, text("reasons.local.small") if small else ""
    )
