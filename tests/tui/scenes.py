"""Everything the wizard can show, one scene after another in one app: each puts the wizard into a state worth a look.

Used by the snapshots and by the walk that looks for text that is cut. An app is dear and a page is cheap, so a whole
walk shares one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

from textual.pilot import Pilot
from textual.strip import Strip

from tests.building import a_container, a_sql, good_facts, installed_facts
from tests.tui.wizards import painted, to_page, until
from tests.wizard.test_found import FOUND
from vmm_wizard.checks.registry import judge
from vmm_wizard.facts.discovery_model import Containers, FoundContainer
from vmm_wizard.facts.model import Facts, NoAnswer
from vmm_wizard.install.events import Event, Finished, LogGrew, Progress, RunStarted, StepChanged, StepState
from vmm_wizard.install.orders import Job, Order
from vmm_wizard.tui.app import WizardApp
from vmm_wizard.tui.messages import Looked, RunTold
from vmm_wizard.wizard import pages
from vmm_wizard.wizard.run_state import RunState

#: Something of everything: a fail, a warning and something unknown.
MIXED = good_facts(
    dkm=a_container(found=False),
    sql=a_sql(product_version="99.0.0.0"),
    nodes={**good_facts().nodes, "vmm02.contoso.lab": NoAnswer("could not reach vmm02.contoso.lab:5985: refused")},
)
FIRST, SECOND = "vmm01.contoso.lab", "vmm02.contoso.lab"
UNDER_WAY: tuple[Event, ...] = (
    RunStarted("20260302-120000-abc123", False, (FIRST, SECOND)),
    StepChanged(FIRST, "preflight", StepState.DONE, "nothing stands in the way"),
    StepChanged(FIRST, "stage", StepState.DONE, "answer file and wrapper staged and read back"),
    StepChanged(FIRST, "setup", StepState.STARTED),
    LogGrew(FIRST, ("12:00:01:Running setup", "12:00:02:Installing PangaeaServer")),
    Progress(FIRST, "setup", 40, "installing files"),
)
ENDED: tuple[Event, ...] = (
    StepChanged(
        FIRST, "verify", StepState.DONE, "registry: VMM 10.22; cluster role vmm is Online; SCVMMService is running"
    ),
    StepChanged(SECOND, "verify", StepState.DONE, "registry: VMM 10.22; SCVMMService is stopped, as on a passive node"),
    Finished("installed", True, "connect the VMM console to vmm:8100"),
)
#: What was found in an estate.
ESTATE = replace(
    FOUND,
    containers=Containers(
        "DC=contoso,DC=lab",
        tuple(
            FoundContainer(f"{name},DC=contoso,DC=lab", "unit" if name.startswith("OU") else "container")
            for name in ("CN=Computers", "CN=System", "CN=Users", "CN=VMMDKM", "OU=Clusters")
        ),
        (FoundContainer("CN=VMMDKM,DC=contoso,DC=lab"),),
    ),
)
#: What is chosen on the page of a job, so that each of its fields has something in it.
CHOSEN = Order(nodes=(SECOND,), target=SECOND, remove_database="VirtualManagerDB", restart=True, moves=True)

Scene = Callable[[Pilot[int]], Awaitable[None]]


def wizard_of(pilot: Pilot[int]) -> WizardApp:
    assert isinstance(pilot.app, WizardApp)
    return pilot.app


async def known(pilot: Pilot[int], facts: Facts) -> None:
    """Have the wizard know these facts; those of before are forgotten."""
    app = wizard_of(pilot)
    app.wizard.post_message(Looked(judge(app.answers.plan, facts), (), facts))
    await pilot.pause()


async def turned(pilot: Pilot[int], page_id: str) -> None:
    """Put a page in front and wait until its first field has the focus."""
    app = wizard_of(pilot)
    app.screen.set_focus(None)
    await to_page(pilot, page_id)
    await until(pilot, lambda: app.focused is not None)
    await pilot.pause()


def at(page_id: str) -> Scene:
    """A page, with something of everything found."""

    async def prepare(pilot: Pilot[int]) -> None:
        app = wizard_of(pilot)
        job = next(job for job, row in pages.PAGES_OF.items() if pages.BY_ID[page_id] in row)
        order = Order() if job is Job.INSTALL else replace(CHOSEN, job=job)
        if app.answers.order != order:
            app.answers.order = order
            await app.wizard.answers_replaced()
        if app.wizard.view.facts is not MIXED:
            await known(pilot, MIXED)
        await turned(pilot, page_id)

    return prepare


def pressed(*keys: str) -> Scene:
    """What keys bring up on the page of the DKM container."""

    async def prepare(pilot: Pilot[int]) -> None:
        await at("dkm")(pilot)
        await pilot.press(*keys)
        await pilot.pause()

    return prepare


async def wrong_text(pilot: Pilot[int]) -> None:
    """A text that is no value, and what is said of it."""
    app = wizard_of(pilot)
    app.answers.answer("database.port", "many")
    await app.wizard.answers_replaced()
    await at("sql")(pilot)
    # What is shown stays until the next scene; what is known of it goes.
    app.answers.answer("database.port", "")


async def said(pilot: Pilot[int]) -> None:
    """A sentence in the line below that is longer than one line."""
    await at("dkm")(pilot)
    wizard_of(pilot).wizard.say(
        "not saved: /home/somebody/answers/of/the/second/datacentre/contoso.toml: Permission denied"
    )
    await pilot.pause()


async def told_of(pilot: Pilot[int], *events: Event) -> None:
    """The wizard after it was told of a run, as the bridge to the threads tells it."""
    app = wizard_of(pilot)
    app.wizard.run_state = app.wizard.run_state or RunState(app.answers.plan)
    app.wizard.post_message(RunTold(events))
    await pilot.pause()


async def under_way(pilot: Pilot[int]) -> None:
    """A run in the middle."""
    app = wizard_of(pilot)
    app.answers.order = Order()
    await app.wizard.answers_replaced()
    await known(pilot, good_facts())
    await turned(pilot, "run")
    app.jobs._running = True
    await told_of(pilot, *UNDER_WAY)


async def ended(pilot: Pilot[int]) -> None:
    """The same run after its good end."""
    app = wizard_of(pilot)
    app.jobs._running = False
    await told_of(pilot, *ENDED)
    await until(pilot, lambda: app.wizard.page is pages.DONE and app.focused is not None)
    await known(pilot, installed_facts())
    # Whether the findings are there before the page looks for its first field is a matter of time.
    await until(pilot, lambda: app.wizard.query_one("#done-findings").display)
    app.wizard.query_one("#done-findings").focus()
    await pilot.pause()


def found_on(page_id: str, key: str) -> Scene:
    """What was found in the estate, listed below an empty field, with the mark on its third line."""

    async def prepare(pilot: Pilot[int]) -> None:
        app = wizard_of(pilot)
        before = app.answers.text(key)
        app.answers.answer(key, "")
        app.wizard.found = ESTATE
        await app.wizard.answers_replaced()
        await at(page_id)(pilot)
        await pilot.press("down", "down", "down")
        await pilot.pause()
        app.answers.answer(key, before)
        app.wizard.found = None

    return prepare


SCENES: dict[str, Scene] = {
    **{page_id: at(page_id) for page_id in pages.BY_ID},
    "finding": pressed("tab", "enter"),
    "help": pressed("f1"),
    "steps": pressed("f3"),
    "palette": pressed("f9"),
    "saving": pressed("ctrl+s"),
    "quitting": pressed("ctrl+q"),
    "topology": pressed("f6"),
    "matrix": pressed("f6", "2", "f", "down", "right", "right"),
    "answer-files": pressed("f6", "3"),
    "wrong": wrong_text,
    "said": said,
    "found-sql": found_on("sql", "database.host"),
    "found-containers": found_on("dkm", "dkm.container"),
    "under-way": under_way,
    "ended": ended,
}


async def at_rest(pilot: Pilot[int]) -> None:
    """Wait until the screen is painted to its end: twice the same, some time apart."""
    before: list[Strip] = []
    while (now := painted(pilot.app.screen)) != before:
        before = now
        await pilot.pause(0.03)


async def shown(pilot: Pilot[int], names: tuple[str, ...] = tuple(SCENES)) -> AsyncIterator[str]:
    """Bring the scenes about, one after another, and tell the name of each while it is to be seen."""
    app = wizard_of(pilot)
    await pilot.pause()
    app.jobs.close()
    await pilot.pause()
    app.wizard.found = None
    for name in names:
        await SCENES[name](pilot)
        await at_rest(pilot)
        yield name
        while app.screen is not app.wizard:
            await pilot.press("escape")
            await pilot.pause()
