"""T-SQL taken apart: tokens, statements, and SELECT rewritten so that sqlite evaluates it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from vmm_wizard.lab.tds_tokens import SqlError, Value

_TOKEN = re.compile(
    r"""(?P<space>(?:\s+|--[^\n]*|/\*.*?\*/)+)
    |(?P<string>[Nn]?'(?:[^']|'')*')
    |(?P<name>\[(?:[^\]]|\]\])*\]|"(?:[^"]|"")*")
    |(?P<number>0[xX][0-9A-Fa-f]*|\d+(?:\.\d+)?)
    |(?P<global>@@\w+)
    |(?P<variable>@\w+)
    |(?P<word>[A-Za-z_\#][\w$\#@]*)
    |(?P<symbol><>|<=|>=|!=|.)""",
    re.VERBOSE | re.DOTALL,
)

#: Words that begin a statement even where no semicolon stands before them.
_BEGINNERS = frozenset({"SELECT", "EXEC", "EXECUTE", "SET", "USE", "DECLARE", "CREATE", "DROP", "COMMIT", "ROLLBACK"})
#: Words after which SELECT goes on with the same statement.
_CONTINUERS = frozenset({"UNION", "ALL", "EXCEPT", "INTERSECT", "AS"})
#: Words that are functions without parentheses.
_BARE_FUNCTIONS = frozenset({"SYSTEM_USER", "SESSION_USER", "CURRENT_USER", "CURRENT_TIMESTAMP"})
#: Words that sqlite understands and SQL Server does not.
_FOREIGN_WORDS = frozenset({"LIMIT", "GLOB", "REGEXP", "NOTNULL", "PRAGMA", "USING"})
_SYSTEM_SCHEMAS = frozenset({"SYS", "INFORMATION_SCHEMA"})


@dataclass(frozen=True, slots=True)
class Token:
    """One lexical element. `text` of a string or a name is without its quotes."""

    kind: str
    text: str

    @property
    def word(self) -> str:
        """The keyword in upper case; empty for everything that is no word."""
        return self.text.upper() if self.kind == "word" else ""

    def is_symbol(self, symbol: str) -> bool:
        """Whether this is that punctuation."""
        return self.kind == "symbol" and self.text == symbol

    @property
    def is_identifier(self) -> bool:
        """Whether this can be part of a name."""
        return self.kind in ("word", "name")


def syntax_error(near: str) -> SqlError:
    """Error 102."""
    return SqlError(102, f"Incorrect syntax near '{near}'.", 1, 15)


def tokens(text: str) -> list[Token]:
    """The tokens of a batch, blanks and comments left out. Raises SqlError 105 for a string that never ends."""
    found = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "symbol"
        part = match.group()
        if kind == "space":
            continue
        if kind == "symbol" and part == "'":
            raise SqlError(
                105, f"Unclosed quotation mark after the character string '{text[match.end() :][:30]}'.", 1, 15
            )
        if kind == "string":
            part = part[part.index("'") + 1 : -1].replace("''", "'")
        elif kind == "name":
            close = part[-1]
            part = part[1:-1].replace(close * 2, close)
        found.append(Token(kind, part))
    return found


@lru_cache(64)
def statements(text: str) -> tuple[tuple[Token, ...], ...]:
    """The statements of a batch, each as its tokens, semicolons left out. The same few batches come again and again."""
    found: list[tuple[Token, ...]] = []
    current: list[Token] = []
    depth = 0
    for token in tokens(text):
        depth += token.is_symbol("(") - token.is_symbol(")")
        ends = depth == 0 and token.is_symbol(";")
        begins = depth == 0 and token.word in _BEGINNERS and bool(current) and not _goes_on(current, token)
        if (ends or begins) and current:
            found.append(tuple(current))
            current = []
        if not ends:
            current.append(token)
    if current:
        found.append(tuple(current))
    return tuple(found)


def _goes_on(current: Sequence[Token], token: Token) -> bool:
    if current[0].word == "IF":
        return True
    return token.word == "SET" or current[-1].word in _CONTINUERS or current[-1].is_symbol(".")


def quote_text(text: str) -> str:
    """A text literal for sqlite."""
    return "'" + text.replace("'", "''") + "'"


def quote_name(text: str) -> str:
    """An identifier for sqlite, in backticks: an unknown name in double quotes it would take for text."""
    return "`" + text.replace("`", "``") + "`"


class SelectTranslator:
    """One SELECT as sqlite has it. `view` gives the table of a system view, by database (or None) and name."""

    def __init__(
        self,
        statement: Sequence[Token],
        variables: Mapping[str, Value],
        view: Callable[[str | None, str], str],
    ) -> None:
        self._tokens = list(statement)
        self._variables = {name.casefold(): value for name, value in variables.items()}
        self._view = view
        self._at = 0
        self._out: list[str] = []
        self._parameters: list[Value] = []
        self._casts: list[bool] = []
        self._limit = ""

    def translate(self) -> tuple[str, list[Value]]:
        """The sqlite text and its positional parameters. Raises SqlError 102 and 137."""
        while self._at < len(self._tokens):
            self._step()
        if self._casts:
            raise syntax_error(")")
        return " ".join(self._out) + self._limit, self._parameters

    def _peek(self, ahead: int = 0) -> Token:
        at = self._at + ahead
        return self._tokens[at] if 0 <= at < len(self._tokens) else Token("end", "")

    def _expect(self, symbol: str) -> None:
        if not self._peek().is_symbol(symbol):
            raise syntax_error(self._peek().text or symbol)
        self._at += 1

    def _step(self) -> None:
        token = self._peek()
        if token.is_identifier and self._peek(1).is_symbol("."):
            self._qualified_name()
        elif token.kind == "word":
            self._word(token)
        else:
            self._other(token)

    def _other(self, token: Token) -> None:
        self._at += 1
        if token.kind == "string":
            self._out.append(quote_text(token.text))
        elif token.kind == "name":
            self._out.append(quote_name(token.text))
        elif token.kind == "global":
            self._out.append(f"GLOBALVAR({quote_text(token.text[2:].lower())})")
        elif token.kind == "variable":
            self._variable(token)
        elif token.is_symbol("+"):
            self._out.append("||" if self._is_text(self._peek(-2)) or self._is_text(self._peek()) else "+")
        elif token.is_symbol("|") and self._peek().is_symbol("|"):
            raise syntax_error("|")
        elif token.is_symbol("("):
            self._casts.append(False)
            self._out.append("(")
        elif token.is_symbol(")"):
            if not self._casts:
                raise syntax_error(")")
            self._casts.pop()
            self._out.append(")")
        else:
            self._out.append(token.text)

    def _variable(self, token: Token) -> None:
        if token.text.casefold() not in self._variables:
            raise SqlError(137, f'Must declare the scalar variable "{token.text}".', 2, 15)
        self._out.append("?")
        self._parameters.append(self._variables[token.text.casefold()])

    def _is_text(self, token: Token) -> bool:
        if token.kind == "variable":
            return isinstance(self._variables.get(token.text.casefold()), str)
        return token.kind == "string"

    def _word(self, token: Token) -> None:
        word = token.word
        opens = self._peek(1).is_symbol("(")
        if word in ("CAST", "TRY_CAST") and opens:
            self._at += 2
            self._casts.append(True)
            self._out.append("TSQL_CAST(")
        elif word in ("CONVERT", "TRY_CONVERT") and opens:
            self._at += 2
            self._casts.append(False)
            self._out.append(f"TSQL_CONVERT({self._type()}")
        elif word == "AS" and self._casts and self._casts[-1]:
            self._at += 1
            self._out.append(f", {self._type()}")
        elif word == "TOP":
            self._top()
        elif word == "CROSS" and self._peek(1).word == "APPLY":
            self._cross_apply()
        elif word in _BARE_FUNCTIONS and not opens:
            self._at += 1
            self._out.append(f"{word}()")
        elif word in _FOREIGN_WORDS:
            raise syntax_error(token.text)
        else:
            self._at += 1
            self._out.append(token.text)

    def _type(self) -> str:
        """A type such as nvarchar(128), as two arguments: its name and its length (0: none, -1: max)."""
        name = self._peek()
        if not name.is_identifier:
            raise syntax_error(name.text)
        self._at += 1
        length = "0"
        if self._peek().is_symbol("("):
            self._at += 1
            length = "-1" if self._peek().word == "MAX" else self._peek().text
            self._at += 1
            while not self._peek().is_symbol(")"):
                if self._peek().kind == "end":
                    raise syntax_error(name.text)
                self._at += 1
            self._at += 1
        return f"{quote_text(name.text.lower())}, {length}"

    def _top(self) -> None:
        self._at += 1
        in_parentheses = self._peek().is_symbol("(")
        self._at += in_parentheses
        count = self._peek()
        if count.kind != "number":
            raise syntax_error(count.text)
        self._at += 1
        if in_parentheses:
            self._expect(")")
        self._limit = f" LIMIT {count.text}"

    def _qualified_name(self) -> None:
        parts = [self._peek()]
        self._at += 1
        while self._peek().is_symbol(".") and (self._peek(1).is_identifier or self._peek(1).text in ("*", ".")):
            self._at += 1
            if self._peek().is_symbol("."):
                parts.append(Token("word", "dbo"))
                continue
            parts.append(self._peek())
            self._at += 1
        self._out.append(self._name(parts))

    def _name(self, parts: Sequence[Token]) -> str:
        last = parts[-1].text
        if len(parts) >= 2 and parts[-2].text.upper() in _SYSTEM_SCHEMAS:
            if self._peek().is_symbol("("):
                return last
            return self._view(parts[-3].text if len(parts) > 2 else None, last)
        if len(parts) == 3 and parts[1].text.casefold() == "dbo":
            return self._view(parts[0].text, f"dbo.{last}")
        if len(parts) > 2 or parts[0].text.casefold() == "dbo":
            raise SqlError(208, f"Invalid object name '{'.'.join(part.text for part in parts)}'.", 1, 16)
        return ".".join(part.text if part.text == "*" else quote_name(part.text) for part in parts)

    def _cross_apply(self) -> None:
        """`CROSS APPLY sys.view(a, b) AS x` is a join on the view's first two columns, which are its arguments."""
        self._at += 2
        if not (self._peek().word == "SYS" and self._peek(1).is_symbol(".")):
            raise syntax_error("APPLY")
        name = self._peek(2).text
        self._at += 3
        self._expect("(")
        arguments = [""]
        while not self._peek().is_symbol(")"):
            token = self._peek()
            if token.kind == "end":
                raise syntax_error(name)
            if token.is_symbol(","):
                arguments.append("")
            else:
                arguments[-1] += quote_name(token.text) if token.is_identifier else token.text
            self._at += 1
        self._at += 1
        self._at += self._peek().word == "AS"
        alias = quote_name(self._peek().text)
        self._at += 1
        condition = " AND ".join(f"{alias}.argument{i} = {text}" for i, text in enumerate(arguments))
        self._out.append(f"JOIN {self._view(None, name)} AS {alias} ON {condition}")
