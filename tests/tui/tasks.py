"""Tasks as a new user would do them (`tasks.toml`): scripts of keys, pressed in the wizard on a practice estate.

`python -m tests.tui.tasks` writes the table of them, `TASKS.md`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from textual.events import Paste
from textual.keys import _character_to_key
from textual.pilot import Pilot

from tests.estates import ServedEstate
from tests.install.finished import install_at_once
from tests.tui.wizards import screen_text, until
from vmm_wizard.lab import contoso
from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secrets import Secrets
from vmm_wizard.tui.app import WizardApp
from vmm_wizard.wizard.answers import Answers
from vmm_wizard.wizard.flow import mark_of
from vmm_wizard.wizard.pages import BY_ID

FILE = Path(__file__).with_name("tasks.toml")
TABLE = Path(__file__).with_name("TASKS.md")
#: What a line of a script begins with, other than the keys themselves.
WORDS = ("type", "paste", "password", "see", "again", "clock")


@dataclass(frozen=True)
class Task:
    """One task. `script`: a line an act (see `tasks.toml`). `most`: more key presses than that are too many.

    What must be true at the end: `answers` by key, `marks` by page, `page` in front, and `holds`, names of CONDITIONS.
    """

    id: str
    title: str
    script: tuple[str, ...]
    most: int
    scenario: str = ""
    empty: bool = False
    installed: bool = False
    long: bool = False
    given: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)
    page: str = ""
    holds: tuple[str, ...] = ()

    @property
    def presses(self) -> int:
        """How many keys are pressed; what is pasted is one, passwords do not count."""
        return sum(_presses(line) for line in self.script)

    @property
    def sessions(self) -> tuple[tuple[str, ...], ...]:
        """The script by the times that the wizard is opened."""
        parts: list[list[str]] = [[]]
        for line in self.script:
            if line == "again":
                parts.append([])
            else:
                parts[-1].append(line)
        return tuple(map(tuple, parts))


def _presses(line: str) -> int:
    word, _, rest = line.partition(" ")
    if word == "type":
        return len(rest)
    if word in WORDS:
        return 1 if word == "paste" else 0
    return len(line.split())


def tasks() -> tuple[Task, ...]:
    """All tasks of the file."""
    document = tomllib.loads(FILE.read_text(encoding="utf-8"))
    rows = []
    for entry in document["task"]:
        script = tuple(line.strip() for line in entry.pop("keys").splitlines() if line.strip())
        rows.append(Task(script=script, **{**entry, "holds": tuple(entry.get("holds", ()))}))
    return tuple(rows)


def table() -> str:
    """The tasks as Markdown."""
    rows = [
        "# Tasks, and how many keys they take",
        "",
        "Written by `python -m tests.tui.tasks` from `tasks.toml`; `test_tasks.py` presses these keys on practice",
        "estates, at 80x24, and holds each task to its most. A text that is pasted is one key; passwords do not count.",
        "",
        "| task | keys | at most |",
        "|---|---:|---:|",
        *(f"| {task.title} | {task.presses} | {task.most} |" for task in tasks()),
        "",
    ]
    for task in tasks():
        rows += [f"## {task.title}", "", "```", *task.script, "```", ""]
    return "\n".join(rows)


# --- doing one

CONDITIONS: Mapping[str, Callable[[ServedEstate, WizardApp, Path], bool]] = {
    "installed on both nodes": lambda served, app, file: (
        [len(runs) for runs in served.estate.report()["setups"].values() if runs] == [1, 1]
    ),
    "no bad logon": lambda served, app, file: not served.estate.report()["bad_logons"],
    "nothing left on the nodes": lambda served, app, file: not any(served.estate.report()["tasks"].values()),
    "the container is there": lambda served, app, file: served.estate.directory.get(contoso.DKM) is not None,
    "saved": lambda served, app, file: Answers.opened(file).plan == app.answers.plan and not app.answers.unsaved,
    "the remedy of DKM-01 is in the clipboard": lambda served, app, file: app.clipboard.startswith("New-ADObject"),
    "the role is on vmm02": lambda served, app, file: (
        (group := served.estate.cluster.vmm_group()) is not None and f"{group.owner} {group.state}" == "VMM02 Online"
    ),
    "nothing stands in the way": lambda served, app, file: _free(app),
    "nothing was changed": lambda served, app, file: not any(served.estate.report()["setups"].values()),
}


def _free(app: WizardApp) -> bool:
    from vmm_wizard.wizard.flow import obstacles

    return obstacles(app.wizard.view) == ()


def prepare(task: Task, served: ServedEstate) -> None:
    """The estate as the task finds it."""
    if task.installed:
        install_at_once(served.estate, served.plan)


async def press(task: Task, served: ServedEstate, file: Path) -> None:
    """Press the keys of a task, session by session, and look at the end of the last one. Raises AssertionError."""
    answers = Answers() if task.empty else Answers(served.plan)
    for key, text in task.given.items():
        answers.answer(key, text)
    secrets = Secrets() if task.empty else served.secrets
    for number, session in enumerate(task.sessions):
        if number:
            answers = Answers.opened(file)
        app = WizardApp(answers, secrets, served.book)
        async with app.run_test(size=(80, 24)) as pilot:
            with ExitStack() as held:
                for line in session:
                    if line == "clock stands":
                        held.enter_context(served.clock.held())
                    elif line == "clock goes":
                        held.close()
                    else:
                        await _act(pilot, served, line)
            if number + 1 == len(task.sessions):
                await _look(pilot, app, task, served, file)
            app.jobs.close()


async def _act(pilot: Pilot[int], served: ServedEstate, line: str) -> None:
    word, _, rest = line.partition(" ")
    if word == "see":
        await until(pilot, lambda: any(rest in part for part in shown(pilot)))
    elif word == "paste":
        pilot.app.post_message(Paste(rest.replace("|", "\n")))
        await pilot.pause()
    elif word == "type":
        await pilot.press(*map(_character_to_key, rest))
    elif word == "password":
        secret = served.secrets.get(AccountName.parse(rest))
        assert secret is not None, rest
        await pilot.press(*map(_character_to_key, secret.reveal()))
    else:
        await pilot.press(*line.split())
    await pilot.pause()


def shown(pilot: Pilot[int]) -> tuple[str, str]:
    """The screen in words: line by line, and what stands beside the list of steps."""
    text = screen_text(pilot)
    beside = " ".join(line.partition("\u2502")[2] for line in text.splitlines())
    return " ".join(text.split()), " ".join(beside.split())


async def _look(pilot: Pilot[int], app: WizardApp, task: Task, served: ServedEstate, file: Path) -> None:
    for key, text in task.answers.items():
        await until(pilot, lambda key=key, text=text: app.answers.text(key) == text)  # type: ignore[misc]
    for page, word in task.marks.items():
        await until(pilot, lambda page=page, word=word: mark_of(app.wizard.view, BY_ID[page]).word == word)  # type: ignore[misc]
    for name in task.holds:
        await until(pilot, lambda name=name: CONDITIONS[name](served, app, file))  # type: ignore[misc]
    assert not task.page or app.wizard.page.id == task.page


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
