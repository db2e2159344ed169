"""Help of answers, checks, terms and pages: complete, from named sources, and found by what people type."""

from __future__ import annotations

import re
import textwrap

import pytest

from vmm_wizard.checks.registry import all_checks
from vmm_wizard.plan.fields import BY_KEY
from vmm_wizard.texts import sentences, text
from vmm_wizard.wizard import glossary
from vmm_wizard.wizard.field_words import help_of
from vmm_wizard.wizard.help import (
    PARTS,
    UnknownWordError,
    fitting,
    help_of_answer,
    help_of_check,
    help_of_page,
    help_of_thing,
    looked_up,
)
from vmm_wizard.wizard.help_line import bottom_line
from vmm_wizard.wizard.order_fields import ORDER_FIELDS
from vmm_wizard.wizard.pages import BY_ID, DKM, RUN

#: The tags of the sources that the facts about setup were taken from; `REQ*` are the requirements of each release.
TAGS = frozenset(
    (
        *("SEED", "HA1", "HA2", "HAC", "HAU", "CMDTP", "DKM", "SVC", "PREP", "PREDB", "AOTP", "INST", "PLAN", "PLANHA"),
        *("HASRV", "HASQL", "HALIB", "PORTS", "COLL", "REQ*", "REQTP", "UPG22", "CSUM", "REL16", "KB15", "KBSHARE"),
        *("KBDBO", "KBDES", "CPS", "PRESTAGE", "PHX", "DSC", "DSC2", "AL", "EALES", "TTB", "G25", "WSMV", "expert"),
    )
)
KEYS = (*BY_KEY, *ORDER_FIELDS)
SENTENCE = re.compile(r"[.?!](?=\s|$)")


def tags_of(topic: str) -> set[str]:
    return {tag for key, said in sentences(topic).items() if key.endswith(".source") for tag in said.split()}


class TestSources:
    def test_none_is_invented(self) -> None:
        named = {key.removeprefix("sources.") for key in sentences("sources")}
        assert named <= TAGS
        assert tags_of("answers") | tags_of("glossary") | {entry.source for entry in all_checks()} <= named

    def test_none_is_named_for_nothing(self) -> None:
        used = tags_of("answers") | tags_of("glossary") | {entry.source for entry in all_checks()}
        assert {key.removeprefix("sources.") for key in sentences("sources")} == used


class TestAnAnswer:
    def test_has_a_help_and_every_help_an_answer(self) -> None:
        assert {key.removeprefix("answers.").rpartition(".")[0] for key in sentences("answers")} == set(KEYS)

    @pytest.mark.parametrize("key", KEYS)
    def test_has_all_parts_each_short_enough_to_be_read(self, key: str) -> None:
        for part in PARTS:
            said = text(f"answers.{key}.{part}")
            assert 3 < len(said) <= 190, (part, len(said))
        for part in ("why", "whom", "wrong"):
            said = text(f"answers.{key}.{part}")
            assert said.endswith("."), part
            assert 1 <= len(SENTENCE.findall(said)) <= 3, part

    def test_is_called_as_on_its_page(self) -> None:
        told = help_of_answer("database.listener")
        assert told.title == "Is a listener"
        assert "database.host" not in told.parts[0][1]

    def test_names_the_words_that_the_glossary_has(self) -> None:
        names = [row.name for row in help_of_answer("dkm.container").terms]
        assert "DN" in names
        assert "DKM" in names
        assert "DKM container" not in names


class TestAPage:
    @pytest.mark.parametrize("page_id", BY_ID)
    def test_says_what_it_is_for(self, page_id: str) -> None:
        assert help_of_page(BY_ID[page_id]).parts[0][1] == BY_ID[page_id].about

    def test_lists_its_checks(self) -> None:
        assert any("DKM-07" in said for _, said in help_of_page(DKM).parts)


class TestWhatHasTheFocus:
    def test_is_explained_by_its_own_help(self) -> None:
        assert help_of_thing("answer:dkm.container", "", DKM) == help_of_answer("dkm.container")
        assert help_of_thing("check:DKM-02", "", DKM) == help_of_check("DKM-02")
        assert help_of_thing("thing:run-log", "", RUN).title == "The log of the run"

    def test_falls_back_to_its_line_and_then_to_the_page(self) -> None:
        assert help_of_thing("", "Arrows scroll.", RUN).parts[0][1] == "Arrows scroll."
        assert help_of_thing("", "", RUN) == help_of_page(RUN)

    def test_of_the_last_page_says_what_to_do_first_once_vmm_is_installed(self) -> None:
        told = dict(help_of_thing("thing:done", "", RUN).parts)
        first = told[text("help.page.now")].splitlines()
        assert [line[:2] for line in first[:8]] == [f"{number}." for number in range(1, 9)]
        for word in ("console", "Back up", "Administrator role", "--moves", "availability group", "library"):
            assert any(word in line for line in first), word
        assert "`vmm-wizard after FILE`" in first[-1]


class TestLookingUp:
    @pytest.mark.parametrize(
        ("word", "title"),
        [
            ("dkm-02", "DKM-02  The installing account has Full Control of the DKM container"),
            ("dkm.container", "DKM container"),
            ("Database.Listener", "Is a listener"),
            ("order.moves", "Move the role"),
            ("gmsa", "gMSA"),
            ("double  hop", "second hop"),
            ("Service Principal Name", "SPN"),
            ("names", "Names, addresses"),
        ],
    )
    def test_finds_checks_answers_words_and_pages(self, word: str, title: str) -> None:
        assert looked_up(word).title == title

    @pytest.mark.parametrize(
        ("word", "near"), [("DKM-2", "DKM-02"), ("kerberus", "Kerberos"), ("ports.consol", "ports.console")]
    )
    def test_names_near_ones_for_what_is_unknown(self, word: str, near: str) -> None:
        with pytest.raises(UnknownWordError, match=re.escape(near)):
            looked_up(word)

    def test_says_where_all_are_listed(self) -> None:
        with pytest.raises(UnknownWordError, match="--glossary"):
            looked_up("xyzzy")


class TestTheGlossary:
    @pytest.mark.parametrize("term", glossary.terms(), ids=lambda term: term.key)
    def test_tells_each_word_in_two_to_four_sentences(self, term: glossary.Term) -> None:
        assert 2 <= len(SENTENCE.findall(term.means)) <= 4
        assert glossary.related(term)

    def test_has_no_word_twice(self) -> None:
        words = [word.casefold() for term in glossary.terms() for word in {term.name, *term.also}]
        assert len(words) == len(set(words))

    def test_knows_an_abbreviation_from_a_word(self) -> None:
        assert [row.name for row in glossary.terms_in("in an OU, ou un DN")] == ["OU", "DN"]
        assert glossary.terms_in("should down dn") == ()

    def test_finds_the_longest_word(self) -> None:
        assert [row.key for row in glossary.terms_in("a Failover cluster instance")] == ["fci"]


class TestThePanel:
    def test_shows_the_parts_that_fit(self) -> None:
        told = help_of_answer("dkm.container")
        assert len(fitting(told, 34, 40)) == len(PARTS)
        short = fitting(told, 34, 20)
        assert 0 < len(short) < len(PARTS)
        assert [(heading, said.strip()) for heading, said in short] == list(told.parts[: len(short)])
        assert fitting(told, 34, 3) == ()

    def test_has_an_empty_row_between_parts_where_there_is_room(self) -> None:
        assert fitting(help_of_answer("dkm.container"), 34, 60)[0][1].endswith("\n")


class TestTheLineBelow:
    def test_names_the_way_to_more_where_it_fits(self) -> None:
        assert bottom_line("A line.", "answer:domain", 78) == "A line. F1 tells more."
        assert bottom_line("word " * 46, "answer:domain", 78) == "word " * 46
        assert bottom_line("Arrows scroll.", "", 78) == "Arrows scroll."
        assert bottom_line("", "check:DKM-02", 78) == ""

    @pytest.mark.parametrize("key", KEYS)
    def test_of_an_answer_is_whole_at_80_columns(self, key: str) -> None:
        assert len(textwrap.wrap(help_of(key), 78)) <= 3
