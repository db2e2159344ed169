"""Every key of the catalogue that is made only when it is said is there: else a user would meet a KeyError."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import get_args

import click
import pytest

from tests.texts.keys_made_when_said import Made, made_in
from tests.texts.test_texts import CODE, every_sentence, uses
from vmm_wizard.afterwards import first_hour, follow_ups
from vmm_wizard.afterwards.model import State, Who
from vmm_wizard.checks import explain, fitness, governance, remedies, rights, schedule
from vmm_wizard.checks.accounts import STATE_REFUSALS
from vmm_wizard.checks.certain import CERTAIN
from vmm_wizard.checks.registry import all_checks
from vmm_wizard.checks.status import OPEN
from vmm_wizard.cli import cli
from vmm_wizard.cli.course import places
from vmm_wizard.facts import database, directory_logon, directory_search
from vmm_wizard.install.cleaning import Condition
from vmm_wizard.install.events import StepState
from vmm_wizard.install.hand_run import HandRun
from vmm_wizard.install.node_run import NodeRun
from vmm_wizard.install.removal import Fate
from vmm_wizard.install.watchdog import Verdict
from vmm_wizard.lab.scenarios import all_scenarios
from vmm_wizard.plain import seeing
from vmm_wizard.plain.commands import NAMES
from vmm_wizard.plan.fields import FIELDS, TABLES
from vmm_wizard.plan.model import Release
from vmm_wizard.plan.releases import requirements
from vmm_wizard.report import bundle, changes, document, request
from vmm_wizard.setup import log_causes
from vmm_wizard.setup.log_phases import Phase
from vmm_wizard.tui.screens.see import VIEWS
from vmm_wizard.wizard import found, help, ini_diff, pages, run_nodes, run_words
from vmm_wizard.wizard.actions import ACTIONS
from vmm_wizard.wizard.course import Goal
from vmm_wizard.wizard.order_fields import JOB_TEXTS, ORDER_FIELDS

#: Looked up only after the catalogue was asked whether it `has` them, or made from its own keys.
ASKED_BEFORE = frozenset(
    (
        *("engine.stopping.at.*", "pages.empty.*", "help.thing.*.title", "help.thing.*.what"),
        *("lessons.*.title", "lessons.*.task", "lessons.*.why"),
        *(f"glossary.*.{part}" for part in ("name", "means", "see", "also", "source")),
    )
)
CHECKS = [row.id for row in all_checks()]
ANSWERS = [*(row.key for row in FIELDS), *ORDER_FIELDS]
JOBS = [job.value for job in JOB_TEXTS]


def _commands(group: click.Group) -> Iterator[str]:
    """The names of the commands of a group, and of those of its groups."""
    yield str(group.name)
    context = click.Context(group)
    for name in group.list_commands(context):
        found_command = group.get_command(context, name)
        if isinstance(found_command, click.Group):
            yield from _commands(found_command)
        else:
            yield name


def _sources() -> Iterator[str]:
    """The tags of the sources that checks, answers and terms name."""
    yield from (row.source for row in all_checks())
    for key, said in every_sentence().items():
        if key.startswith(("answers.", "glossary.")) and key.endswith(".source"):
            yield from said.split()


def _parts_of_the_first_hour() -> Iterator[tuple[str, str]]:
    for row in first_hour._document()["section"]:
        steps = (f"step_{number}" for number in range(1, row["steps"] + 1))
        yield from ((row["id"], part) for part in ("title", "why", *steps))


def _hints() -> Iterator[tuple[str, str]]:
    """Those of lessons in words of their own; a lesson of which there is no task is made from its check."""
    keys = (key.split(".") for key in every_sentence() if key.startswith("lessons."))
    return itertools.product((name for _, name, part in keys if part == "task"), ("1", "2", "3"))


def _reasons_to_judge_later() -> set[str]:
    rules = (rule for table in schedule.TABLE.values() for rule in (*table.values(), *schedule.UNNAMED.values()))
    return {rule.otherwise for rule in rules if rule is not schedule.ALWAYS}


def _noted() -> Iterator[tuple[str, str]]:
    return ((release.value, str(major)) for release in Release for major in requirements(release).sql_noted)


#: What the parts of the other keys can be, read from where they are chosen; a tuple where there is more than one part.
_CHOSEN: Mapping[str, Iterable[str | tuple[str, ...]]] = {
    "first_hour.*.*": _parts_of_the_first_hour(),
    "follow_ups.*.title": follow_ups.IDS,
    "follow_ups.*.why": follow_ups.IDS,
    "afterwards.told.who.*": [who.value for who in Who],
    "afterwards.told.state.*": [state.name.lower() for state in State],
    "evidence.accounts.refusal.*": STATE_REFUSALS,
    "evidence.certain.*": CERTAIN,
    "checks.*.*": itertools.product(CHECKS, explain._PARTS),
    "checks.*.title": CHECKS,
    "sources.*": _sources(),
    "evidence.fitness.fit.*": [fit.name.lower() for fit in fitness.Fit],
    "evidence.governance.place.*": [
        *(governance.SERVICE_LOGON, governance.DENY_SERVICE_LOGON, governance.BATCH_LOGON),
        *(governance.DENY_BATCH_LOGON, governance.DENY_NETWORK_LOGON, governance.STORED_PASSWORDS, "S-1-5-32-544"),
    ],
    "evidence.governance.loses.*": [governance.SERVICE_LOGON, governance.BATCH_LOGON, "S-1-5-32-544"],
    "evidence.NOD-08.for.*": ["component_servicing", "windows_update", "computer_rename"],
    "evidence.remedies.*": [row.key for row in vars(remedies).values() if isinstance(row, remedies.Contact)],
    "evidence.rights.*": [name for _, name in rights._NAMES],
    "evidence.schedule.otherwise.*": _reasons_to_judge_later(),
    "evidence.SQL-09.ntlm.*": ["clustered", "standalone"],
    "evidence.SQL-09.nobody.*": ["clustered", "standalone"],
    "course.chapter.*": [row.chapter for row in places()],
    "commands.help.*": [name.replace("-", "_") for name in _commands(cli)],
    "reasons.database.refusals.*": [str(number) for number in database._NO_LOGIN],
    "reasons.directory_accounts.*": ["disabled", "locked", "expired", "password_expired", "must_change"],
    "reasons.directory_logon.meanings.*": [*directory_logon.REFUSALS, "unknown"],
    "reasons.directory_logon.not_the_password.*": directory_logon._NOT_THE_PASSWORD,
    "reasons.directory_search.results.*": [*(name for name, _ in directory_search._RESULTS.values()), "otherwise"],
    "engine.aftermath.condition.*": [condition.name.lower() for condition in Condition],
    "engine.following.still.*": [verdict.name.lower() for verdict in Verdict],
    "engine.node_run.gone.*": [NodeRun._traces, HandRun._traces],
    "engine.procedures.uninstall.last.*": get_args(Fate),
    "mending.directory.failed.*": ["creating", "changing"],
    "mending.directory.broke_off.*": ["creating", "changing"],
    "plain.command.*": NAMES,
    "plain.step.*": [state.value for state in StepState],
    "plain.see.*": seeing._VIEWS,
    "parsing.rows.twice.*": [field.key for field in FIELDS if field.rows],
    "answers.*.expected": ANSWERS,
    "answers.*.what": ANSWERS,
    "answers.*.source": ANSWERS,
    "answers.*.*": itertools.product(ANSWERS, help.PARTS),
    "help.answer.*": help.PARTS,
    "parsing.model.accepted.*": ["plain", "by", "on", "by_on"],
    "parsing.releases.sql.*-*": _noted(),
    "parsing.rows.example.*.*": [
        (field.key, name)
        for field in FIELDS
        if field.rows
        for name, shown in field.rows.example.items()
        if shown is None
    ],
    "answer_file.table.*": TABLES,
    "reports.bundle.what.*": [what for _, what in bundle._WHAT],
    "reports.changes.heading.*": [kind.name.lower() for kind in changes.Kind],
    "reports.document.heading.*": [heading for heading, _ in document._HEADINGS],
    "reports.request.team.*": [team.value for team in request.TEAMS],
    "reports.request.stands.*": [status.value for status in OPEN],
    "setup_files.causes.*.cause": [row.name for row in (*log_causes._CAUSES, log_causes.UNEXPLAINED)],
    "setup_files.causes.*.remedy": [row.name for row in (*log_causes._CAUSES, log_causes.UNEXPLAINED)],
    "setup_files.phases.*": [phase.value for phase in Phase],
    "findings.accept.label.*": ["reason", "by"],
    "see.keys.*": VIEWS,
    "see.view.*": VIEWS,
    "palette.short.*": [action.id for action in ACTIONS if action.footer],
    "palette.about.*": [action.id for action in ACTIONS],
    "course.ends.*": {row.ends for row in all_scenarios() if row.ends},
    "course.goal.*": [goal.value for goal in Goal],
    "course.task.*": ["warn", *(goal.value for goal in Goal)],
    "lessons.*.hint*": _hints(),
    "found.title.*": [title for title, _, _ in found._KEYS.values()],
    "found.note.*": [note for _, _, note in found._KEYS.values() if note],
    "see.why.*": ini_diff.EXPLAINED,
    "jobs.about.*": JOBS,
    "pages.label.*": [key for page in pages.BY_ID.values() for key in page.keys],
    "pages.name.*": pages.BY_ID,
    "pages.about.*": pages.BY_ID,
    "run.step.*": [step.replace(" ", "_") for step in run_nodes._STEPS],
    "jobs.promise.*": [*JOBS, "by_hand"],
    "jobs.words.*.*": itertools.product(run_words._PARTS, JOBS),
    "see.row.as_*": ["directory", "nodes"],
}
PARTS = {pattern: tuple(parts) for pattern, parts in _CHOSEN.items()}


@cache
def made() -> tuple[Made, ...]:
    """All keys that are made when they are said, but for those that `counted` itself makes."""
    files = (file for file in sorted(CODE.rglob("*.py")) if file.parent.name != "texts")
    return tuple(
        row for file in files for row in made_in(file.read_text(encoding="utf-8"), file.relative_to(CODE).as_posix())
    )


def _filled(pattern: str, parts: str | tuple[str, ...]) -> str:
    for part in (parts,) if isinstance(parts, str) else parts:
        pattern = pattern.replace("*", part, 1)
    return pattern


class TestKeysMadeWhenTheyAreSaid:
    def test_are_there_where_the_code_tells_what_they_can_be(self) -> None:
        told = [(row.place, key) for row in made() for key in row.keys or ()]
        assert [row for row in told if row[1] not in every_sentence()] == []
        assert len(told) > 100

    def test_are_listed_here_where_it_does_not(self) -> None:
        """A new one belongs into PARTS, with where its parts are chosen."""
        untold = {row.pattern for row in made() if row.keys is None}
        assert untold ^ {*PARTS, *ASKED_BEFORE} == set()

    @pytest.mark.parametrize("pattern", PARTS)
    def test_are_there_for_all_that_is_listed_here(self, pattern: str) -> None:
        keys = {_filled(pattern, parts) for parts in PARTS[pattern]}
        assert keys
        assert [key for key in sorted(keys) if key not in every_sentence()] == []


def test_what_is_said_without_values_holds_no_doubled_braces() -> None:
    """It is not formatted: a reader would see both."""
    bare = {use.key for use in uses() if use.names == frozenset() and not use.is_start}
    assert [key for key, said in every_sentence().items() if key in bare and ("{{" in said or "}}" in said)] == []


#: Sentences with a number of things that are never one alone.
NEVER_ONE = frozenset(
    (
        *("afterwards.always_on.progress", "engine.runs.several", "plain.at_once", "plain.more", "see.grid.all"),
        *("evidence.CLU-02.many", "evidence.CLU-02.many_with_active", "evidence.CLU-02.good"),
        *("evidence.CLU-04.no_witness", "evidence.MED-04.read_back", "evidence.SQL-09.twice", "evidence.NOD-06.copied"),
        *("evidence.NAM-01.fits", "evidence.NAM-01.too_long", "evidence.NAM-04.two_names", "evidence.NAM-04.whole"),
    )
)


def test_a_number_of_things_has_a_sentence_for_one_of_them() -> None:
    """Then `counted` says it: "1 objects" is no English, and other languages have more forms."""
    things = re.compile(r"(?<!line )\{number\} (?:more )?[a-z]{3,}s\b")
    said = {key for key, said in every_sentence().items() if things.search(said)}
    assert {key for key in said if key.rpartition(".")[2] not in ("one", "other")} - NEVER_ONE == set()


@pytest.mark.parametrize(
    ("code", "keys"),
    [
        ("text(f'a.{b if c else d}')", None),
        ('text(f\'a.{"x" if c else "y"}\')', {"a.x", "a.y"}),
        ("b = 'x' if c else 'y'\n    text(f'a.{b}')", {"a.x", "a.y"}),
        ("b, d = 'x', 'y'\n    text(f'a.{b}.{d}')", {"a.x.y"}),
        ("b = 'x' + ('_y' if c else '')\n    text(f'a.{b}')", {"a.x", "a.x_y"}),
        ("b = {1: 'x', 2: 'y'}\n    text(f'a.{b[c]}')", {"a.x", "a.y"}),
        ("b = {1: 'x'}\n    text(f'a.{b.get(c, \"y\")}')", {"a.x", "a.y"}),
        ("for b in c:\n        text(f'a.{b}')", None),
        ('counted(f\'a.{"x" if c else "y"}\', 1)', {"a.x.one", "a.x.other", "a.y.one", "a.y.other"}),
        ("text('a.b')", "nothing"),
    ],
)
def test_what_a_key_can_be(code: str, keys: set[str] | str | None) -> None:
    found = [row.keys for row in made_in(f"def f(c):\n    {code}", "here")]
    assert found == ([] if keys == "nothing" else [keys])


def test_what_a_key_can_be_by_a_parameter() -> None:
    code = "def _f(c, d):\n    text(f'a.{d}')\ndef g():\n    _f(1, 'x')\n    _f(1, d='y')"
    assert [row.keys for row in made_in(code, "here")] == [{"a.x", "a.y"}]
