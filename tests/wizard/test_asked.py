"""The line that says who is asked."""

import pytest

from vmm_wizard.wizard.asked import asked_now

NAMES = ("the directory", "sql01", "vmm01", "vmm02", "vmm03")


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        (80, "asking: the directory, sql01, vmm01, vmm02, vmm03"),
        (46, "asking: the directory, sql01, vmm01 and 2 more"),
        (40, "asking: the directory, sql01 and 3 more"),
        (20, "asking 5 at once"),
    ],
)
def test_as_many_are_named_as_fit(columns: int, line: str) -> None:
    assert asked_now(NAMES, columns) == line


def test_nobody_is_asked() -> None:
    assert asked_now((), 80) == ""
