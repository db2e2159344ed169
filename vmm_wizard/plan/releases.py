"""The support matrix: what each VMM release asks of Windows, SQL Server, the ADK and the hardware (releases.toml)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from vmm_wizard.plan.model import Release
from vmm_wizard.texts import text


class Support(StrEnum):
    """Whether a version is documented for a release. UNKNOWN: newer than everything in the table, so nobody can say."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Hardware:
    """Minimum and recommended: logical processors, memory and free disk space in GB, also at SQL Server (REQ*)."""

    cpu_minimum: int
    cpu_recommended: int
    ram_minimum_gb: int
    ram_recommended_gb: int
    disk_minimum_gb: int
    disk_recommended_gb: int
    sql_disk_minimum_gb: int
    sql_disk_recommended_gb: int


@dataclass(frozen=True, slots=True)
class Requirements:
    """What one release asks for. Builds and majors are version numbers, `adk_builds` the first and the last build.

    `dotnet_release` is the least `Release` value of .NET 4 in the registry; `startup_ram_mb` that of a virtual machine
    with dynamic memory. `download_sha256` is that of the zip of the media, in lower case; empty: Microsoft tells none.
    `sql_oldest_level` (major to service pack) and `sql_noted` (majors of which a sentence tells more) warn only.
    """

    release: Release
    title: str
    media_version_prefix: str
    download_sha256: str
    windows_builds: tuple[int, ...]
    os_names: tuple[str, ...]
    sql_majors: tuple[int, ...]
    sql_names: tuple[str, ...]
    sql_oldest_level: Mapping[int, str]
    sql_noted: tuple[int, ...]
    adk_name: str
    adk_builds: tuple[int, int]
    dotnet: str
    dotnet_release: int
    powershell: str
    startup_ram_mb: int
    gmsa: bool
    hardware: Hardware


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files("vmm_wizard.plan").joinpath("releases.toml").read_text("utf-8"))


def _by_number(table: Mapping[str, str]) -> dict[int, str]:
    return {int(number): name for number, name in table.items()}


@cache
def requirements(release: Release) -> Requirements:
    """What `release` asks for."""
    table = _table()
    row = dict(table["release"][release.value])
    windows, sql = _by_number(table["windows"]), _by_number(table["sql"])
    return Requirements(
        release=release,
        os_names=tuple(windows[build] for build in row["windows_builds"]),
        sql_names=tuple(sql[major] for major in row["sql_majors"]),
        windows_builds=tuple(row.pop("windows_builds")),
        sql_majors=tuple(row.pop("sql_majors")),
        sql_oldest_level=_by_number(row.pop("sql_oldest_level", {})),
        sql_noted=tuple(row.pop("sql_noted", ())),
        adk_builds=(row["adk_builds"][0], row.pop("adk_builds")[1]),
        hardware=Hardware(**table["hardware"]),
        **row,
    )


def os_support(release: Release, build: int) -> Support:
    """Whether Windows Server of this build carries `release` (REQ*)."""
    if build in requirements(release).windows_builds:
        return Support.YES
    return Support.UNKNOWN if build > max(_by_number(_table()["windows"])) else Support.NO


def sql_support(release: Release, major: int, product_level: str = "") -> tuple[Support, str]:
    """Whether SQL Server of this major version serves `release`, and a sentence when it does so with a condition.

    `product_level` is SERVERPROPERTY('ProductLevel'), such as RTM or SP2; an old service pack is a condition.
    """
    need = requirements(release)
    if major not in need.sql_majors:
        return (Support.UNKNOWN if major > max(_by_number(_table()["sql"])) else Support.NO), ""
    oldest = need.sql_oldest_level.get(major, "")
    if oldest and product_level and _service_pack(product_level) < _service_pack(oldest):
        return Support.YES, text("parsing.releases.old_service_pack", level=product_level, oldest=oldest)
    noted = major in need.sql_noted
    return Support.YES, text(f"parsing.releases.sql.{release.value}-{major}") if noted else ""


def _service_pack(level: str) -> int:
    match = re.fullmatch(r"SP(\d+)", level.strip(), re.IGNORECASE)
    return int(match[1]) if match else 0


def refused_sql_edition(engine_edition: int) -> str:
    """The name of an engine edition that setup does not take (REQ*); empty for one that it takes."""
    return _by_number(_table()["sql_editions_refused"]).get(engine_edition, "")


def adk_support(release: Release, version: str) -> Support:
    """Whether a kit of this version (such as 10.1.22621.1) is documented for `release`; UNKNOWN for no version too."""
    match = re.match(r"10\.\d+\.(\d+)", version)
    if not match:
        return Support.UNKNOWN
    build = int(match[1])
    first, last = requirements(release).adk_builds
    if first <= build <= last:
        return Support.YES
    return Support.UNKNOWN if build > _table()["adk"]["newest_known_build"] else Support.NO


def release_of_setup(product_version: str) -> Release | None:
    """The release whose setup.exe has this product version; None for one that is not known (2016 and later only).

    The prefixes are not confirmed by a source, so a mismatch is for a warning only (1.1).
    """
    for release in Release:
        if product_version.strip().startswith(requirements(release).media_version_prefix):
            return release
    return None


def collation_for(culture: str) -> str | None:
    """The collation that setup gives its database on a node with this display language, such as de-DE (COLL)."""
    known = {name.casefold(): collation for name, collation in _table()["collation"].items()}
    wanted = culture.strip().casefold()
    collation: str | None = known.get(wanted, known.get(wanted.partition("-")[0]))
    return collation
