"""Each task of `tasks.toml` is done by its keys alone, and takes no more of them than it may."""

from pathlib import Path

import pytest

from tests.estates import serving_estate
from tests.tui.tasks import CONDITIONS, TABLE, Task, prepare, press, table, tasks
from vmm_wizard.lab.scenarios import scenario

TASKS = [pytest.param(task, id=task.id, marks=[pytest.mark.long] if task.long else []) for task in tasks()]


@pytest.mark.parametrize("task", TASKS)
async def test_a_task_is_done_by_its_keys(task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMM_WIZARD_STATE", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "estate"
    folder.mkdir()
    with serving_estate(folder, scenario(task.scenario) if task.scenario else None) as served:
        prepare(task, served)
        await press(task, served, tmp_path / "answers.toml")


@pytest.mark.parametrize("task", tasks(), ids=lambda task: task.id)
def test_a_task_takes_no_more_keys_than_it_may(task: Task) -> None:
    assert task.presses <= task.most
    assert task.answers or task.marks or task.holds
    assert set(task.holds) <= set(CONDITIONS)


def test_the_table_of_tasks_is_up_to_date() -> None:
    assert TABLE.read_text(encoding="utf-8") == table(), "python -m tests.tui.tasks writes it"
