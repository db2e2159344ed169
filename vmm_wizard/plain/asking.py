"""Asks for one answer, or one password: what stands there is kept by Enter, what is wrong is said and asked again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vmm_wizard import log
from vmm_wizard.plain import choosing
from vmm_wizard.plain.commands import LEAD, number_of, read_command
from vmm_wizard.plain.state import State
from vmm_wizard.plain.talk import Prompt
from vmm_wizard.plan.fields import Kind, field_value
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.texts import counted, text
from vmm_wizard.wizard import flow
from vmm_wizard.wizard.field_words import EXAMPLES, when_empty
from vmm_wizard.wizard.found import KEYS
from vmm_wizard.wizard.found_keys import INSTALLER
from vmm_wizard.wizard.help import help_of_answer
from vmm_wizard.wizard.order_fields import JOB_TEXTS, all_fields
from vmm_wizard.wizard.pages import LABELS
from vmm_wizard.wizard.pasting import landing

#: Columns of the words of a choice that stand in its question.
FEW = 30


def ask_answer(state: State, key: str) -> None:
    """Ask for the answer `key` until what is typed can be read, or what stands there is kept."""
    if state.answers.wrong.get(key):
        state.talk.say(f"X {state.answers.wrong[key]}")
    state.listed = ""
    tell_choices(state, key)
    while True:
        lines = state.talk.ask(lambda: _prompt(state, key))
        if state.listed != key and len(lines) == 1 and choosing.is_number(state, key, lines[0].strip()):
            # A number of a list that nobody has heard.
            choosing.tell_found(state, key, choosing.LISTED)
            continue
        if all_fields(key).kind is Kind.ROWS and any(lines):
            lines = _further_rows(state, key, lines)
        if not any(line.strip() for line in lines):
            return
        if _take(state, key, lines):
            return


def _take(state: State, key: str, lines: list[str]) -> bool:
    """Take what was typed; False when it is to be asked again."""
    numbered = _by_number(state, key, lines[0].strip()) if len(lines) == 1 else None
    if numbered is not None:
        return numbered
    landed = _landed(state, key, lines)
    if landed is not None:
        return landed
    if len([line for line in lines if line.strip()]) > 1 and all_fields(key).kind not in (Kind.ROWS, Kind.TEXTS):
        state.talk.refuse(lines)
        return False
    said = _typed(key, lines)
    before = state.answers.text(key)
    problem = state.answers.answer(key, said)
    if problem:
        if not choosing.search(state, key, said):
            state.talk.say(f"X {problem}")
        return False
    if read_command(said, words=True) is not None and not state.talk.agree(text("plain.is_answer", typed=said)):
        state.answers.answer(key, before)
        state.talk.say(text("plain.type_command", typed=said, lead=LEAD))
        return False
    if said != lines[0].strip() and all_fields(key).choices:
        _confirm(state, key, said)
    choosing.fill(state, key)
    state.look()
    return True


def _confirm(state: State, key: str, word: str) -> None:
    """Say the whole word that a number or its beginning stood for."""
    state.talk.say(text("plain.chosen", label=LABELS[key], word=word), indent="  ")


def _landed(state: State, key: str, lines: list[str]) -> bool | None:
    """Put a whole name (a DN, an SQL target, a list) into the answers that it is made of; None where it is no such.

    False when this answer is to be asked for again: the text was for others, or for none.
    """
    if all_fields(key).choices or all_fields(key).kind in (Kind.FLAG, Kind.ROWS):
        return None
    given = "\n".join(lines)
    found = landing(key, given, state.answers.plan)
    if found is None:
        return None
    if not found.answers and not found.stays:
        state.talk.say(f"X {found.says}")
        return False
    texts = {**found.answers, **({key: given} if found.stays else {})}
    problems = [problem for other, said in texts.items() if (problem := state.answers.answer(other, said))]
    state.talk.say(*(f"X {problem}" for problem in problems), *filter(None, [found.says]))
    choosing.fill(state, *texts)
    state.look()
    return key in texts and not problems


def _typed(key: str, lines: list[str]) -> str:
    """What was typed, or pasted, as the text of an answer; a word's beginning stands for the only word that has it."""
    field = all_fields(key)
    rows = [line.strip() for line in lines if line.strip()]
    if field.kind is Kind.ROWS:
        return "\n".join(rows)
    if field.kind is Kind.TEXTS:
        return (", " if "," in field.separators else "; ").join(row.strip(",;") for row in rows)
    said = rows[0]
    words = ("yes", "no") if field.kind is Kind.FLAG else field.choices
    begins = [word for word in words if word.startswith(said.casefold())]
    return begins[0] if len(begins) == 1 else said


def _by_number(state: State, key: str, typed: str) -> bool | None:
    """Take what stands at a number of the list; None where there is none, False where the question stays open."""
    choices = all_fields(key).choices
    number = None if typed in choices else number_of(typed, len(choices))
    if number is not None:
        state.answers.answer(key, choices[number - 1])
        _confirm(state, key, choices[number - 1])
        state.look()
        return True
    return choosing.by_number(state, key, typed)


def _further_rows(state: State, key: str, lines: list[str]) -> list[str]:
    """Rows stand one a line, and an empty line ends them."""
    while True:
        more = state.talk.ask(
            lambda: Prompt(text("plain.next_row"), lambda: help_lines(state, key), gathers=True, key=key)
        )
        if not any(line.strip() for line in more):
            return lines
        lines = [*lines, *more]


def tell_choices(state: State, key: str) -> None:
    """Say what can be chosen from: the words of a choice, or what was found in the estate."""
    field, talk = all_fields(key), state.talk
    if key == "order.job":
        for number, (job, about) in enumerate(JOB_TEXTS.items(), 1):
            talk.item(f"{number}.", f"{job.value}: {about}")
    elif field.choices and not _are_few(field.choices):
        for number, word in enumerate(field.choices, 1):
            talk.item(f"{number}.", word)
    elif field.kind is Kind.ROWS:
        for row in filter(None, state.answers.text(key).splitlines()):
            talk.say(row, indent="  ")
    elif key in KEYS:
        if state.answers.text(key) and key not in state.answers.wrong:
            # What stands there is good enough to be kept by Enter: a voice need not read what it could be instead.
            choosing.tell_others(state, key)
        elif choosing.tell_found(state, key, choosing.LISTED) is None and _is_looked_for(state, key):
            talk.say(text("plain.still_looking", lead=LEAD))


def _is_looked_for(state: State, key: str) -> bool:
    """Whether something may still be found. The installing account is who looks for the others."""
    return state.estate.is_discovering() and key != INSTALLER


def _are_few(words: Sequence[str]) -> bool:
    """Whether words fit into their question: a list before it is heard before what it is about."""
    return 0 < len(", ".join(words)) <= FEW


def _prompt(state: State, key: str) -> Prompt:
    field = all_fields(key)
    # Where an answer is one of a few words or a number, a command's name can be none.
    words = bool(field.choices) or field.kind in (Kind.FLAG, Kind.NUMBER)
    return Prompt(f"{LABELS[key]}{_present(state, key)}", lambda: help_lines(state, key), words, not words, key)


def _present(state: State, key: str) -> str:
    """What stands in the answer now, or what is wanted, behind its label."""
    field, present = all_fields(key), state.answers.text(key)
    if field.kind is Kind.ROWS:
        number = len(list(filter(None, present.splitlines())))
        return f" [{counted('plain.rows', number)}]"
    kind = f" ({text('plain.flag')})" if field.kind is Kind.FLAG else ""
    if _are_few(field.choices) and key != "order.job":
        kind = f" ({', '.join(field.choices)})"
    if present and key in state.answers.wrong:
        return f"{kind} [{text('plain.not_usable', typed=present)}]"
    if present:
        return f"{kind} [{present}]"
    if key in EXAMPLES:
        return f" ({text('plain.example', example=EXAMPLES[key])})"
    meaning = when_empty(key)
    return f" ({text('plain.when_empty', meaning=meaning)})" if meaning else f" [{text('plain.nothing')}]"


def help_lines(state: State, key: str) -> Iterator[str]:
    """What an answer is for, why it is wanted, where to find it, whom to ask, and what may be written."""
    told = help_of_answer(key)
    yield told.title
    for heading, said in told.paragraphs():
        yield f"{heading}: {said}"
    if key in EXAMPLES:
        yield text("plain.for_example", example=EXAMPLES[key])
    yield text("plain.keeps")
    if choosing.offered(state, key) is not None:
        yield text("plain.found_help", lead=LEAD)


def ask_password(state: State, key: str) -> None:
    """Ask for the password of the account that the answer `key` names, where it names one. It is not shown."""
    account = flow.account_at(state.answers.plan, key)
    if not account:
        return
    value = field_value(state.answers.plan, key)
    if value in state.estate.secrets:
        said = text("plain.password_given", account=value)
    else:
        state.talk.say(text("plain.password_about"))
        said = text("plain.password", account=value)
    secret = state.talk.ask_secret(said, lambda: [text("plain.password_about")])
    if secret:
        log.mask(secret)
        state.estate.secrets.put(value, Secret(secret))
        state.look_again()
