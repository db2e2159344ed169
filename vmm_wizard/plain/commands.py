"""What can be typed at a prompt besides an answer: commands behind a colon, or alone where they can be no answer."""

from __future__ import annotations

from dataclasses import dataclass

from vmm_wizard.texts import text

#: What marks a command. No host, account, path, number or choice begins with it.
LEAD = ":"

HELP = "?"
#: The commands in the order in which help tells them.
NAMES = (
    *("up", "back", "next", "pages", "found", "again", "findings", "see", "explain"),
    *("request", "runs", "empty", "save", "lesson", "hint", "keys", "quit"),
)
#: Other words for them.
_OTHER_WORDS = {"help": "keys", "exit": "quit", "q": "quit", "b": "back", "n": "next"}


@dataclass(frozen=True, slots=True)
class Command:
    """A command by its name (`HELP`: help about the question), and what was typed behind it."""

    name: str
    rest: str = ""


class UnknownCommandError(ValueError):
    """What was typed begins as a command does, and is none. The text is one sentence."""


def read_command(line: str, *, words: bool) -> Command | None:
    """The command that `line` is; None when it is an answer. `words`: a command's name alone is one, too.

    Raises UnknownCommandError for an unknown word behind the colon.
    """
    line = line.strip()
    if line in (HELP, LEAD + HELP):
        return Command(HELP)
    if line.startswith(LEAD):
        word, _, rest = line[len(LEAD) :].strip().partition(" ")
        name = _name(word)
        if not name:
            raise UnknownCommandError(text("plain.unknown_command", word=line.split()[0], help=HELP))
        return Command(name, rest.strip())
    name = _name(line) if words and len(line) > 1 else ""
    return Command(name) if name else None


def exact_command(line: str) -> Command | None:
    """The command that `line` is to the letter, with nothing behind its name; None for all else, such as a password."""
    if line == HELP:
        return Command(HELP)
    return Command(line[len(LEAD) :]) if line.startswith(LEAD) and line[len(LEAD) :] in NAMES else None


def number_of(line: str, most: int) -> int | None:
    """The number from 1 to `most` that `line` is; None for all else, such as a thousand digits."""
    number = int(line) if line.isdecimal() and len(line) <= len(str(most)) else 0
    return number if 1 <= number <= most else None


def _name(word: str) -> str:
    word = word.casefold()
    return word if word in NAMES else _OTHER_WORDS.get(word, "")


def names_line() -> str:
    """All commands by their names alone."""
    return text("plain.commands", names=" ".join(f"{LEAD}{name}" for name in NAMES), lead=LEAD)


def command_lines() -> list[str]:
    """All commands, a line each."""
    return [
        f"{HELP}  {text('plain.command.help')}",
        *(f"{LEAD}{name}  {text(f'plain.command.{name}')}" for name in NAMES),
    ]
