"""What is said is wrapped, what is asked is asked until it is answered, and commands work at every question."""

from __future__ import annotations

import pytest

from tests.plain.consoles import Scripted
from vmm_wizard.plain.commands import HELP, NAMES, Command, UnknownCommandError, number_of, read_command
from vmm_wizard.plain.talk import Prompt, Talk


class TestACommand:
    @pytest.mark.parametrize("name", NAMES)
    def test_begins_with_a_colon_at_every_question(self, name: str) -> None:
        assert read_command(f":{name}", words=False) == Command(name)

    @pytest.mark.parametrize("name", NAMES)
    def test_is_its_word_alone_only_where_that_can_be_no_answer(self, name: str) -> None:
        assert read_command(name, words=True) == Command(name)
        assert read_command(name, words=False) is None

    def test_may_say_more(self) -> None:
        assert read_command(":save my answers.toml", words=False) == Command("save", "my answers.toml")

    def test_that_is_none_is_said(self) -> None:
        with pytest.raises(UnknownCommandError, match=":bakc is no command"):
            read_command(":bakc", words=False)

    @pytest.mark.parametrize("typed", ["?", " ? ", ":?"])
    def test_of_help_is_a_question_mark(self, typed: str) -> None:
        assert read_command(typed, words=False) == Command(HELP)

    @pytest.mark.parametrize("typed", ["", "n", "sql01", r"CONTOSO\svc", "10.0.0.1", "fe80::1", r"C:\VMM"])
    def test_is_no_answer(self, typed: str) -> None:
        assert read_command(typed, words=False) is None


class TestANumber:
    def test_is_one_of_those_that_can_be_chosen(self) -> None:
        assert [number_of(typed, 12) for typed in ("1", "12", "13", "0", "", "-1", "x", "9" * 5000)] == [
            *(1, 12),
            *[None] * 6,
        ]


class TestWhatIsSaid:
    def test_is_wrapped_and_words_stay_whole(self) -> None:
        console = Scripted()
        console.width = 31
        Talk(console).say("one two three four five six seven " + "x" * 40)
        assert console.said == ["one two three four five six", "seven", "x" * 40]

    def test_is_harmless_whatever_a_node_has_said(self) -> None:
        console = Scripted()
        Talk(console).say("a\x1b[31mb")
        assert console.said == [r"a\x1b[31mb"]

    def test_of_a_long_text_comes_in_parts_where_the_screen_is_small(self) -> None:
        console = Scripted("", "q")
        console.height = 12
        Talk(console).read_out([str(number) for number in range(50)])
        assert [line for line in console.said if line.isdecimal()] == [str(number) for number in range(20)]

    def test_of_a_long_text_asks_for_no_two_lines_more(self) -> None:
        console = Scripted()
        console.height = 12
        Talk(console).read_out([str(number) for number in range(12)])
        assert console.said[-1] == "11"

    def test_of_a_long_text_waits_for_nobody_in_a_log(self) -> None:
        console = Scripted()
        Talk(console).read_out([str(number) for number in range(50)])
        assert len(console.said) == 50

    def test_of_a_long_text_is_left_by_ctrl_c(self) -> None:
        console = Scripted(KeyboardInterrupt)
        console.height = 12
        Talk(console).read_out([str(number) for number in range(50)])
        assert "10" not in console.said

    def test_keeps_what_is_set_in(self) -> None:
        console = Scripted()
        Talk(console).read_out(["    Grant-It -Name x", "+--+"])
        assert console.said == ["    Grant-It -Name x", "+--+"]


class TestAQuestion:
    def test_longer_than_a_line_is_wrapped_and_its_end_is_the_prompt(self) -> None:
        console = Scripted("x")
        Talk(console).ask(lambda: Prompt("word " * 30 + "end"))
        assert all(len(line) < 80 for line in console.said)
        assert console.said[-1].endswith("end: x")

    def test_is_asked_again_after_help(self) -> None:
        console = Scripted("?", "here")
        assert Talk(console).ask(lambda: Prompt("Where", lambda: ["what it is for"])) == ["here"]
        assert "what it is for" in console.said
        assert sum(line.startswith("Where: ") for line in console.said) == 2
        assert ":quit" in console.text

    def test_takes_keys_that_are_no_letters_for_no_answer(self) -> None:
        console = Scripted("\x1b[A", "here")
        assert Talk(console).ask(lambda: Prompt("Where")) == ["here"]
        assert "no letters" in console.text

    def test_of_a_choice_is_answered_by_a_number_or_enter(self) -> None:
        rows = (("a", "the one"), ("b", "the other"))
        assert Talk(Scripted("3", "x", "2")).choose("Which?", rows) == "b"
        assert Talk(Scripted("")).choose("Which?", rows, default="b") == "b"
        assert Talk(Scripted("")).choose("Which?", rows) == "a"

    def test_of_a_choice_says_again_what_can_be_chosen(self) -> None:
        console = Scripted("?", "2")
        assert Talk(console).choose("Which?", (("a", "the one"), ("b", "the other"))) == "b"
        assert console.said.count("2. the other") == 2

    def test_of_yes_or_no_takes_nothing_else(self) -> None:
        console = Scripted("perhaps", "Yes")
        assert Talk(console).agree("Sure?")
        assert "X perhaps: yes or no is wanted" in console.said
        assert not Talk(Scripted("")).agree("Sure?")

    @pytest.mark.parametrize("typed", [":Quit", ":quit now", ":secret", "quit", "??"])
    def test_for_a_password_takes_all_but_a_command_to_the_letter(self, typed: str) -> None:
        assert Talk(Scripted(typed)).ask_secret("Password") == typed

    def test_for_a_password_tries_no_command_as_one(self) -> None:
        carried: list[Command] = []
        talk = Talk(Scripted(":back", "?", "s3cret"), lambda command, _: carried.append(command))
        assert talk.ask_secret("Password", lambda: ["tried once"]) == "s3cret"
        assert carried == [Command("back")]

    def test_that_is_interrupted_asks_whether_to_leave_and_is_asked_again(self) -> None:
        carried: list[Command] = []
        talk = Talk(Scripted(KeyboardInterrupt, "x"), lambda command, _: carried.append(command))
        assert talk.ask(lambda: Prompt("Where")) == ["x"]
        assert carried == [Command("quit")]


class TestLinesThatComeAtOnce:
    def test_answer_no_question_that_takes_one(self) -> None:
        console = Scripted(["2", "1", ""], "1")
        assert Talk(console).choose("Which?", (("a", "the one"), ("b", "the other"))) == "a"
        assert "X 2 lines came at once, from 2 to 1, and this question takes one: none was taken." in console.text

    def test_carry_out_no_command(self) -> None:
        carried: list[Command] = []
        talk = Talk(Scripted([":save", "x"], "here"), lambda command, _: carried.append(command))
        assert talk.ask(lambda: Prompt("Where", gathers=True)) == ["here"]
        assert carried == []

    def test_are_handed_on_where_they_may_be_one_answer(self) -> None:
        assert Talk(Scripted(["vmm01", "\x1bvmm02"])).ask(lambda: Prompt("Nodes", gathers=True)) == [
            "vmm01",
            r"\x1bvmm02",
        ]

    def test_are_no_password_and_are_not_said(self) -> None:
        console = Scripted(["s3cret", "other"], "right")
        assert Talk(console).ask_secret("Password") == "right"
        assert "none was tried" in console.text
        assert "s3cret" not in console.text

    def test_leave_a_long_text_where_it_is(self) -> None:
        console = Scripted(["q", "x"], "", "q")
        console.height = 12
        Talk(console).read_out([str(number) for number in range(50)])
        assert [line for line in console.said if line.isdecimal()] == [str(number) for number in range(20)]
