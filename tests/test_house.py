"""The house rules that no single module can hold: imports, what a cold start loads, what the top level holds."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import LONG, long_ones_first

ROOT = Path(__file__).parent.parent

HEAVY = (
    "textual",
    "ldap3",
    "winrm",
    "requests",
    "pytds",
    "pyodbc",
    "pydantic",
    "tomlkit",
    "cryptography",
    "spnego",
    "jinja2",
)


def loaded_after(code: str) -> set[str]:
    """Names of the top-level modules that a fresh interpreter has loaded after `code`."""
    program = f"{code}\nimport sys\nprint('\\n'.join(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


def test_the_arrows_of_the_architecture_hold() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_command_line_loads_no_heavy_library() -> None:
    assert loaded_after("import vmm_wizard.cli").isdisjoint(HEAVY)


def test_help_loads_no_heavy_library() -> None:
    code = "import sys; sys.argv = ['vmm-wizard', '--help']\ntry:\n    from vmm_wizard.cli import main; main()\n"
    code += "except SystemExit:\n    pass"
    assert loaded_after(code).isdisjoint(HEAVY)


def test_checks_load_nothing_that_talks() -> None:
    loaded = loaded_after("from vmm_wizard.checks.registry import all_checks; all_checks()")
    assert loaded.isdisjoint({*HEAVY, "ssl"})


def test_the_preflight_loads_no_connector_before_it_asks() -> None:
    assert loaded_after("import vmm_wizard.preflight").isdisjoint({"ldap3", "winrm", "pytds", "pyodbc", "textual"})


def test_only_the_tui_imports_textual() -> None:
    importing = {
        path.relative_to(ROOT).parts[1]
        for path in (ROOT / "vmm_wizard").rglob("*.py")
        if re.search(r"^\s*(from|import) textual\b", path.read_text(encoding="utf-8"), re.M)
    }
    assert importing <= {"tui"}


def test_only_the_command_line_prints() -> None:
    printing = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "vmm_wizard").rglob("*.py")
        if re.search(r"(?<![\w.])print\(|click\.echo", path.read_text(encoding="utf-8"))
        and path.relative_to(ROOT).parts[1] != "cli"
    ]
    assert printing == []


def test_the_readme_holds_exactly_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = [line for line in text.splitlines() if line.startswith("python3 -m venv")]
    assert len(commands) == 2
    assert commands[0].endswith("vmm-wizard lab")
    assert "pytest" in commands[1]


@pytest.mark.parametrize("folder", ["vmm_wizard", "tests"])
def test_no_file_is_longer_than_a_person_reads_in_one_go(folder: str) -> None:
    long = {
        str(path.relative_to(ROOT)): length
        for path in (ROOT / folder).rglob("*.py")
        if (length := len(path.read_text(encoding="utf-8").splitlines())) > 500
    }
    assert long == {}


@pytest.mark.parametrize("workers", [1, 2, 4, 7])
@pytest.mark.parametrize("others", [0, 3, 100])
def test_the_long_tests_are_begun_first_by_every_worker_and_none_is_lost(workers: int, others: int) -> None:
    names = [f"tests/checks/test_dkm.py::test_{n}" for n in range(others)]
    names += [f"{LONG[n % len(LONG)]}::test_{n}" for n in range(14)]
    order = long_ones_first(names, workers)
    assert sorted(order) == list(range(len(names)))
    if others == 100:
        for worker in range(workers):
            run, order = order[: len(order) // (workers - worker)], order[len(order) // (workers - worker) :]
            begun = [names[place].startswith(LONG) for place in run]
            assert begun == sorted(begun, reverse=True)
            assert sum(begun) in (14 // workers, 14 // workers + 1)
