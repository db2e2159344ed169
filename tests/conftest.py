"""What holds for every test: how many at once, no wall clock in properties, and keys that need not be new each time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says more of the machine than of the code.
settings.register_profile("any machine", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Twice as many as there are processors: most tests wait for a server or a screen half of the time."""
    return 2 * (os.cpu_count() or 1)


@pytest.fixture(autouse=True, scope="session")
def _one_run_key() -> Iterator[None]:
    """The estate makes a pair of RSA keys a run, a tenth of a second each: here one of each size serves them all."""
    from vmm_wizard.lab import wrapper

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wrapper, "new_key", cache(wrapper.new_key))
        yield
