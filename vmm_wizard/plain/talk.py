"""One line at a time: what is said is wrapped, what is asked is asked until it is answered. Knows no wizard."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from vmm_wizard.plain.commands import (
    HELP,
    Command,
    UnknownCommandError,
    exact_command,
    names_line,
    number_of,
    read_command,
)
from vmm_wizard.printable import printable
from vmm_wizard.report.findings import paragraph
from vmm_wizard.texts import text

#: Columns that are kept free at the end of a line: some consoles break a line that fills the last one.
MARGIN = 1
#: Columns that a question leaves for its answer, where it is longer than a line.
ANSWER = 8
#: A blank at which no line ends.
_TOGETHER = "\N{NO-BREAK SPACE}"
#: Lines of a long text that are said at a time are this many fewer than the screen has.
KEPT = 2


class Console(Protocol):
    """Where lines come from and go to."""

    @property
    def width(self) -> int:
        """Columns of a line."""

    @property
    def height(self) -> int:
        """Lines of the screen; 0 where nobody waits for them (a log, a pipe)."""

    def write(self, line: str) -> None:
        """Say one line."""

    def read(self, prompt: str) -> str:
        """Ask for a line. Raises EOFError at the end of input."""

    def pasted(self) -> list[str]:
        """The lines that came at once behind the last one; none that were typed, ahead or in turn."""

    def read_secret(self, prompt: str) -> str:
        """Ask for a line that is not shown. Raises EOFError, and UnicodeError for letters in another encoding."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question. `words`: the name of a command alone is that command. `help` is said when it is asked for."""

    text: str
    help: Callable[[], Iterable[str]] = tuple
    words: bool = False
    #: Whether several lines that come at once may be one answer; else none of them is taken.
    gathers: bool = False
    #: The answer that is asked for, for commands that are about it.
    key: str = ""


@dataclass
class Talk:
    """What is said and asked on a console. `on_command` carries a command out, or leaves by an exception."""

    console: Console
    on_command: Callable[[Command, Prompt], None] = field(default=lambda *_: None)

    # --- saying

    @property
    def width(self) -> int:
        """Columns of a line."""
        return max(self.console.width - MARGIN, 20)

    def say(self, *sentences: str, indent: str = "") -> None:
        """Say sentences, each on lines of its own, wrapped; words stay whole, and so do commands."""
        for sentence in sentences:
            for line in paragraph(printable(sentence), indent, self.width):
                self.console.write(line)

    def item(self, head: str, sentence: str) -> None:
        """Say an item of a list: later lines are set in."""
        first, *rest = paragraph(printable(f"{head} {sentence}"), "  ", self.width)
        self.console.write(first.removeprefix("  "))
        for line in rest:
            self.console.write(line)

    def gap(self) -> None:
        """An empty line."""
        self.console.write("")

    def read_out(self, lines: Sequence[str], *, as_is: bool = False) -> None:
        """Say a long text, in parts where the screen has few lines. `as_is`: its lines are laid out already; what is
        longer is a command, which stays whole."""
        rows = [printable(line) for line in lines] if as_is else list(self._wrapped(lines))
        step = self.console.height - KEPT if self.console.height > 10 else len(rows)
        while rows:
            # What is asked about is no shorter than the question.
            part = rows[: step if len(rows) > step + KEPT else len(rows)]
            for row in part:
                self.console.write(row)
            rows = rows[len(part) :]
            if rows and not self._more(len(rows)):
                return

    def _wrapped(self, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            yield from paragraph(printable(line).strip(), _indent(line), self.width)

    def _more(self, left: int) -> bool:
        while True:
            try:
                answer = self.console.read(text("plain.more", number=left)).strip().casefold()
            except KeyboardInterrupt:
                self.gap()
                return False
            if not self.console.pasted():
                return not answer.startswith(("n", "q"))
            self.refuse((answer, *self.console.pasted()))

    # --- asking

    def ask(self, prompt: Callable[[], Prompt]) -> list[str]:
        """Ask until something is typed that is no command; gives back the line, or the lines that were pasted.

        `prompt` makes the question anew each time: a command may have changed it. Lines that come at once where one
        is wanted are taken for none: the second would answer a question that was not put yet.
        """
        while True:
            asked = prompt()
            try:
                line = self.console.read(self._led_to(asked.text))
            except KeyboardInterrupt:
                self.interrupted(asked)
                continue
            lines = [row.replace("\t", " ") for row in (line, *self.console.pasted())]
            if not lines[0].isprintable():
                self.say(text("plain.no_letters"))
                continue
            try:
                command = read_command(lines[0], words=asked.words)
            except UnknownCommandError as error:
                self.say(str(error))
                continue
            if len(lines) > 1 and (command is not None or not asked.gathers):
                self.refuse(lines)
            elif command is None:
                return [lines[0], *map(printable, lines[1:])]
            else:
                self._carry_out(command, asked)

    def refuse(self, lines: Sequence[str]) -> None:
        """Say that these lines came at once where one is wanted, and that none was taken."""
        rows = [row.strip() for row in lines if row.strip()]
        self.say(text("plain.at_once", number=len(rows), first=rows[0], last=rows[-1]))

    def ask_secret(self, question: str, help: Callable[[], Iterable[str]] = tuple) -> str:
        """Ask for a line that is not shown; empty when nothing is given.

        The name of a command behind its colon is that command here too: each password is a logon that counts, and
        somebody who wants to go back is not to lock an account. All else is a password.
        """
        while True:
            prompt = Prompt(question, help)
            try:
                secret = self.console.read_secret(self._led_to(question))
            except KeyboardInterrupt:
                self.interrupted(prompt)
                continue
            except UnicodeError:
                self.say(text("plain.no_encoding"))
                continue
            if self.console.pasted():
                self.say(text("plain.one_password"))
                continue
            command = exact_command(secret)
            if command is None:
                return secret
            self._carry_out(command, prompt)

    def _carry_out(self, command: Command, prompt: Prompt) -> None:
        if command.name == HELP:
            self.read_out([*prompt.help(), names_line()])
        else:
            self.on_command(command, prompt)

    def _led_to(self, question: str) -> str:
        """Say all of a question but its last line, which is the prompt; room is left for an answer."""
        *rows, last = paragraph(f"{printable(question)}:", "", max(self.width - ANSWER, 20))
        for row in rows:
            self.console.write(row.replace(_TOGETHER, " "))
        return f"{last.replace(_TOGETHER, ' ')} "

    def interrupted(self, prompt: Prompt) -> None:
        """Ctrl+C at a question is the wish to leave."""
        self.gap()
        self.on_command(Command("quit"), prompt)

    def choose(
        self,
        question: str,
        answers: Sequence[tuple[str, str]],
        *,
        default: str = "",
        about: Callable[[], Iterable[str]] = tuple,
    ) -> str:
        """Ask for one of a few answers, (key, text) each, by its number; gives back its key. Enter takes `default`."""
        place = next((number for number, (key, _) in enumerate(answers, 1) if key == default), 1)
        rows = [f"{number}. {said}" for number, (_, said) in enumerate(answers, 1)]
        for row in rows:
            self.item(*row.split(" ", 1))
        while True:
            lines = self.ask(lambda: Prompt(f"{question} [{place}]", lambda: [*about(), *rows], words=True))
            chosen = lines[0].strip() or str(place)
            taken = number_of(chosen, len(answers))
            if taken is not None:
                return answers[taken - 1][0]
            self.say(text("plain.not_a_number", typed=chosen, number=len(answers)))

    def line(self, question: str) -> str:
        """Ask for a line of text that may be empty."""
        return self.ask(lambda: Prompt(question))[0].strip()

    def agree(self, question: str, *, default: bool = False) -> bool:
        """Ask for yes or no."""
        said = "yes" if default else "no"
        kinds = f"({text('plain.flag')}) [{said}]".replace(" ", _TOGETHER)
        while True:
            typed = self.ask(lambda: Prompt(f"{question} {kinds}", words=True))[0]
            line = typed.strip().casefold() or said
            if line in ("y", "yes", "n", "no"):
                return line.startswith("y")
            self.say(text("plain.yes_or_no", typed=line))


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" "))]
