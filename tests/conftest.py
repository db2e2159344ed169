"""What holds for every test: how many at once, no wall clock in properties, and keys that need not be new each time."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says more of the machine than of the code.
settings.register_profile("any machine", deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

# Each worker imports every test, and some hundred tests start the command as a process of its own: all that is compiled
# once, also where the environment would have nothing compiled kept.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


# What whoever runs the tests has begun or kept with the wizard is none of theirs: each process has a state of its own.
_STATE = tempfile.mkdtemp(prefix="vmm-wizard-tests-")
os.environ["VMM_WIZARD_STATE"] = _STATE


def pytest_unconfigure() -> None:
    shutil.rmtree(_STATE, ignore_errors=True)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Three times as many as there are processors: most tests wait for a server or a screen half of the time."""
    return 3 * (os.cpu_count() or 1)


def pytest_configure(config: pytest.Config) -> None:
    """In a fresh clone each worker would rewrite the asserts of every test file: two processes do that once, before."""
    here = Path(__file__).parent
    is_one_of_many = getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput")
    if not is_one_of_many or config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return
    if any(here.glob("*/__pycache__/test_*-pytest-*.pyc")):
        return
    files = sorted(map(str, here.rglob("test_*.py")))
    collect = (sys.executable, "-m", "pytest", "--collect-only", "-qq", "-p", "no:xdist", "-p", "no:cacheprovider")
    running = [
        subprocess.Popen([*collect, *files[half::2]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for half in (0, 1)
    ]
    for process in running:
        process.wait()


#: Modules whose tests take longest, whole installs and whole walks through the wizard: what begins last ends last.
LONG = (
    "tests/tui/test_install.py",
    "tests/install/test_story.py",
    "tests/install/test_sixteen.py",
    "tests/install/test_fault_table.py",
    "tests/install/test_interrupted.py",
    "tests/install/test_killed.py",
    "tests/install/test_out_of_reach.py",
    "tests/install/test_late_failures.py",
)


def long_ones_first(names: Sequence[str], workers: int) -> list[int]:
    """The places of tests in the order to run them in: each worker takes an equal run of them, beginning with its share
    of the long ones. `names` are node ids."""
    places = range(len(names))
    long = [place for place in places if names[place].startswith(LONG)]
    others = iter([place for place in places if not names[place].startswith(LONG)])
    order: list[int] = []
    for worker in range(workers):
        share = long[worker::workers]
        # As xdist deals them out.
        size = (len(names) - len(order)) // (workers - worker)
        order += [*share, *islice(others, max(size - len(share), 0))]
    return [*order, *others]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = long_ones_first([item.nodeid for item in items], int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
    items[:] = [items[place] for place in order]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Thousands of tests and every module live to the end: looking through them again at each collection of garbage
    takes a sixth of a run's time."""
    gc.collect()
    gc.freeze()
    # And what each test makes is looked through less often: one app alone has some ten thousand objects.
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture(autouse=True, scope="session")
def _one_run_key() -> Iterator[None]:
    """The estate makes a pair of RSA keys a run, a tenth of a second each: here one of each size serves them all."""
    from vmm_wizard.lab import wrapper

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wrapper, "new_key", cache(wrapper.new_key))
        yield


@pytest.fixture(autouse=True, scope="session")
def _one_hash_a_password() -> Iterator[None]:
    """Each logon by NTLM makes the password's old LM hash, by DES in pure Python, and each message looks at the letters
    of every XML name in it: once for each password and name is enough."""
    import xmltodict
    from spnego import _ntlm

    with pytest.MonkeyPatch.context() as patch:
        for module, name in ((_ntlm, "lmowfv1"), (xmltodict, "_validate_name")):
            if hasattr(module, name):
                patch.setattr(module, name, cache(getattr(module, name)))
        yield
