"""The terminal of the wizard goes away, as when a connection breaks: a run that it carries out goes on by itself."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vmm_wizard.tui.runs import RunJobs

#: Seconds that handing over may take, with the stop between two steps before it.
PATIENCE = 120.0
#: How the process ends that has handed its run over.
_DETACHED = 5


def outlive_the_terminal(jobs: RunJobs) -> None:
    """From now on a run of `jobs` is handed over when the terminal goes away; without one all ends as ever.

    The handler waits where it is: there is no screen any more that could want the main thread. Windows has no such
    signal: there a run is let go by hand before.
    """
    if sys.platform == "win32":
        return

    def hung_up(number: int, frame: object) -> None:  # noqa: ARG001 - as signals call it
        if jobs.running and not jobs.watching and not jobs.cannot_leave:
            jobs.hand_over()
            jobs.run.settled.wait(PATIENCE)
            os._exit(_DETACHED)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGHUP)

    signal.signal(signal.SIGHUP, hung_up)


def end_with_the_terminal() -> None:
    """From now on a terminal that goes away without a signal, for it controls this process not, is a hang-up, too.

    Else Textual's reader would find the end of its input for ever, at full speed. Waiting costs nothing. Windows ends
    what is in a window with it.
    """
    if sys.platform == "win32" or not hasattr(select, "poll") or sys.__stdin__ is None:
        return
    gone = select.poll()
    # No event is asked for: that the other side has gone is told all the same.
    gone.register(sys.__stdin__.fileno(), 0)
    main = threading.main_thread().ident
    assert main is not None

    def wait() -> None:
        gone.poll()
        signal.pthread_kill(main, signal.SIGHUP)

    threading.Thread(target=wait, name="terminal", daemon=True).start()
