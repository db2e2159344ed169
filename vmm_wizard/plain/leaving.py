"""Saving, and leaving: by the wish to, and by the end of the input, which loses nothing that was typed."""

from __future__ import annotations

import logging
from pathlib import Path

from vmm_wizard.plain import running
from vmm_wizard.plain.state import Leave, State
from vmm_wizard.texts import text
from vmm_wizard.wizard.recovery import forget, keep
from vmm_wizard.wizard.sharing import NameRefusedError, answers_named

_log = logging.getLogger(__name__)

#: The name that is offered for a new file.
NEW = "answers.toml"


def save(state: State, name: str = "") -> bool:
    """Save the answers to their file, or to one that is named; False when they are not."""
    talk, own = state.talk, state.answers.file
    if not name and own is None:
        talk.say(text("plain.save_about"))
        name = talk.line(text("plain.save_where", default=NEW)) or NEW
    try:
        file = answers_named(name) if name or own is None else own
    except NameRefusedError as error:
        talk.say(f"X {error}")
        return False
    if file != own and _is_there(file) and not talk.agree(text("plain.save_into", file=file)):
        talk.say(text("plain.not_saved"))
        return False
    try:
        state.answers.save(file)
    except OSError as error:
        talk.say(f"X {text('plain.save_failed', file=file, why=error.strerror or error)}")
        return False
    _settled(state)
    talk.say(text("plain.saved", file=file.absolute()))
    return True


def _is_there(file: Path) -> bool:
    try:
        return file.exists()
    except OSError:
        # Writing it says why.
        return False


def _settled(state: State) -> None:
    """What was kept is saved now, or given up."""
    if state.taken_up is not None:
        forget(state.taken_up)
        state.taken_up = None


def leave(state: State) -> None:
    """Leave, once it is said what becomes of answers that are not saved. Raises Leave, or comes back to stay."""
    if not state.answers.unsaved:
        raise Leave
    talk = state.talk
    talk.say(text("quit.unsaved"))
    answers = (("save", text("quit.save")), ("quit", text("quit.quit")), ("", text("quit.stay")))
    chosen = talk.choose(text("quit.title"), answers)
    if chosen == "quit":
        _settled(state)
        raise Leave
    if chosen == "save" and save(state):
        raise Leave


def cut_off(state: State) -> None:
    """The input has ended: keep what is not saved, and say where it is."""
    lines = [text("plain.input_ended")]
    if state.answers.unsaved:
        lines.append(_keep(state))
    if state.running:
        lines.append(running.outlive(state))
    try:
        state.talk.gap()
        state.talk.say(*lines)
    except (OSError, EOFError):
        # The terminal has gone, too. The file is there.
        _log.info("cut off: %s", " ".join(lines))


def _keep(state: State) -> str:
    """Keep the answers; what was done, as a sentence."""
    if state.keeps is None:
        return text("plain.practice_lost")
    try:
        path = keep(state.answers, state.keeps)
    except OSError as error:
        return text("plain.keep_failed", why=error.strerror or error)
    if state.taken_up is not None and state.taken_up != path:
        forget(state.taken_up)
    return text("plain.kept", file=path)
