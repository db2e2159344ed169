"""Findings in lines, worst first; one in full; and what can be done about it: mended, accepted, asked of a team."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from vmm_wizard.checks.registry import Finding, Status
from vmm_wizard.checks.remedies import Team
from vmm_wizard.plain import learning
from vmm_wizard.plain.asking import ask_answer
from vmm_wizard.plain.commands import number_of
from vmm_wizard.plain.state import State
from vmm_wizard.report import mending as report
from vmm_wizard.report.findings import sentence
from vmm_wizard.texts import counted, text
from vmm_wizard.wizard import flow, pages
from vmm_wizard.wizard.accepting import accept, acceptable, accepted, take_back, user
from vmm_wizard.wizard.finding_lines import Line, lines_of, paragraphs, title_of
from vmm_wizard.wizard.judged import field_of
from vmm_wizard.wizard.mend_here import mend, offers_for
from vmm_wizard.wizard.mendable import mendable
from vmm_wizard.wizard.sharing import (
    NameRefusedError,
    Shared,
    named,
    remedy_of,
    request_choices,
    request_to,
    requested_of,
    write,
)

#: What a menu calls the list of everything.
ALL = "all"


def wait_for(state: State, findings: bool = True) -> None:
    """Wait until what the page in front shows is known; Ctrl+C waits no longer. `findings`: of this page alone."""

    def waits() -> bool:
        if not state.estate.is_looking():
            return False
        if state.estate.is_behind():
            return True
        view = state.view
        shown = flow.findings_of(view, state.page) if findings and state.page.keys else view.findings
        return not view.findings or any(flow.is_asked(view, row) for row in shown)

    try:
        state.estate.wait_while(waits, state.tell_waiting)
    except KeyboardInterrupt:
        state.talk.say("", text("plain.not_waited"))
    broke = state.estate.news_of_breaking()
    if broke:
        state.talk.say(f"X {broke}")


def page_lines(state: State) -> tuple[Line, ...]:
    """The lines of the findings that the page in front shows."""
    view = state.view
    return lines_of(view, flow.findings_of(view, state.page))


def judged_lines(state: State) -> tuple[Line, ...]:
    """The lines of all findings but those that only wait for an answer."""
    view = state.view
    return lines_of(view, [row for row in flow.worst_first(view.findings) if not flow.waits_for(view.plan, row)])


def waiting(view: flow.View) -> tuple[int, tuple[pages.Page, ...]]:
    """How many checks wait for answers, and the pages where those are asked for."""
    rows = [keys for keys in (flow.waits_for(view.plan, row) for row in view.findings) if keys]
    keys = {key for row in rows for key in row}
    return len(rows), tuple(page for page in view.pages if keys & set(page.keys))


def tell(state: State, lines: Sequence[Line], *, everything: bool = False) -> None:
    """Say these findings, each with the number that opens it; those that are good only when `everything`."""
    good = 0
    for number, line in enumerate(lines, 1):
        if line.findings[0].status is Status.PASS and not everything:
            good += 1
            continue
        state.talk.item(f"{number}.", line.whole)
    if good:
        state.talk.say(counted("plain.good", good, all=ALL))


def any_told(lines: Sequence[Line]) -> bool:
    """Whether `tell` says any of them with its number."""
    return any(line.findings[0].status is not Status.PASS for line in lines)


def open_number(state: State, lines: Sequence[Line], typed: str) -> bool:
    """Open the finding of a number; False where there is none."""
    number = number_of(typed, len(lines))
    if number is None:
        return False
    _open(state, lines[number - 1].findings)
    return True


def browse(state: State, lines: Sequence[Line], *, everything: bool) -> None:
    """Say findings, and open them by number until Enter goes back."""
    from vmm_wizard.plain.talk import Prompt

    tell(state, lines, everything=everything)
    if not lines:
        state.talk.say(sentence(()))
        return
    while True:
        typed = state.talk.ask(lambda: Prompt(text("plain.open_or_back"), words=True))[0].strip()
        if not typed:
            return
        if typed.casefold() == ALL:
            tell(state, lines, everything=True)
        elif not open_number(state, lines, typed):
            state.talk.say(text("plain.not_a_number", typed=typed, number=len(lines)))


def _open(state: State, findings: tuple[Finding, ...]) -> None:
    """Say findings that say the same in full, then offer what can be done about them."""
    rows = [title_of(findings)]
    for heading, said in paragraphs(findings):
        rows += ["", f"{heading}:", *(f"  {line}" for line in said.splitlines())]
    state.talk.read_out([*rows, ""])
    learning.opened(state, findings)
    answers = [("", text("plain.leave_it"))]
    wrong = () if state.running else mendable(findings)
    if wrong:
        answers.append(("mend", text("plain.mend")))
    rows_to_accept = () if state.running else acceptable(state.answers.plan, findings)
    marks = () if state.running else accepted(findings)
    place = None if state.running else field_of(state.view, findings)
    if rows_to_accept:
        answers.append(("accept", text("plain.accept")))
    if marks:
        answers.append(("back", text("plain.take_back")))
    if place is not None:
        answers.append(("answer", text("plain.answer_it", answer=pages.LABELS[place[1]])))
    remedy = remedy_of(findings)
    if remedy is not None:
        answers.append(("commands", text("plain.commands_alone")))
    answers += [(team, text("plain.ask_team", team=called)) for team, called in requested_of(findings)]
    if len(answers) == 1:
        return
    chosen = state.talk.choose(text("plain.what_now"), answers)
    if chosen == "mend":
        mend_now(state, wrong)
    elif chosen == "accept":
        _accept(state, rows_to_accept)
    elif chosen == "back":
        state.accept(take_back(state.answers.plan, marks))
        state.talk.say(text("plain.taken_back"))
        wait_for(state)
    elif chosen == "answer" and place is not None:
        ask_answer(state, place[1])
        wait_for(state)
    elif chosen == "commands" and remedy is not None:
        _share(state, remedy)
    elif chosen:
        request(state, chosen)


def mend_now(state: State, findings: tuple[Finding, ...]) -> None:
    """Say what would be changed, ask, change it and look again."""
    talk, preflight = state.talk, state.estate.preflight
    talk.say(text("plain.looking_to_mend", check=findings[0].id))
    found = offers_for(state.answers.plan, findings, preflight)
    if found.said:
        talk.say(found.said)
    for refusal in found.refusals:
        about = f" ({refusal.subject})" if refusal.subject else ""
        talk.say(f"{refusal.check_id}{about}: {refusal.reason}", *filter(None, [refusal.remedy]))
    if found.offers:
        talk.read_out([line for row in found.offers for line in report.lines_of(row, talk.width)], as_is=True)
        if talk.agree(text("plain.make_change", check=found.offers[0].check_id)):
            talk.say(text("plain.mending", check=found.offers[0].check_id))
            talk.say(mend(state.answers.plan, found.offers, preflight))
            state.look_again()
            wait_for(state)


def _accept(state: State, findings: Sequence[Finding]) -> None:
    """Ask for a reason and whose word it is, and write it into the answers."""
    talk = state.talk
    talk.say(text("findings.accept.about"))
    reason = talk.line(text("plain.reason"))
    if not reason:
        talk.say(text("plain.not_accepted"))
        return
    who = user()
    by = talk.line(text("plain.by", user=who)) or who
    today = date.today().isoformat()  # noqa: DTZ011 - the day on the admin's own calendar
    plan = state.answers.plan
    try:
        for row in findings:
            plan = accept(plan, row, reason, by, today)
    except ValueError as error:
        talk.say(f"X {error}")
        return
    state.accept(plan)
    talk.say(counted("plain.accepted", len(findings)))
    wait_for(state)


def request(state: State, team: str = "") -> None:
    """Say the request to another team, ready to be sent, and write it to a file where that is wanted."""
    talk, view = state.talk, state.view
    after = state.estate.follow_ups(state.answers.file.name if state.answers.file else "FILE")
    choices = request_choices(view.findings, after)
    if team not in {name for name, _ in choices}:
        if not choices:
            talk.say(text("plain.no_request"))
            return
        team = talk.choose(text("plain.which_team"), [("", text("plain.no_team")), *choices])
    if team:
        _share(state, request_to(Team(team), view.plan, view.findings, state.answers.file, after))


def _share(state: State, shared: Shared) -> None:
    """Say a text to take along, whole lines whole, and write it to a file where that is wanted."""
    talk = state.talk
    talk.read_out(shared.masked.splitlines(), as_is=True)
    name = talk.line(text("plain.write_to"))
    if not name:
        return
    try:
        file = named(name)
        write(shared, file)
    except NameRefusedError as error:
        talk.say(f"X {error}")
    except FileExistsError:
        talk.say(f"X {text('plain.exists', file=name)}")
    except (OSError, ValueError) as error:
        talk.say(f"X {text('plain.save_failed', file=name, why=getattr(error, 'strerror', None) or error)}")
    else:
        talk.say(text("plain.written", file=file))
