"""The support matrix, against the lines of the requirements that matter most."""

import pytest

from vmm_wizard.plan.model import Release
from vmm_wizard.plan.releases import (
    Support,
    adk_support,
    collation_for,
    os_support,
    refused_sql_edition,
    release_of_setup,
    requirements,
    sql_support,
)

YES, NO, UNKNOWN = Support.YES, Support.NO, Support.UNKNOWN


@pytest.mark.parametrize("release", Release)
def test_every_release_has_its_row(release: Release) -> None:
    need = requirements(release)
    assert need.release is release
    assert need.title.startswith(f"System Center {release}")
    assert need.dotnet_release == 393295
    assert (need.hardware.ram_minimum_gb, need.hardware.ram_recommended_gb) == (4, 16)
    assert (need.hardware.cpu_minimum, need.hardware.disk_recommended_gb) == (8, 10)
    assert need.gmsa is (release is not Release.VMM_2016)
    assert need.powershell == ("5.1" if release >= Release.VMM_2022 else "5.0")
    assert len(need.os_names) == len(need.windows_builds)
    assert len(need.sql_names) == len(need.sql_majors)


@pytest.mark.parametrize(
    ("build", "supported"),
    [
        (9600, (NO, NO, NO, NO)),
        (14393, (YES, YES, NO, NO)),
        (17763, (NO, YES, NO, NO)),
        (20348, (NO, NO, YES, NO)),
        (26100, (NO, NO, NO, YES)),
        (29000, (UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN)),
    ],
)
def test_windows_by_release(build: int, supported: tuple[Support, ...]) -> None:
    assert tuple(os_support(release, build) for release in Release) == supported


@pytest.mark.parametrize(
    ("major", "supported"),
    [
        (10, (NO, NO, NO, NO)),
        (11, (YES, NO, NO, NO)),
        (12, (YES, NO, NO, NO)),
        (13, (YES, YES, YES, NO)),
        (14, (NO, YES, YES, NO)),
        (15, (NO, YES, YES, YES)),
        (16, (NO, NO, YES, YES)),
        (17, (UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN)),
    ],
)
def test_sql_server_by_release(major: int, supported: tuple[Support, ...]) -> None:
    assert tuple(sql_support(release, major)[0] for release in Release) == supported


def test_conditions_of_sql_server_are_said() -> None:
    assert "Update Rollup 1" in sql_support(Release.VMM_2022, 16, "RTM")[1]
    assert sql_support(Release.VMM_2025, 16, "RTM") == (YES, "")
    assert "SP1 is older than SP2" in sql_support(Release.VMM_2016, 11, "SP1")[1]
    assert "RTM is older than SP1" in sql_support(Release.VMM_2016, 12, "RTM")[1]
    assert sql_support(Release.VMM_2016, 11, "SP4") == (YES, "")


def test_express_and_the_cloud_are_refused_by_name() -> None:
    assert refused_sql_edition(4) == "Express"
    assert [refused_sql_edition(edition) for edition in (2, 3)] == ["", ""]
    assert all(refused_sql_edition(edition) for edition in (5, 6, 8, 9, 11))


@pytest.mark.parametrize(
    ("release", "version", "supported"),
    [
        (Release.VMM_2016, "10.1.14393.0", YES),
        (Release.VMM_2019, "10.1.17763.1", YES),
        (Release.VMM_2019, "10.1.14393.0", NO),
        (Release.VMM_2022, "10.1.22621.1", YES),
        (Release.VMM_2022, "10.1.17763.1", NO),
        (Release.VMM_2025, "10.1.26100.1", YES),
        (Release.VMM_2025, "10.1.20348.1", NO),
        (Release.VMM_2025, "10.1.28000.1", UNKNOWN),
        (Release.VMM_2025, "", UNKNOWN),
    ],
)
def test_kits_by_release(release: Release, version: str, supported: Support) -> None:
    assert adk_support(release, version) is supported


@pytest.mark.parametrize(
    ("version", "release"),
    [
        ("4.0.2051.0", Release.VMM_2016),
        ("10.19.2591.0", Release.VMM_2019),
        ("10.22.1287.0", Release.VMM_2022),
        ("10.25.1200.0", Release.VMM_2025),
        ("3.2.7510.0", None),
        ("10.30.1.0", None),
        ("", None),
    ],
)
def test_media_says_which_release_it_is(version: str, release: Release | None) -> None:
    assert release_of_setup(version) is release


@pytest.mark.parametrize(
    ("culture", "collation"),
    [
        ("en-US", "Latin1_General_100_CI_AS"),
        ("de-AT", "Latin1_General_100_CI_AS"),
        ("ZH-tw", "Chinese_Traditional_Stroke_Count_100_CI_AS"),
        ("zh-HK", None),
        ("en-AU", None),
        ("nb-NO", "Norwegian_100_CI_AS"),
        ("", None),
    ],
)
def test_the_display_language_says_which_collation_setup_takes(culture: str, collation: str | None) -> None:
    assert collation_for(culture) == collation
