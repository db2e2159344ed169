"""A colleague of the practice estate: where setup was staged to be started by hand, he goes there and starts it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from vmm_wizard.lab.console_logon import ScriptRefused, sit_down, waiting_runs
from vmm_wizard.lab.logons import LogonRefused

if TYPE_CHECKING:
    from vmm_wizard.lab.estate import Estate
    from vmm_wizard.lab.node import Node

#: Estate seconds between his looks, and from seeing a script to starting it.
LOOK, WALK = 10.0, 60.0


class Colleague:
    """Use as a context manager: he works until the block ends. `told` is called with a sentence for what he does."""

    def __init__(self, estate: Estate, told: Callable[[str], None] = lambda _: None) -> None:
        self._estate = estate
        self._told = told
        self._gone = threading.Event()
        self._seen: set[tuple[str, str]] = set()

    def __enter__(self) -> Colleague:
        threading.Thread(target=self._work, name="colleague", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._gone.set()

    def _work(self) -> None:
        while not self._estate.clock.wait(LOOK, self._gone):
            for node in self._estate.nodes.values():
                waiting = set() if node.power.is_down else {(node.dns_name, run_id) for run_id in waiting_runs(node)}
                # What is staged anew after it was taken away is another thing to start.
                self._seen = {row for row in self._seen if row[0] != node.dns_name or row in waiting}
                for row in sorted(waiting - self._seen):
                    self._seen.add(row)
                    threading.Thread(target=self._go, args=(node, row[1]), daemon=True).start()

    def _go(self, node: Node, run_id: str) -> None:
        self._told(f"a colleague has seen run-setup.ps1 of run {run_id}, and goes to the console of {node.dns_name}")
        if self._estate.clock.wait(WALK, self._gone):
            return
        try:
            code = sit_down(node, run_id, self._password)
        except (ScriptRefused, LogonRefused) as refused:
            self._told(f"at the console of {node.dns_name}: {refused}")
        else:
            self._told(f"at the console of {node.dns_name} setup has ended with exit code {code}")

    def _password(self, account: str) -> str:
        known = self._estate.logons.find(account)
        return known.password if known else ""
