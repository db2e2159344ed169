"""What the wizard's screen does with runs: starts, follows and stops them, asks for them, and takes up earlier ones."""

from __future__ import annotations

from textual import on

from vmm_wizard.checks.registry import Finding
from vmm_wizard.install.events import Finished, PreflightDone, RunStarted
from vmm_wizard.tui.jobs import Jobs
from vmm_wizard.tui.messages import (
    ConfirmWanted,
    FollowUpsTold,
    QuestionAsked,
    RunEnded,
    RunTold,
    StartWanted,
    StopWanted,
    UnfinishedFound,
)
from vmm_wizard.tui.screens.dialogs import ChoiceDialog
from vmm_wizard.tui.screens.done import DonePage
from vmm_wizard.tui.screens.finding import FindingScreen
from vmm_wizard.tui.screens.run import RunPage
from vmm_wizard.wizard import flow, pages
from vmm_wizard.wizard.answers import Answers
from vmm_wizard.wizard.order_fields import carried_out
from vmm_wizard.wizard.run_state import RunState
from vmm_wizard.wizard.run_words import deed, promise, words


class RunScreen(FindingScreen):
    """The part of the one screen that runs are started, followed and stopped from."""

    def __init__(self, answers: Answers, jobs: Jobs) -> None:
        super().__init__(answers, jobs)
        self.run_state: RunState | None = None
        self.follow_ups: tuple[str, ...] = ()
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

    async def show_page(self, page: pages.Page) -> None:
        """Put `page` in front."""
        raise NotImplementedError

    async def answers_replaced(self) -> None:
        """All answers are others now: what was made of the old ones goes."""
        raise NotImplementedError

    # --- starting

    @on(StartWanted)
    def _start_wanted(self, event: StartWanted) -> None:
        event.stop()
        self.leave()
        view = self.view
        rows = flow.obstacles(view)
        if rows:
            self.say(f"not started: {rows[0]}")
            return

        def start(answer: str | None) -> None:
            if answer == "start":
                self._start_run()

        answers = (("", "No, go back"), ("start", f"Yes: {deed(view)}"))
        self.app.push_screen(ChoiceDialog(f"{words(view.order.job).start}?", promise(view), answers), start)

    def _start_run(self) -> None:
        order = carried_out(self.answers.order, self.answers.plan)
        self._begin(RunState(self.answers.plan, order))
        self.jobs.carry_out(self.answers.plan, order)
        self._shown()

    def _begin(self, state: RunState) -> None:
        self.run_state, self.result, self.follow_ups = state, "", ()
        for page in self.query(DonePage):
            page.follow(())
        self.query_one(RunPage).clear()

    def _shown(self) -> None:
        assert self.run_state is not None
        page = self.query_one(RunPage)
        page.tell(self.run_state, ())
        self.refresh_view()
        page.query_one("#log").focus()

    # --- stopping

    @on(StopWanted)
    def _stop_wanted(self, event: StopWanted) -> None:
        event.stop()
        state = self.run_state
        running = state is not None and state.is_running_setup
        answers = [("", "No, go on")]
        if self.jobs.watching:
            text = "Another process of this computer carries the run out. It is only no longer followed here."
            answers.append(("stop", "Yes: follow it no longer"))
        elif running:
            text = (
                "Setup is running on a node. It cannot be stopped safely, so the wizard lets go of it and setup goes "
                "on there; start again, later, to follow it."
            )
            answers += [("stop", "Yes: let go of setup"), ("end", "End setup on the node, too ...")]
        else:
            text = "The run stops before its next step. What waits on a node is removed; what is installed stays."
            answers.append(("stop", "Yes: stop"))
        if state is not None and state.stopping and not self.jobs.watching:
            text = f"{text}\n\n{state.stopping}"

        def stop(answer: str | None) -> None:
            if answer == "stop":
                self.jobs.stop()
                self.say("stopping ...")
            elif answer == "end":
                self._end_wanted()

        self.app.push_screen(ChoiceDialog("Stop the run?", text, answers), stop)

    def _end_wanted(self) -> None:
        """Ending a running setup is asked for twice."""
        text = (
            "Setup undoes nothing when its processes are ended. The node is left half done: files, perhaps the "
            "service, the database, the cluster role. The wizard will say what is left and how to clean it."
        )

        def end(answer: str | None) -> None:
            if answer == "end":
                self.jobs.stop(end_setup=True)
                self.say("ending setup ...")

        answers = (("", "No, let it run"), ("end", "Yes: end setup's processes now"))
        self.app.push_screen(ChoiceDialog("End setup in the middle?", text, answers), end)

    # --- what a run asks

    @on(ConfirmWanted)
    def _confirm_wanted(self, event: ConfirmWanted) -> None:
        event.stop()
        rows = [f"? {row.id}{f' ({row.subject})' if row.subject else ''}: {row.evidence}" for row in event.findings]
        text = "\n".join(["This could not be found out. Setup may go well all the same:", "", *rows])

        def reply(answer: str | None) -> None:
            event.reply.put(answer == "go")

        answers = (("", "No, stop here"), ("go", "Yes: go on though it is unknown"))
        self.app.push_screen(ChoiceDialog("Go on with something unknown?", text, answers), reply)

    @on(QuestionAsked)
    def _question_asked(self, event: QuestionAsked) -> None:
        event.stop()
        question = event.question
        default = question.default

        def reply(answer: str | None) -> None:
            event.reply.put(answer or default)

        # The one that changes nothing stands first: a key pressed by mistake takes it.
        choices = sorted(question.choices.items(), key=lambda row: row[0] != default)
        title = f"A question about {question.node}" if question.node else "A question"
        self.app.bell()
        self.app.push_screen(ChoiceDialog(title, question.text, choices), reply)

    # --- what a run tells

    @on(RunTold)
    async def _run_told(self, event: RunTold) -> None:
        event.stop()
        if self.run_state is None:
            return
        lines: list[str] = []
        finished = None
        for entry in event.events:
            if isinstance(entry, RunStarted):
                # Who follows another process' run hears of a later start of it, too.
                self.run_state = RunState(self.run_state.plan, self.run_state.order)
            lines += self.run_state.take(entry)
            if isinstance(entry, PreflightDone) or (isinstance(entry, Finished) and entry.findings):
                self.take_findings(entry.findings)
            if isinstance(entry, Finished):
                finished = entry
        for page in self.query(RunPage):
            page.tell(self.run_state, lines)
        if finished is not None:
            self.result = finished.result
            for done in self.query(DonePage):
                done.tell(self.run_state)
            self.post_message(RunEnded(finished.result))
        self.refresh_view()

    @on(FollowUpsTold)
    def _follow_ups_told(self, event: FollowUpsTold) -> None:
        event.stop()
        self.follow_ups = event.lines
        for page in self.query(DonePage):
            page.follow(event.lines)

    # --- runs that never ended

    @on(UnfinishedFound)
    def _unfinished_found(self, event: UnfinishedFound) -> None:
        event.stop()
        run = event.run
        if self.jobs.running or self.app.screen is not self:
            return
        text = (
            f"Run {run.id} ({run.job} on {event.plan.cluster.name}), begun {run.started:%Y-%m-%d %H:%M} UTC by "
            f"{run.owner or 'somebody'}, has not ended: {event.here}."
        )
        if event.working:
            text += "\n\nAnother process of this computer carries it out now."
            answers = [("watch", "Follow it"), ("", "Leave it alone")]
        else:
            text += "\n\nNobody carries it out. Going on takes its answers; what is done is not done again."
            answers = [("take", "Go on with it"), ("", "Leave it alone")]

        async def chosen(answer: str | None) -> None:
            if answer:
                await self._take_up(event, watch=answer == "watch")

        self.app.push_screen(ChoiceDialog("A run is not finished", text, answers), chosen)

    async def _take_up(self, event: UnfinishedFound, *, watch: bool) -> None:
        """Make the answers those of the run, and follow it or get ready to go on with it."""
        self.answers.take(event.plan, event.run.order)
        await self.answers_replaced()
        await self.show_page(pages.RUN)
        if watch:
            self._begin(RunState(event.plan, event.run.order))
            self.jobs.attach(event.run, event.plan)
            self._shown()
        else:
            self.look()
            self.say("these are the answers of that run: start it to go on")
