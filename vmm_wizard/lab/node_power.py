"""A simulated node that goes down and comes back, or never does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from vmm_wizard.lab.moments import BOOT
from vmm_wizard.lab.processes import ProcessEnd

if TYPE_CHECKING:
    from vmm_wizard.lab.node import Node

#: How long Windows has been up when the estate begins, in estate seconds.
_UP_SECONDS = 9.0 * 86_400


class Power:
    """Whether a node is up."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._lock = threading.Lock()
        self.is_down = False
        self._is_scheduled = False
        self._origin = node.clock.date()
        self._booted = -_UP_SECONDS

    @property
    def boot_time(self) -> datetime:
        """When Windows began (UTC): in estate time, so that a restart always shows."""
        return self._origin + timedelta(seconds=self._booted)

    def restart_in(self, delay: float, away: float) -> bool:
        """Restart after `delay` estate seconds, for `away`. False: a restart is on its way already."""
        with self._lock:
            if self._is_scheduled or self.is_down:
                return False
            self._is_scheduled = True
        arguments = (delay, away)
        threading.Thread(
            target=self._shut_down, args=arguments, name=f"shutdown {self._node.dns_name}", daemon=True
        ).start()
        return True

    def _shut_down(self, delay: float, away: float) -> None:
        if not self._node.clock.wait(delay, self._node.estate.stop):
            self.restart(away)

    def restart(self, away: float | None) -> None:
        """Windows goes down now, and is back after `away` estate seconds; None: never.

        What runs ends in the midst of it: sessions, the task, setup. Files, registry and registered tasks stay as they
        are. May be called by what ends.
        """
        with self._lock:
            if self.is_down:
                return
            self.is_down = True
        node = self._node
        node.estate.node_away(node.dns_name)
        reopen = node.wire.shut()
        node.scheduler.shut_down()
        ended, node.consoles = node.consoles, ProcessEnd()
        ended.set()
        for process in node.processes:
            process.terminate()
        node.processes.clear()
        if away is not None:
            arguments = (away, reopen)
            threading.Thread(target=self._boot, args=arguments, name=f"boot {node.dns_name}", daemon=True).start()

    def _boot(self, away: float, reopen: Callable[[], None]) -> None:
        node = self._node
        if node.clock.wait(away, node.estate.stop):
            return
        self._booted = node.clock.seconds()
        state = node.state
        state.pending_component_servicing = state.pending_windows_update = state.pending_file_renames = False
        self.is_down = self._is_scheduled = False
        node.estate.node_back(node.dns_name)
        reopen()
        node.reached(BOOT)
