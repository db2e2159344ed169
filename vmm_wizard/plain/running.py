"""The page of the run: what stands in the way, promise, start, what it tells and asks, and how it is stopped."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from vmm_wizard.install.events import Event, Finished, LogGrew, PreflightDone, Progress, StepChanged, StepState
from vmm_wizard.plain.carrying import Carrier
from vmm_wizard.plain.state import State
from vmm_wizard.printable import printable
from vmm_wizard.report.signs import sign_of
from vmm_wizard.texts import text
from vmm_wizard.wizard import flow, pages
from vmm_wizard.wizard.carrying import Asked, HandedOver, Past, Row, Told, Unknowns, UsualTimes
from vmm_wizard.wizard.order_fields import carried_out
from vmm_wizard.wizard.run_state import RunState
from vmm_wizard.wizard.run_words import deed, promise, words
from vmm_wizard.wizard.stop_words import END, STOP, end_question, stop_question
from vmm_wizard.wizard.unfinished import Unfinished

#: Seconds between two looks at what has come; on Windows Ctrl+C is noticed between them.
_TICK = 0.2
#: The answer that lets a run go on by itself.
LEAVE = "leave"
#: Seconds that handing a run over may take, with the stop between two steps before it.
PATIENCE = 120.0
#: How far commands are set in.
COMMAND = "    "
BEGUN = StepState.STARTED
#: Percents of setup between two lines that say how far it is.
STRIDE = 10


@dataclass
class Thinned:
    """Lines of events, fewer than all: setup's progress where its phase is another or it is `STRIDE` further, and its
    own log only where it was asked for."""

    state: RunState
    with_log: bool
    _phases: dict[str, tuple[str, int]] = field(default_factory=dict)

    def lines(self, row: Row) -> Iterator[str]:
        """The lines to say of one event."""
        event, told = row.event, self.state.take(row.event, row.at)
        if isinstance(event, Progress):
            yield from self._progress(event)
        elif isinstance(event, StepChanged):
            yield step_line(event)
        elif self.with_log or not isinstance(event, LogGrew):
            yield from told

    def _progress(self, event: Progress) -> Iterator[str]:
        """How far setup is, where that is news; the phase where it is another."""
        phase, percent = self._phases.get(event.node, ("", -STRIDE))
        if event.text == phase and event.percent < percent + STRIDE:
            return
        self._phases[event.node] = (event.text, event.percent)
        node = event.node.partition(".")[0]
        if event.text == phase:
            yield text("plain.progress_on", node=node, percent=event.percent)
        else:
            yield text("plain.progress", node=node, percent=event.percent, phase=event.text)


def step_line(event: StepChanged) -> str:
    """The line of a step that has begun or ended."""
    said = f": {printable(event.text)}" if event.text else ""
    place = event.node or text("plain.all_nodes")
    return text(f"plain.step.{event.state}", place=place, step=event.step, text=said)


def start(state: State) -> bool:
    """Say what starting means, and start when that is wanted; False when it is not, or something stands in the way."""
    rows = flow.obstacles(state.view)
    if rows:
        state.talk.say(text("running.not_started", why=rows[0]))
        return False
    view = state.view
    state.talk.say(promise(view))
    state.talk.gap()
    said = text("running.yes", deed=deed(view))
    answers = (("", text("running.no")), ("start", said), ("log", text("plain.start_log", deed=said)))
    chosen = state.talk.choose(f"{words(view.order.job, remove=view.order.remove).start}?", answers)
    if not chosen:
        return False
    order = carried_out(state.answers.order, state.answers.plan)
    carrier = Carrier(state.estate.secrets, state.estate.preflight)
    _begin(state, RunState(state.answers.plan, order), carrier)
    carrier.begin(state.answers.plan, order)
    follow(state, with_log=chosen == "log")
    return True


def attach(state: State, found: Unfinished) -> None:
    """Follow a run that another process carries out."""
    carrier = Carrier(state.estate.secrets, state.estate.preflight)
    _begin(state, RunState(found.plan, found.run.order), carrier)
    carrier.begin_to_follow(found.run.id, found.plan)
    follow(state, with_log=False)


def _begin(state: State, run: RunState, carrier: Carrier) -> None:
    state.estate.close()
    state.run_state, state.carrier, state.result, state.page = run, carrier, "", pages.RUN
    state.talk.say("", text("plain.running"))


def follow(state: State, *, with_log: bool) -> None:
    """Say what the run tells, in batches, and ask what it asks, until it has ended. Ctrl+C asks whether to stop it."""
    assert state.carrier is not None
    assert state.run_state is not None
    thinned = Thinned(state.run_state, with_log)
    batch: list[str] = []
    due = 0.0
    while state.carrier.running:
        try:
            told = _next(state.carrier)
            if isinstance(told, Asked | Unknowns):
                _say(state, batch)
                _answer(state, told)
            elif told is not None:
                due = due if batch else time.monotonic() + state.rest
                _add(batch, told, _lines(state, thinned, told))
            if batch and (time.monotonic() >= due or not state.carrier.running):
                _say(state, batch)
        except KeyboardInterrupt:
            state.talk.gap()
            _say(state, batch)
            stop(state)


def _next(carrier: Carrier) -> Told | None:
    try:
        return carrier.told.get(timeout=_TICK)
    except queue.Empty:
        return None


def _add(batch: list[str], told: Told, lines: list[str]) -> None:
    """Put lines behind those that wait. A step that ends before it was said that it began needs no two of them."""
    event = told.event if isinstance(told, Row) else None
    if batch and isinstance(event, StepChanged) and batch[-1] == step_line(replace(event, state=BEGUN, text="")):
        batch.pop()
    batch += lines


def _say(state: State, batch: list[str]) -> None:
    while batch:
        line = batch.pop(0)
        if line.startswith(COMMAND):
            # A command to be copied, or a line of setup's log: it stays whole.
            state.talk.read_out([line], as_is=True)
        else:
            state.talk.say(line.strip(), indent=line[: len(line) - len(line.lstrip())])


def _lines(state: State, thinned: Thinned, told: Row | Past | HandedOver | UsualTimes) -> list[str]:
    """The lines to say of what a run told, once it was taken in."""
    if isinstance(told, HandedOver):
        return [told.said or text("run.leave.done", process=told.process, run=told.run)]
    if isinstance(told, UsualTimes):
        thinned.state.usuals = told.usuals
        return []
    if isinstance(told, Past):
        for row in told.rows:
            thinned.state.take(row.event, row.at)
        return []
    lines = list(thinned.lines(told))
    _learn(state, told.event)
    return lines


def _learn(state: State, event: Event) -> None:
    """What an event means for the wizard: findings that are newer, or the end."""
    assert state.carrier is not None
    if isinstance(event, PreflightDone) or (isinstance(event, Finished) and event.findings):
        state.estate.judged(event.findings)
    if isinstance(event, Finished):
        state.result, state.carrier.running = event.result, False


def _answer(state: State, asked: Asked | Unknowns) -> None:
    """Put a question of the run; nobody there to answer: what changes nothing."""
    talk = state.talk
    talk.gap()
    if isinstance(asked, Unknowns):
        talk.say(text("running.unknown.text"))
        for row in asked.findings:
            talk.say(f"{' '.join(sign_of(row))} {row.id}: {row.evidence}", indent="  ")
        try:
            asked.reply.put(talk.agree(text("plain.go_on_unknown")))
        except EOFError:
            asked.reply.put(False)
        return
    question = asked.question
    node = question.node
    talk.say(f"{text('running.question.node', node=node) if node else text('running.question.title')}:")
    talk.say(question.text)
    # The one that changes nothing stands first: a key pressed by mistake takes it.
    choices = sorted(question.choices.items(), key=lambda row: row[0] != question.default)
    try:
        asked.reply.put(talk.choose(text("plain.what_now"), choices, default=question.default))
    except EOFError:
        asked.reply.put(question.default)


def outlive(state: State) -> str:
    """The input has ended while a run goes on: let it go on by itself where it can; what becomes of it, as a sentence.

    Comes back when that is so, or at once when somebody wants the end a second time.
    """
    carrier, due = state.carrier, time.monotonic() + PATIENCE
    assert carrier is not None
    if carrier.watching:
        return text("run.attach.left")
    if state.keeps is None:
        carrier.stop()
        return text("plain.run_let_go")
    with suppress(EOFError, KeyboardInterrupt):
        carrier.hand_over()
        while time.monotonic() < due:
            told = _next(carrier)
            if isinstance(told, HandedOver):
                return text("run.leave.done", process=told.process, run=told.run)
            if isinstance(told, Row) and isinstance(told.event, Finished):
                return told.event.text
    return text("plain.run_let_go")


def stop(state: State) -> None:
    """Ask whether to stop the run, and what of it; a second Ctrl+C there goes on."""
    assert state.carrier is not None
    if not state.carrier.running or state.stop_is_asked:
        return
    if state.carrier.stopping and not state.carrier.is_parting:
        state.talk.say("", text("plain.stopping_already"))
        return
    state.stop_is_asked = True
    try:
        watched = state.carrier.watching
        question, answers = stop_question(state.run_state, watching=watched)
        if state.keeps is not None and not state.carrier.stopping:
            answers = (*answers, (LEAVE, text("run.leave.yes")))
        chosen = _chosen(state, text("running.stop"), question, answers)
        if chosen == LEAVE:
            chosen = _chosen(state, text("run.leave.title"), *_leave_question(state))
        if chosen == END:
            chosen = _chosen(state, text("running.end"), *end_question())
    finally:
        state.stop_is_asked = False
    if chosen == LEAVE:
        state.carrier.hand_over()
        state.talk.say(text("run.leave.doing"))
    elif chosen == STOP:
        state.talk.say(state.carrier.stop(watched=watched))
    elif chosen == END:
        state.talk.say(state.carrier.stop(end_setup=True))


def _leave_question(state: State) -> tuple[str, tuple[tuple[str, str], ...]]:
    """What letting a run go on by itself means."""
    said = text("run.leave.text", run=(state.run_state.run if state.run_state else "") or "RUN")
    return f"{said}\n{text('run.leave.asks')}", (("", text("run.leave.no")), (LEAVE, text("run.leave.yes")))


def _chosen(state: State, title: str, question: str, answers: Sequence[tuple[str, str]]) -> str:
    state.talk.say("", *question.splitlines())
    try:
        return state.talk.choose(title, answers)
    except EOFError:
        # Nobody is there any more who could mean it.
        return ""
