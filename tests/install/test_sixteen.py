"""As many nodes as VMM can have: sixteen, one after the other, and no seventeenth."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from tests.estates import FAST
from tests.install.finished import install_at_once
from tests.install.installing import QUICK, Site, finished, site
from vmm_wizard.install.orders import Job, Order
from vmm_wizard.plan.names import HostName

MOST = 16
#: A setup a node takes its time: half as many where CI does not ask for the whole number.
INSTALLED = MOST if os.environ.get("VMM_WIZARD_SIXTEEN_NODES") else 8


def labels(count: int) -> list[str]:
    return [f"vmm{number:02}.contoso.lab" for number in range(1, count + 1)]


def with_nodes(place: Site, names: Sequence[str]) -> None:
    cluster = replace(place.plan.cluster, nodes=tuple(map(HostName, names)))
    place.plan = replace(place.plan, cluster=cluster)


def possible_owners(place: Site) -> list[str]:
    role = place.served.estate.cluster.vmm_group()
    return [f"{name.lower()}.contoso.lab" for name in role.possible_owners] if role else []


@pytest.mark.long
def test_setups_of_many_nodes_never_overlap(tmp_path: Path) -> None:
    with site(tmp_path, pace=replace(QUICK, poll=0.05), node_count=INSTALLED, speed=4 * FAST) as place:
        names = labels(INSTALLED)
        with_nodes(place, names)
        end = finished(place.install())
        assert (end.result, end.changed) == ("installed", True), end.text
        assert place.setups() == {name: [0] for name in names}
        setups = [place.served.estate.nodes[name].setups[0] for name in names]
        for earlier, later in pairwise(setups):
            assert earlier.ended is not None
            assert earlier.started < earlier.ended <= later.started
        assert possible_owners(place) == names
        assert {node.server is not None for node in place.served.estate.nodes.values()} == {True}
        assert (place.left(), place.told()) == ([], [])
        again = finished(place.install())
        assert (again.result, again.changed) == ("unchanged", False)


class TestTheLastOnes:
    @pytest.fixture
    def place(self, tmp_path: Path) -> Iterator[Site]:
        """VMM on fifteen of seventeen nodes."""
        with site(tmp_path, node_count=MOST + 1) as found:
            with_nodes(found, labels(MOST - 1))
            install_at_once(found.served.estate, found.plan)
            yield found

    @pytest.mark.long
    def test_the_sixteenth_joins_and_a_seventeenth_is_refused(self, place: Site) -> None:
        names = labels(MOST + 1)
        with_nodes(place, names[:MOST])
        end = finished(place.install(order=Order(Job.ADD_NODE, (names[MOST - 1],))))
        assert end.result == "installed", end.text
        assert possible_owners(place) == names[:MOST]
        with_nodes(place, names)
        for order in (Order(Job.ADD_NODE, (names[MOST],)), Order()):
            end = finished(place.install(order=order))
            assert (end.result, end.changed) == ("refused", False)
            assert "CLU-02" in end.text
        assert place.setups() == {names[MOST - 1]: [0]}
        assert place.left() == []
