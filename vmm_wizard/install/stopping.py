"""Where a run may be stopped, and where the point of no return lies: a sentence for each step."""

from __future__ import annotations

_SENTENCES = {
    "preflight": "safe to stop here: this step only looks",
    "stage": "safe to stop here: what was copied to {node} is taken away again",
    "start": "safe to stop here: the task on {node} waits for the passwords and is taken away again; "
    "the point of no return is when it has them",
    "by hand": "safe to stop here until setup was started on {node}: what was copied there is taken away again",
    "setup": "past the point of no return on {node}: who stops now leaves setup running, and `resume` goes on with it; "
    "ending setup itself leaves {node} half done",
    "uninstall": "past the point of no return on {node}: who stops now leaves the removal running, and `resume` goes "
    "on with it; ending it leaves {node} half done",
    "console": "who stops now leaves setup running on {node}, and `resume` goes on with it",
    "move": "the role moves to {node} whatever happens here: consoles are cut off for as long as that takes",
    "report": "safe to stop here: this step only asks",
    "restart": "{node} restarts whatever happens here, and `resume` waits for it again",
    "end": "setup's processes on {node} are being ended: wait for the step's end",
    "clear": "safe to stop here: what is left of the run on {node} is taken away by `resume`",
    "verify": "safe to stop here: this step only looks",
}
_OTHER = "the run stops after this step; `resume` goes on with it"


def where_to_stop(step: str, node: str) -> str:
    """What stopping means while a run is at `step` of `node` (empty: the run as a whole), as a part of a sentence."""
    return _SENTENCES.get(step, _OTHER).format(node=node or "the node")
