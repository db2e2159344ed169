"""What the start of the wizard puts off until its first page is on the screen."""

from __future__ import annotations

import gc
import logging
import threading
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.app import App


_log = logging.getLogger(__name__)

#: The look of all that is not on the first page.
_LOOK = Path(__file__).parent / "pages.tcss"

#: What is loaded while somebody reads the first page, in the order in which it can be wanted: by the first answer that
#: is typed, by a key that opens a dialog, by the next page.
_LATER = (
    *("wizard.filling", "wizard.found_accounts", "wizard.stale", "wizard.help", "tui.screens.dialogs"),
    *("tui.screens.views", "tui.widgets.found_field", "tui.widgets.rows_field", "tui.screens.palette"),
    *("tui.screens.help_dialog", "tui.screens.see", "tui.screens.accept_dialog", "wizard.pasting"),
)


def put_off_collecting() -> None:
    """No garbage is collected until `after_the_first_paint`: the collector would walk all that is being loaded, again
    and again, and find next to nothing. It takes a tenth of the time until the first page."""
    gc.disable()


def after_the_first_paint(app: App[int]) -> None:
    """Collect garbage from now on, but not among what is loaded; read the look of the other pages and of dialogs; and
    load in a thread what the first page did not need, so that nobody who types on waits for it."""
    sheet = app.stylesheet
    if not sheet.has_source(str(_LOOK)):
        sheet.read(_LOOK)
        sheet.parse()
        if len(app.screen_stack) > 1:
            # A dialog was there first.
            app.refresh_css(animate=False)
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
    threading.Thread(target=_load, name="wizard loading", daemon=True).start()


def _load() -> None:
    for name in _LATER:
        try:
            import_module(f"vmm_wizard.{name}")
        except Exception:
            # Whoever needs it meets the same error, where it is told.
            _log.exception("%s cannot be loaded", name)
