"""What is known of passwords without knowing them. See `facts/model.py`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PasswordFacts:
    """What one bind to one DC said of an account's password. `refusal` is AD's sub-code in lower case hexadecimal
    (`52e`, `533`, ...), empty when the bind was good. `meaning` is that code in words."""

    account: str
    accepted: bool
    refusal: str = ""
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class PasswordShape:
    """What setup's command line makes of a password, without the password: its length in characters and its marks.

    `starts_with_switch_mark`: the first character is `/` or `-`, which setup takes for a switch (PHX).
    """

    length: int
    starts_with_switch_mark: bool
    has_double_quote: bool
    ends_with_backslash: bool

    @classmethod
    def of(cls, password: str) -> PasswordShape:
        """The shape of `password`; nothing of its text is kept."""
        return cls(len(password), password[:1] in ("/", "-"), '"' in password, password.endswith("\\"))
