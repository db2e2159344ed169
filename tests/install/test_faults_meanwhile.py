"""Each scenario whose fault comes while VMM is being installed ends as it says, and leaves no password anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.install.installing import FIRST, Site, finished, site
from vmm_wizard.install.events import PreflightDone
from vmm_wizard.lab.estate import Estate
from vmm_wizard.lab.scenarios import Scenario, all_scenarios

MEANWHILE = [entry for entry in all_scenarios() if entry.ends]
#: Those whose fault other tests of this folder meet too.
TOLD = {"run-answers-break-off", "run-restart-wanted", "run-setup-slow", "run-sql-goes-late"}


def test_there_are_some() -> None:
    assert {entry.ends for entry in MEANWHILE} == {"failed", "installed"}
    assert {entry.name for entry in MEANWHILE} > TOLD
    assert all(entry.name.startswith("run-") and not entry.finds for entry in MEANWHILE)


def end_what_hangs(estate: Estate) -> None:
    """Somebody looks at each node's task manager, and ends what stands at a window."""
    before = estate.on_change

    def look() -> None:
        before()
        for node in estate.nodes.values():
            for process in node.processes:
                if process.windows:
                    process.terminate()

    estate.on_change = look


@pytest.mark.parametrize(
    "entry",
    [pytest.param(entry, id=entry.name, marks=pytest.mark.long if entry.name in TOLD else ()) for entry in MEANWHILE],
)
def test_an_install_ends_as_the_scenario_says(entry: Scenario, tmp_path: Path) -> None:
    with site(tmp_path, entry) as place:
        end_what_hangs(place.served.estate)
        events = place.install()
        # Before the first node nothing is wrong: what `check` says holds no scenario of these.
        preflight = next(event for event in events if isinstance(event, PreflightDone))
        assert preflight.blocking == ()
        end = finished(events)
        assert end.result == entry.ends
        assert entry.subject in end.text
        assert {row["kind"] for row in place.served.estate.report()["faults"]} == {row["kind"] for row in entry.faults}
        assert place.told() == []
        assert not [row for row in place.left() if "password" in row]
        assert_as_it_should_be(entry, place)


def assert_as_it_should_be(entry: Scenario, place: Site) -> None:
    """One setup a node that ended well, or one on the first node that did not, which cost no account its logons."""
    estate = place.served.estate
    setups = place.setups()
    if entry.ends == "installed":
        assert all(len(codes) == 1 and codes[0] in (0, 3010) for codes in setups.values())
        assert (len(setups), place.left()) == (2, [])
    else:
        assert [len(codes) for codes in setups.values()] == [1]
        assert set(setups) == {FIRST}
        # A setup that runs needs no logon any more: it may have ended well before anybody looks here.
        goes_on = any(fault["kind"] == "password_changed" for fault in entry.faults)
        assert goes_on or setups[FIRST][0] not in (0, 3010)
    assert all(count <= 1 for count in estate.report()["bad_logons"].values())
