"""The line of keys at the foot of the screen."""

from __future__ import annotations

from typing import Any

from textual.screen import Screen
from textual.widgets import Footer


class KeysFooter(Footer):
    """The keys that work now. They are put up anew only when they are others, not whenever another field has the focus:
    that would be repainted over the admin's line with every Tab."""

    _shown: tuple[tuple[str, str, bool], ...] | None = None

    def bindings_changed(self, screen: Screen[Any]) -> None:
        """Told by the screen when the focus moves or a binding changes."""
        shown = tuple(
            (row.binding.key, row.binding.description, row.enabled)
            for row in screen.active_bindings.values()
            if row.binding.show
        )
        if self._bindings_ready and shown == self._shown:
            return
        if self.is_attached and screen is self.screen and screen.app.app_focus:
            self._shown = shown
        super().bindings_changed(screen)
