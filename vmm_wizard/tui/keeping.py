"""What is typed and not saved outlives a terminal that goes, a request to end, and an error of ours: it is kept in the
state folder, without passwords, and offered at the next start."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING

from vmm_wizard import paths
from vmm_wizard.texts import text
from vmm_wizard.tui.asking import ask

if TYPE_CHECKING:
    from vmm_wizard.tui.app import WizardApp
    from vmm_wizard.wizard.recovery import Kept

_log = logging.getLogger(__name__)


def keep_unsaved(app: WizardApp) -> str:
    """Keep what is not saved; the sentence that says where, empty where all is saved or it cannot be kept."""
    from vmm_wizard.wizard.recovery import keep

    if app.jobs.practice:
        return ""
    try:
        path = keep(app.answers, paths.state_folder())
    except OSError as error:
        _log.warning("the answers could not be kept: %s", error)
        return ""
    return text("dialogs.kept.where", file=path) if path else ""


def keep_on_signals(app: WizardApp) -> None:
    """From now on a hang-up, and a request to end, keep what is not saved before they do what they did."""
    for name in ("SIGHUP", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            number = getattr(signal, name)
            signal.signal(number, _keeping(app, signal.getsignal(number)))


def _keeping(app: WizardApp, before: object) -> Callable[[int, FrameType | None], None]:
    def end(number: int, frame: FrameType | None) -> None:
        # The shell and the system each send a hang-up: the second is part of the first.
        signal.signal(number, lambda *_: None)
        with suppress(Exception):
            # What is typed and has not rested yet, too.
            app.wizard.leave()
        keep_unsaved(app)
        if callable(before):
            before(number, frame)
        else:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    return end


def offer_kept(app: WizardApp) -> None:
    """Offer the answers that were kept of this file, where there are any."""
    from vmm_wizard.wizard.recovery import forget, kept

    try:
        row = None if app.jobs.practice else kept(paths.state_folder(), app.answers.file)
    except OSError:
        return
    if row is None or app.screen is not app.wizard:
        return

    async def chosen(answer: str | None) -> None:
        if answer == "drop":
            forget(row.path)
        elif answer == "take":
            await _take(app, row)

    answers = [
        ("take", text("dialogs.kept.take")),
        ("", text("dialogs.kept.leave")),
        ("drop", text("dialogs.kept.drop")),
    ]
    said = text("dialogs.kept.found", when=f"{row.when:%Y-%m-%d %H:%M}", file=row.path)
    ask(app, text("dialogs.kept.title"), said, answers, chosen)


async def _take(app: WizardApp, row: Kept) -> None:
    """Put the answers that were kept into the wizard; they are no longer kept, and not saved."""
    from vmm_wizard.wizard.recovery import AnswersError, forget, take_up

    try:
        take_up(row, app.answers)
    except AnswersError as error:
        app.wizard.say(str(error))
        return
    forget(row.path)
    page = app.wizard.page
    await app.wizard.answers_replaced()
    await app.wizard.show_page(page)
    app.wizard.look()
    await app.wizard.begin_at_open()
    app.wizard.say(" ".join([text("dialogs.kept.taken"), app.wizard.status]).rstrip())
