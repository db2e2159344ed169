"""What the wizard's screen does with its run: starts it, shows it, stops it, lets it go on by itself, asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on

from vmm_wizard.texts import text
from vmm_wizard.tui.asking import ask
from vmm_wizard.tui.jobs import Jobs
from vmm_wizard.tui.messages import (
    ConfirmWanted,
    FollowUpsTold,
    HandedOver,
    LeaveWanted,
    QuestionAsked,
    RunEnded,
    RunTold,
    StartWanted,
    StopWanted,
    UsualsFound,
)
from vmm_wizard.tui.screens.finding import FindingScreen
from vmm_wizard.wizard import flow
from vmm_wizard.wizard.answers import Answers
from vmm_wizard.wizard.order_fields import carried_out

if TYPE_CHECKING:
    from vmm_wizard.afterwards.model import FollowUp
    from vmm_wizard.checks.registry import Finding
    from vmm_wizard.wizard.run_state import RunState


class RunScreen(FindingScreen):
    """The part of the one screen that runs are started, followed and stopped from."""

    def __init__(self, answers: Answers, jobs: Jobs) -> None:
        super().__init__(answers, jobs)
        self.run_state: RunState | None = None
        self.follow_ups: tuple[str, ...] = ()
        self.follow_up_rows: tuple[FollowUp, ...] = ()
        self.result = ""

    @property
    def view(self) -> flow.View:
        """What the wizard knows now."""
        raise NotImplementedError

    def leave(self) -> None:
        """Take what is typed on the page in front."""
        raise NotImplementedError

    def take_findings(self, findings: tuple[Finding, ...]) -> None:
        """Show these findings from now on."""
        raise NotImplementedError

    async def answers_replaced(self) -> None:
        """All answers are others now: what was made of the old ones goes."""
        raise NotImplementedError

    def call(self, *, waits: bool = False) -> None:
        """Somebody who looks elsewhere is wanted; `waits`: for an answer."""
        raise NotImplementedError

    def answered(self) -> None:
        """What the run asked was answered."""
        raise NotImplementedError

    def show_title(self, *, at_once: bool = False) -> None:
        """How the run is, in the title of the terminal; not often unless `at_once`."""
        raise NotImplementedError

    # --- starting

    @on(StartWanted)
    def _start_wanted(self, event: StartWanted) -> None:
        from vmm_wizard.wizard.run_words import deed, promise, words

        event.stop()
        self.leave()
        view = self.view
        rows = flow.obstacles(view)
        if rows:
            self.say(text("running.not_started", why=rows[0]))
            return

        def start(answer: str | None) -> None:
            if answer == "start":
                self._start_run()

        answers = (("", text("running.no")), ("start", text("running.yes", deed=deed(view))))
        title = text("running.start", start=words(view.order.job, remove=view.order.remove).start)
        ask(self.app, title, promise(view), answers, start)

    def _start_run(self) -> None:
        from vmm_wizard.wizard.run_state import RunState

        order = carried_out(self.answers.order, self.answers.plan)
        self.begin(RunState(self.answers.plan, order))
        self.jobs.carry_out(self.answers.plan, order)
        self.show_run()

    def begin(self, state: RunState) -> None:
        """A run begins here, or is followed from now on."""
        from vmm_wizard.tui.screens.done import DonePage

        self.run_state, self.result, self.follow_ups, self.follow_up_rows = state, "", (), ()
        for page in self.query(DonePage):
            page.follow(())

    def show_run(self) -> None:
        """Put the run on its page, which is in front."""
        from vmm_wizard.tui.screens.run import RunPage

        assert self.run_state is not None
        page = self.query_one(RunPage)
        page.tell(self.run_state)
        self.refresh_view()
        # After the page's own first field, where it was only just turned to.
        self.call_after_refresh(page.query_one("#log").focus)

    # --- stopping

    @on(StopWanted)
    def _stop_wanted(self, event: StopWanted) -> None:
        from vmm_wizard.wizard.stop_words import END, STOP, stop_question

        event.stop()
        watched = self.jobs.watching
        said, answers = stop_question(self.run_state, watching=watched)

        def stop(answer: str | None) -> None:
            if answer == STOP:
                self.say(self.jobs.stop(watched=watched))
            elif answer == END:
                self._end_wanted()

        ask(self.app, text("running.stop"), said, answers, stop)

    def _end_wanted(self) -> None:
        """Ending a running setup is asked for twice."""
        from vmm_wizard.wizard.stop_words import END, end_question

        said, answers = end_question()

        def end(answer: str | None) -> None:
            if answer == END:
                self.say(self.jobs.stop(end_setup=True))

        ask(self.app, text("running.end"), said, answers, end)

    # --- letting it go on by itself

    @on(LeaveWanted)
    def _leave_wanted(self, event: LeaveWanted) -> None:
        event.stop()
        said = self.jobs.cannot_leave
        if said:
            self.say(said)
            return
        state = self.run_state
        shown = text("run.leave.text", run=state.run if state and state.run else "RUN")
        answers = (("", text("run.leave.no")), ("leave", text("run.leave.yes")))

        def leave(answer: str | None) -> None:
            if answer == "leave":
                self.jobs.hand_over()
                self.say(text("run.leave.doing"))

        ask(self.app, text("run.leave.title"), f"{shown}\n\n{text('run.leave.asks')}", answers, leave)

    @on(HandedOver)
    def _handed_over(self, event: HandedOver) -> None:
        self.say(event.said or text("run.leave.done", process=event.process, run=event.run))

    @property
    def parting(self) -> str:
        """What is said where the wizard was, once it is left: how to come back to a run that goes on without it."""
        state = self.run_state if self.jobs.watching else None
        return text("run.leave.left", run=state.run) if state is not None else ""

    # --- what a run asks

    @on(ConfirmWanted)
    def _confirm_wanted(self, event: ConfirmWanted) -> None:
        event.stop()
        rows = [f"? {row.id}{f' ({row.subject})' if row.subject else ''}: {row.evidence}" for row in event.findings]
        said = "\n".join([text("running.unknown.text"), "", *rows])

        def reply(answer: str | None) -> None:
            event.reply.put(answer == "go")
            self.answered()

        answers = (("", text("running.unknown.no")), ("go", text("running.unknown.yes")))
        self.call(waits=True)
        ask(self.app, text("running.unknown.title"), said, answers, reply)

    @on(QuestionAsked)
    def _question_asked(self, event: QuestionAsked) -> None:
        event.stop()
        question = event.question
        default = question.default

        def reply(answer: str | None) -> None:
            event.reply.put(answer or default)
            self.answered()

        # The one that changes nothing stands first: a key pressed by mistake takes it.
        choices = sorted(question.choices.items(), key=lambda row: row[0] != default)
        title = text("running.question.node", node=question.node) if question.node else text("running.question.title")
        self.call(waits=True)
        ask(self.app, title, question.text, choices, reply)

    # --- what a run tells

    @on(RunTold)
    async def _run_told(self, event: RunTold) -> None:
        from vmm_wizard.install.events import Finished, PreflightDone
        from vmm_wizard.tui.screens.done import DonePage
        from vmm_wizard.tui.screens.run import RunPage
        from vmm_wizard.wizard.calling import calls

        event.stop()
        state = self.run_state
        if state is None:
            return
        finished = None
        for entry, at in event.rows:
            state.take(entry, at)
            if event.is_past:
                continue
            if isinstance(entry, PreflightDone) or (isinstance(entry, Finished) and entry.findings):
                self.take_findings(entry.findings)
            if isinstance(entry, Finished):
                finished = entry
        if finished is not None:
            self.result = finished.result
            # What was said while it ran, such as that it is being stopped, is over.
            self.say("")
        for page in self.query(RunPage):
            page.tell(state)
        if finished is not None:
            for done in self.query(DonePage):
                done.tell(state)
            self.post_message(RunEnded(finished.result))
        if not event.is_past and any(map(calls, event.events)):
            self.call()
        self.show_title()
        self.refresh_view()

    @on(UsualsFound)
    def _usuals_found(self, event: UsualsFound) -> None:
        event.stop()
        if self.run_state is not None:
            self.run_state.usuals = event.usuals

    @on(FollowUpsTold)
    def _follow_ups_told(self, event: FollowUpsTold) -> None:
        from vmm_wizard.tui.screens.done import DonePage

        event.stop()
        self.follow_ups, self.follow_up_rows = event.lines, event.rows
        for page in self.query(DonePage):
            page.follow(event.lines, event.rows)
