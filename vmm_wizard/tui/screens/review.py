"""The page that shows everything before the run: all findings, and what setup will be given on each node."""

from __future__ import annotations

from collections.abc import Iterator

from textual import on
from textual.widget import Widget
from textual.widgets import Button, Static

from vmm_wizard.report.findings import remarks, sentence
from vmm_wizard.texts import counted, text
from vmm_wizard.tui.messages import RequestWanted, SaveWanted, SeeWanted
from vmm_wizard.tui.widgets.drawing import Drawing
from vmm_wizard.tui.widgets.findings import FindingsList
from vmm_wizard.tui.widgets.form import PageView, Pane
from vmm_wizard.wizard import flow, pages
from vmm_wizard.wizard.finding_lines import lines_of
from vmm_wizard.wizard.given import preview
from vmm_wizard.wizard.picture import Line, strokes_here

#: Columns and lines of a terminal from which the picture stands on the page itself.
PICTURE_WIDTH, PICTURE_HEIGHT = 110, 32


class Preview(Pane):
    """What setup will be given."""

    help_text = text("review.preview")
    help_subject = "thing:preview"


class Picture(Drawing):
    """The picture of the installation, on the page itself."""

    DEFAULT_CSS = "Picture { height: auto; max-height: 28; margin: 1 0; }"
    help_text = text("see.help.picture")


class ReviewPage(PageView):
    """Findings, files, and a button that saves."""

    page = pages.REVIEW

    def body(self) -> Iterator[Widget]:
        yield Static(id="review-sum", classes="section", markup=False)
        yield FindingsList(id="review-findings")
        yield Static(text("review.given"), classes="section")
        with Preview(id="preview"):
            yield Static(id="preview-text", markup=False)
        yield Picture(self._topology, id="review-picture")
        yield Button(text("review.save"), id="save", compact=True)
        yield Button(text("see.button"), id="see", compact=True)
        yield Button(text("see.request.button"), id="request", compact=True)

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
        self.query_one(Picture).redraw()

    def on_resize(self) -> None:
        width, height = self.app.size
        self.query_one(Picture).display = width >= PICTURE_WIDTH and height >= PICTURE_HEIGHT

    def _topology(self, width: int) -> tuple[Line, ...]:
        from vmm_wizard.wizard.topology import topology

        return topology(self.view, None, width, strokes_here())

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
