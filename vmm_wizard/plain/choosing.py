"""What was found in the estate, as numbered lists beside a question: chosen from, looked for by letters, opened."""

from __future__ import annotations

import re

from vmm_wizard.checks.registry import Finding, Status
from vmm_wizard.facts.model import NoAnswer
from vmm_wizard.plain import told
from vmm_wizard.plain.commands import LEAD, number_of
from vmm_wizard.plain.state import State
from vmm_wizard.plain.talk import Prompt
from vmm_wizard.texts import counted, text
from vmm_wizard.wizard.filling import fill_ins, filled
from vmm_wizard.wizard.found import KEYS, MOST, Offering, Suggestion, offering, why_none
from vmm_wizard.wizard.found_accounts import wants_accounts
from vmm_wizard.wizard.found_keys import ACCOUNT_KEYS, CONTAINER
from vmm_wizard.wizard.pages import LABELS
from vmm_wizard.wizard.suggesting import letters_of, texts_of

#: What was found is listed with the question up to here; the command lists all of it.
LISTED = 9
_TURN = re.compile(r"[+-]\s*(\d+)")


def offered(state: State, key: str, typed: str | None = None) -> Offering | None:
    """What an answer can be filled with; None while nothing was found. `typed`: letters to look for, else what stands
    in the answer though it is none."""
    typed = typed or state.answers.texts.get(key)
    return offering(key, state.estate.found, state.answers.plan, state.estate.asked, typed)


def tell_found(state: State, key: str, most: int, typed: str | None = None) -> Offering | None:
    """List what was found for an answer, the first of it; gives back what can be chosen from."""
    rows = offered(state, key, typed)
    if rows is None:
        return None
    state.listed = key
    notes = {
        CONTAINER: text("plain.note.container"),
        **dict.fromkeys(ACCOUNT_KEYS, text("plain.note.account")),
    }
    note = notes.get(key, rows.note)
    state.talk.say(f"{rows.title}:", *([note] if note else []))
    for number, row in enumerate(rows.suggestions[:most], 1):
        state.talk.item(f"{number}.", row.line)
    left = len(rows.suggestions) - most
    if left > 0:
        state.talk.say(counted("plain.more_found", left, lead=LEAD))
    return rows


def is_number(state: State, key: str, typed: str) -> bool:
    """Whether what is typed is the number of something that was found."""
    turned, rows = _TURN.fullmatch(typed), offered(state, key)
    return number_of(turned[1] if turned else typed, len(rows.suggestions) if rows else 0) is not None


def tell_others(state: State, key: str) -> None:
    """Say how many others were found than what stands in the answer."""
    rows, present = offered(state, key), state.answers.text(key)
    number = sum(row.answers.get(key, present) != present for row in rows.suggestions) if rows else 0
    if number:
        state.talk.say(counted("plain.other_found", number, lead=LEAD))


def by_number(state: State, key: str, typed: str, rows: Offering | None = None) -> bool | None:
    """Do what a number of the list says: take that row, or open or close it (`+3`). Gives back whether the question is
    answered by it; None where there is no such number."""
    turned = _TURN.fullmatch(typed)
    rows = rows or offered(state, key)
    number = number_of(turned[1] if turned else typed, len(rows.suggestions) if rows else 0)
    if rows is None or number is None:
        return None
    row = rows.suggestions[number - 1]
    if row.answers and not turned:
        take(state, row)
        return True
    if not row.opens:
        return None
    _turn(state, row)
    tell_found(state, key, MOST)
    return False


def take(state: State, row: Suggestion) -> None:
    """Put what was chosen into its answers, and say which; make it, where it is still to be made."""
    texts, implied = texts_of(row, state.answers)
    for key, said in texts.items():
        state.answers.answer(key, said)
        state.talk.say(f"{LABELS[key]}: {state.answers.text(key) or text('plain.nothing')}", indent="  ")
    if implied:
        state.talk.say(filled(implied))
    state.look()
    if row.creates:
        told.mend_now(state, (Finding("DKM-01", "", "dkm", "", Status.FAIL, "", "", ""),))


def fill(state: State, *keys: str) -> None:
    """Answer what the answers that were just given imply, where nothing is answered, and say so."""
    texts = fill_ins(keys, state.answers, state.estate.found)
    for key, said in texts.items():
        state.answers.answer(key, said)
    if texts:
        state.talk.say(filled(texts))


def _turn(state: State, row: Suggestion) -> None:
    """Open a line of the tree, or close it; what lies below is asked for once."""
    estate = state.estate
    estate.asked = estate.asked.with_turned(row.opens)
    if row.opens in estate.asked.turned and row.opens not in estate.asked.children:
        answer = estate.children(state.answers.plan, row.opens, state.tell_waiting)
        if answer is not None:
            estate.asked = estate.asked.with_children(row.opens, answer)


def search(state: State, key: str, typed: str) -> bool:
    """Look for accounts whose name begins with what was typed, and list them; whether any were found."""
    estate, letters = state.estate, wants_accounts(key, typed, state.estate.asked)
    if letters:
        answer = estate.accounts(state.answers.plan, letters, state.tell_waiting)
        if answer is not None:
            estate.asked = estate.asked.with_accounts(letters, answer)
    hits = estate.asked.accounts.get(letters_of(typed).casefold())
    if key not in ACCOUNT_KEYS or not hits or isinstance(hits, NoAnswer):
        return False
    tell_found(state, key, LISTED, typed)
    return True


def choose(state: State, key: str, letters: str) -> None:
    """List everything that was found for an answer, once that is known, and take what is chosen of it."""
    talk, estate = state.talk, state.estate
    if key not in KEYS:
        talk.say(text("plain.not_looked_for"))
        return
    estate.discover(state.answers.plan)
    try:
        estate.wait_while(estate.is_discovering, state.tell_waiting)
    except KeyboardInterrupt:
        talk.say("", text("plain.not_waited"))
    if letters:
        search(state, key, letters)
    rows = tell_found(state, key, MOST, letters or None)
    if rows is None:
        talk.say(why_none(key, estate.found) or text("plain.nothing_found"))
        return
    while rows is not None:
        typed = talk.ask(lambda: Prompt(text("plain.take_number")))[0].strip()
        if not typed:
            return
        answered = by_number(state, key, typed, rows)
        if answered:
            return
        if answered is None:
            talk.say(text("plain.not_a_number", typed=typed, number=len(rows.suggestions)))
        rows = offered(state, key, letters or None)
