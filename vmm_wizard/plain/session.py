"""One sitting from the first question to the last: page after page, and the commands that work at every prompt."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress

from vmm_wizard.plain import choosing, earlier, learning, leaving, running, told
from vmm_wizard.plain.asking import ask_answer, ask_password
from vmm_wizard.plain.commands import LEAD, Command, command_lines
from vmm_wizard.plain.done import tell_done
from vmm_wizard.plain.seeing import explain, see
from vmm_wizard.plain.state import Leave, State, Turn, Up
from vmm_wizard.plain.talk import Prompt
from vmm_wizard.plan.fields import Kind, field_value
from vmm_wizard.report.findings import remarks, sentence
from vmm_wizard.texts import counted, text
from vmm_wizard.wizard import flow, pages
from vmm_wizard.wizard.exit_codes import EXIT_CODES
from vmm_wizard.wizard.finding_lines import Line
from vmm_wizard.wizard.found import KEYS
from vmm_wizard.wizard.order_fields import all_fields
from vmm_wizard.wizard.recovery import AnswersError, forget, kept, take_up
from vmm_wizard.wizard.run_words import before
from vmm_wizard.wizard.sections import OPTIONAL_FROM, SECTIONS

_log = logging.getLogger(__name__)

#: What can be done while a run goes on; the rest waits for its end.
_BESIDE_A_RUN = frozenset({"keys", "findings", "see", "save", "explain", "lesson", "hint", "quit"})


class Session:
    """A sitting over a state, until it is left."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.talk = state.talk
        self.talk.on_command = self.carry_out
        self._commands: Mapping[str, Callable[[str, Prompt], None]] = {
            "up": self._up,
            "back": self._back,
            "next": self._next,
            "pages": self._pages,
            "found": lambda rest, prompt: choosing.choose(state, prompt.key, rest),
            "again": self._again,
            "findings": self._findings,
            "see": lambda rest, _: see(state, rest),
            "explain": lambda rest, _: explain(state, rest),
            "request": lambda rest, _: told.request(state, rest),
            "empty": self._empty,
            "save": lambda rest, _: self._save(rest),
            "runs": lambda *_: earlier.offer(state, asked=True),
            "lesson": lambda *_: learning.tell_task(state),
            "hint": lambda *_: learning.tell_hint(state),
            "keys": lambda *_: self.talk.read_out([*command_lines(), text("plain.ahead")]),
            "quit": lambda *_: self._quit(),
        }

    def run(self) -> int:
        """Ask from the first page on; gives back the exit code once it is left, or the input has ended."""
        try:
            self._open()
            interrupted = False
            while True:
                try:
                    if interrupted:
                        interrupted = False
                        self._quit()
                    self._visit(self.state.page)
                    self.state.page = flow.next_page(self.state.page, self.state.job)
                except Turn as turn:
                    self.state.page, self._asked = turn.page, 0
                except Up:
                    self._go_up()
                except KeyboardInterrupt:
                    # Between two questions, while something is said or done.
                    self.talk.gap()
                    interrupted = True
        except Leave:
            self.talk.say(text("plain.left"))
        except (EOFError, KeyboardInterrupt):
            was_running = self.state.running
            leaving.cut_off(self.state)
            if was_running:
                self.state.result = "cancelled"
        finally:
            self.state.estate.close()
            if self.state.carrier is not None:
                self.state.carrier.let_be()
            self.state.estate.end_sessions()
        return EXIT_CODES[self.state.result]

    # --- the beginning

    def _open(self) -> None:
        state = self.state
        self.talk.say(text("plain.welcome", lead=LEAD), *state.answers.notices)
        if state.learning is not None:
            learning.tell_task(state)
        state.look()
        try:
            self._offer_kept()
            earlier.offer(state)
            self._begin_at_open()
        except Turn as turn:
            state.page = turn.page
        except Up:
            # There is no question before these.
            return

    def _begin_at_open(self) -> None:
        """Of answers that were opened or taken up: begin at the first page that is still open. Raises Turn."""
        state = self.state
        is_of_file = state.answers.is_opened or state.taken_up is not None
        page = flow.first_open(state.view) if is_of_file and state.keeps is not None else None
        if page is not None and page is not state.page:
            sign, word = flow.mark_of(state.view, page).value
            self.talk.say(text("steps.begins", page=page.name, sign=sign, word=word))
            raise Turn(page)

    def _offer_kept(self) -> None:
        """Answers of a sitting that was cut off."""
        state = self.state
        row = kept(state.keeps, state.answers.file) if state.keeps is not None else None
        if row is None:
            return
        self.talk.say(text("plain.kept_found", when=f"{row.when:%Y-%m-%d %H:%M}", file=row.path))
        answers = (("take", text("plain.kept_take")), ("", text("plain.kept_leave")), ("drop", text("plain.kept_drop")))
        chosen = self.talk.choose(text("plain.what_now"), answers)
        if chosen == "drop":
            forget(row.path)
        elif chosen == "take":
            try:
                take_up(row, state.answers)
            except AnswersError as error:
                self.talk.say(f"X {error}")
                return
            state.taken_up = row.path
            state.look()

    # --- pages

    def _visit(self, page: pages.Page) -> None:
        """Say a page and ask for its answers; then say what was found about it, and what can be done there."""
        state, view = self.state, self.state.view
        state.page, first, self._asked = page, self._asked, 0
        if not first:
            number, last = view.pages.index(page) + 1, len(view.pages)
            self.talk.say("", text("plain.page", number=number, last=last, title=page.name))
            self.talk.say(text("plain.review") if page is pages.REVIEW else page.about)
        if page.keys:
            self._asked = self._ask_all(page, max(first - 1, 0)) + 1
        if page is pages.RUN:
            self._run_page()
        elif page is pages.DONE:
            tell_done(state)
            learning.ended(state)
            self._menu(())
        else:
            self._judged_page(page)
        self._asked = 0

    def _go_up(self) -> None:
        """From the end of a page back to its last question, from its first one to the page before."""
        if not self._asked:
            self.state.page = flow.previous_page(self.state.page, self.state.job)

    def _ask_all(self, page: pages.Page, place: int) -> int:
        """Ask for the answers of a page from this place on; the place of the last one."""
        state, job = self.state, self.state.job
        if KEYS & set(page.keys):
            state.estate.discover(state.answers.plan)
        while place < len(page.keys):
            key = page.keys[place]
            try:
                if not self._ask(page, key):
                    break
            except Up:
                if not place:
                    raise
                place -= 1
                continue
            with suppress(Up):
                # The question before a password is its account's.
                if key in page.passwords:
                    ask_password(state, key)
                place += 1
        if state.job is not job:
            # How another job ended says nothing of this one.
            state.result = ""
        state.look()
        return min(place, len(page.keys) - 1)

    def _ask(self, page: pages.Page, key: str) -> bool:
        """Ask for one answer; False where the rest of the page is not wanted."""
        if key == OPTIONAL_FROM and page is pages.CONNECTION:
            if not self._wants_unusual(page, key):
                return False
        elif key in SECTIONS and page in (pages.CONNECTION, pages.PORTS):
            self.talk.say(SECTIONS[key])
        ask_answer(self.state, key)
        return True

    def _wants_unusual(self, page: pages.Page, first: str) -> bool:
        """Whether to ask for what most networks leave as it is; what is wrong or missing there is asked for anyway."""
        rest = page.keys[page.keys.index(first) :]
        wrong = set(rest) & (set(self.state.answers.wrong) | set(flow.missing_passwords(self.state.view, page)))
        return bool(wrong) or self.talk.agree(counted("plain.unusual", len(rest)))

    def _judged_page(self, page: pages.Page) -> None:
        state = self.state
        told.wait_for(state)
        learning.looked(state)
        view = state.view
        self.talk.gap()
        if page is pages.REVIEW:
            self._sum_up()
            lines = told.judged_lines(state)
        else:
            lines = told.page_lines(state)
            self._left_open(page)
        told.tell(state, lines)
        number, others = told.waiting(view) if page is pages.REVIEW else flow.waiting_checks(view, page)
        if number:
            self.talk.say(counted("plain.will_follow", number, pages=", ".join(other.name for other in others)))
        self._menu(lines)

    def _left_open(self, page: pages.Page) -> None:
        """What of a page was left as it cannot be, or without an answer that is wanted."""
        view = self.state.view
        for key in filter(view.wrong.__contains__, page.keys):
            self.talk.say(text("plain.wrong_here", label=pages.LABELS[key], why=view.wrong[key]))
        problem = flow.problem_of(view, page)
        if problem:
            self.talk.say(f"X {problem}")
        wanted = set(flow.open_answers(view.plan, view.order)) - set(view.wrong)
        names = [pages.LABELS[key] for key in page.keys if key in wanted]
        accounts = dict.fromkeys(str(field_value(view.plan, key)) for key in flow.missing_passwords(view, page))
        names += [text("plain.password_of", account=account) for account in accounts]
        if names:
            self.talk.say(text("plain.open_here", names=", ".join(names)))

    def _sum_up(self) -> None:
        view = self.state.view
        number = len(flow.obstacles(view))
        self.talk.say(f"{sentence(view.findings)}.")
        self.talk.say(counted("plain.to_settle", number) if number else text("plain.nothing_in_the_way"))
        exceptions = view.plan.connection.certificate_exceptions
        for row in exceptions if view.waiting else remarks(view.plan, view.findings):
            self.talk.say(f"! {row}")

    def _run_page(self) -> None:
        state, view = self.state, self.state.view
        if state.running:
            running.follow(state, with_log=False)
            raise Turn(pages.RUN if state.result == "cancelled" else pages.DONE)
        state.look()
        if view.order.job in pages.JUDGED:
            told.wait_for(state, findings=False)
        if state.run_state is not None and state.result == "cancelled":
            self.talk.read_out(state.run_state.ending())
        self.talk.say("", before(state.view))
        if not flow.obstacles(state.view) and running.start(state):
            # A run that was stopped stays on its page: it can be started again.
            raise Turn(pages.RUN if state.result == "cancelled" else pages.DONE)
        self._menu(())

    def _menu(self, lines: tuple[Line, ...]) -> None:
        """What can be done at the end of a page, until Enter goes on."""
        state, page = self.state, self.state.page
        after = flow.next_page(page, state.job)
        if page is pages.RUN:
            enter = text("plain.try_start")
        elif page is pages.DONE:
            enter = text("plain.enter_quits")
        else:
            enter = text("plain.goes_on", title=after.name)
        opens = text("plain.opens") if told.any_told(lines) else ""
        while True:
            typed = self.talk.ask(lambda: Prompt(f"{enter}{opens}{text('plain.asks_help')}", words=True))[0].strip()
            if not typed and page is pages.DONE:
                leaving.leave(state)
            elif not typed:
                if page is pages.RUN:
                    raise Turn(page)
                return
            elif typed.casefold() == told.ALL and lines:
                told.tell(state, lines, everything=True)
            elif not told.open_number(state, lines, typed):
                self.talk.say(text("plain.no_such", typed=typed))

    # --- commands

    def carry_out(self, command: Command, prompt: Prompt) -> None:
        """Carry out a command that was typed at a prompt. Raises Turn or Leave where it leads elsewhere."""
        if self.state.running and command.name not in _BESIDE_A_RUN:
            self.talk.say(text("plain.not_now"))
            return
        self._commands[command.name](command.rest, prompt)

    def _up(self, rest: str, prompt: Prompt) -> None:  # noqa: ARG002
        raise Up

    def _back(self, rest: str, prompt: Prompt) -> None:  # noqa: ARG002
        raise Turn(flow.previous_page(self.state.page, self.state.job))

    def _next(self, rest: str, prompt: Prompt) -> None:  # noqa: ARG002
        raise Turn(flow.next_page(self.state.page, self.state.job))

    def _pages(self, rest: str, prompt: Prompt) -> None:  # noqa: ARG002
        view = self.state.view
        named = [page for number, page in enumerate(view.pages, 1) if rest in (str(number), page.id)]
        if named:
            raise Turn(named[0])
        rows = [
            (page.id, f"{page.name}: {flow.mark_of(view, page).word or text('plain.no_mark')}") for page in view.pages
        ]
        raise Turn(pages.BY_ID[self.talk.choose(text("plain.go_to"), rows, default=self.state.page.id)])

    def _again(self, rest: str, prompt: Prompt) -> None:  # noqa: ARG002
        state = self.state
        state.look(fresh=True)
        state.estate.discover(state.answers.plan, fresh=True)
        self.talk.say(text("plain.asked_again"))
        told.wait_for(state, findings=False)
        self.talk.say(f"{sentence(state.view.findings)}.")

    def _findings(self, rest: str, prompt: Prompt) -> None:  # noqa: ARG002
        told.browse(self.state, told.judged_lines(self.state), everything=rest.casefold() == told.ALL)

    def _empty(self, rest: str, prompt: Prompt) -> None:  # noqa: ARG002
        if not prompt.key or all_fields(prompt.key).kind is Kind.FLAG or all_fields(prompt.key).choices:
            self.talk.say(text("plain.cannot_be_empty"))
            return
        problem = self.state.answers.answer(prompt.key, "")
        self.talk.say(f"X {problem}" if problem else text("plain.emptied"))
        self.state.look()

    def _save(self, name: str) -> None:
        leaving.save(self.state, name)

    def _quit(self) -> None:
        if self.state.running:
            running.stop(self.state)
        elif self._leaving:
            raise EOFError
        else:
            self._leaving = True
            try:
                leaving.leave(self.state)
            finally:
                self._leaving = False

    _leaving = False
    #: At the end of a page, how many of its questions were put; 0 before that.
    _asked = 0
