"""A console for tests: it answers each question as a script says, and holds what was said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from tests.tui.wizards import nowhere
from vmm_wizard.addresses import Addresses
from vmm_wizard.plain.estate import Estate
from vmm_wizard.plain.session import Session
from vmm_wizard.plain.state import State
from vmm_wizard.plain.talk import Talk
from vmm_wizard.plan.secrets import Secrets
from vmm_wizard.wizard.answers import Answers

#: Typed to a question: a line, several that were pasted, or Ctrl+C.
Typed = str | list[str] | type[KeyboardInterrupt]
#: What is typed, by what the question begins with; None: nothing of it fits.
Rule = Callable[[str], "Typed | None"]


class Scripted:
    """A console of 80 columns. `said` has every line, questions with their answers; `width` may be changed."""

    def __init__(self, *typed: Typed, otherwise: Rule | None = None) -> None:
        self.width, self.height = 80, 0
        self.said: list[str] = []
        #: The lines of it that are questions.
        self.asked: list[str] = []
        self._typed: Iterator[Typed] = iter(typed)
        self._otherwise = otherwise
        self._pasted: list[str] = []

    @property
    def text(self) -> str:
        """All that was said, on one line."""
        return " ".join(" ".join(self.said).split())

    def write(self, line: str) -> None:
        assert "\n" not in line
        self.said.append(line)

    def read(self, prompt: str) -> str:
        typed = self._next(prompt)
        return self._first_of(typed)

    def pasted(self) -> list[str]:
        return self._pasted

    def read_secret(self, prompt: str) -> str:
        return self._first_of(self._next(prompt, shown=False))

    def _first_of(self, typed: str | list[str]) -> str:
        first, *self._pasted = typed if isinstance(typed, list) else [typed]
        return first

    def _next(self, prompt: str, *, shown: bool = True) -> str | list[str]:
        # A question may have begun on the lines before.
        typed: Typed | None = self._otherwise(prompt) if self._otherwise else None
        if typed is None:
            typed = next(self._typed, None)
        self.said.append(f"{prompt}{typed if shown and isinstance(typed, str) else ''}")
        self.asked.append(self.said[-1])
        assert prompt.endswith(": ")
        if typed is None:
            raise EOFError
        if typed is KeyboardInterrupt:
            raise KeyboardInterrupt
        assert isinstance(typed, str | list)
        return typed


class Interrupted(Scripted):
    """A console at which somebody presses Ctrl+C once, when a line is said that begins with these words."""

    def __init__(
        self,
        words: str,
        *typed: Typed,
        otherwise: Rule | None = None,
        by: type[BaseException] = KeyboardInterrupt,
    ) -> None:
        super().__init__(*typed, otherwise=otherwise)
        self._words: str | None = words
        self._by = by

    def write(self, line: str) -> None:
        super().write(line)
        if self._words is not None and line.startswith(self._words):
            self._words = None
            raise self._by


def a_session(
    console: Scripted,
    folder: Path,
    answers: Answers | None = None,
    *,
    addresses: Addresses | None = None,
    secrets: Secrets | None = None,
) -> Session:
    """A sitting at `console`, in an estate that does not answer unless `addresses` are given."""
    estate = Estate(secrets or Secrets(), addresses or nowhere(folder))
    return Session(State(answers or Answers(), estate, Talk(console), folder / "state", rest=0))
