"""What a run asks whoever started it while it goes: one question with choices, answered by a word."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vmm_wizard.texts import text


@dataclass(frozen=True, slots=True)
class Question:
    """`text` is one or more sentences; `choices` say by the word of each answer what it does. `default` is what holds
    where nobody can be asked, and is always the one that changes nothing."""

    node: str
    text: str
    choices: Mapping[str, str]
    default: str


#: Gives the word of the chosen answer.
Ask = Callable[[Question], str]

WAIT, END = "wait", "end"
RESTART, LEAVE = "restart", "leave"


def take_default(question: Question) -> str:
    """The answer of nobody."""
    return question.default


def stuck_question(node: str, judgement: str) -> Question:
    """What to do with a setup that seems to wait at a dialog."""
    return Question(
        node,
        judgement,
        {
            WAIT: text("engine.asking.wait"),
            END: text("engine.asking.end", node=node),
        },
        WAIT,
    )


def restart_question(node: str, why: str) -> Question:
    """Whether to restart a node now, and `why` it wants that, as a sentence."""
    return Question(
        node,
        why,
        {
            LEAVE: text("engine.asking.leave"),
            RESTART: text("engine.asking.restart", node=node),
        },
        LEAVE,
    )
