"""The page that shows everything before the run: all findings, and what setup will be given on each node."""

from __future__ import annotations

from collections.abc import Iterator

from textual import on
from textual.widget import Widget
from textual.widgets import Button, Static

from vmm_wizard.report.findings import remarks, sentence
from vmm_wizard.texts import counted, text
from vmm_wizard.tui.messages import RequestWanted, SaveWanted, SeeWanted
from vmm_wizard.tui.widgets.button import LineButton
from vmm_wizard.tui.widgets.findings import FindingsList
from vmm_wizard.tui.widgets.form import PageView, Pane
from vmm_wizard.tui.widgets.picture import Picture
from vmm_wizard.wizard import flow, pages
from vmm_wizard.wizard.finding_lines import lines_of
from vmm_wizard.wizard.given import preview

#: Lines of a terminal from which the picture stands on the page itself.
TALL = 32


class Preview(Pane):
    """What setup will be given."""

    help_text = text("review.preview")
    help_subject = "thing:preview"


class ReviewPage(PageView):
    """Findings, files, and a button that saves."""

    page = pages.REVIEW

    def body(self) -> Iterator[Widget]:
        yield Static(id="review-sum", classes="section", markup=False)
        yield FindingsList(id="review-findings")
        yield Static(text("review.given"), classes="section")
        with Preview(id="preview"):
            yield Static(id="preview-text", markup=False)
        yield Picture(self.view, TALL)
        yield LineButton(text("review.save"), id="save")
        yield LineButton(text("see.button"), id="see")
        yield LineButton(text("see.request.button"), id="request")

    def show(self, view: flow.View) -> None:
        super().show(view)
        number = len(flow.obstacles(view))
        state = counted("review.before", number) if number else text("review.good")
        exceptions = view.plan.connection.certificate_exceptions
        told = [
            f"{sentence(view.findings)}. {state}",
            # While answers are awaited, nobody can say that an acceptance is for nothing.
            *(f"! {row}" for row in (exceptions if view.waiting else remarks(view.plan, view.findings))),
        ]
        self.query_one("#review-sum", Static).update("\n".join(told))
        self.query_one(FindingsList).show(lines_of(view, flow.worst_first(view.findings)))
        self.query_one("#preview-text", Static).update(preview(view))
        self.query_one(Picture).show(view)

    def on_resize(self) -> None:
        self.query_one(Picture).resized()

    @on(Button.Pressed, "#see")
    def _see(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(SeeWanted())

    @on(Button.Pressed, "#request")
    def _request(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(RequestWanted())

    @on(Button.Pressed, "#save")
    def _save(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(SaveWanted())
