"""Every check explains itself, in a few plain sentences."""

from __future__ import annotations

import re

import pytest

from vmm_wizard.checks.explain import Explanation, UnknownCheckError, explain, explanations
from vmm_wizard.checks.registry import all_checks
from vmm_wizard.texts import sentences

#: A sentence ends in a full stop before a capital or the end.
SENTENCE = re.compile(r"[.?!](?=\s|$)")


def test_every_check_has_a_text_and_every_text_a_check() -> None:
    explained = {key.split(".")[1] for key in sentences("checks")}
    assert explained == {entry.id for entry in all_checks()}


@pytest.mark.parametrize("row", explanations(), ids=lambda row: row.id)
def test_each_part_is_one_to_five_sentences(row: Explanation) -> None:
    for heading, text in row.paragraphs():
        assert text, heading
        if heading != "Source":
            assert 1 <= len(SENTENCE.findall(text)) <= 5, (heading, text)
            assert text.endswith("."), (heading, text)


@pytest.mark.parametrize("row", explanations(), ids=lambda row: row.id)
def test_no_explanation_tells_a_junior_to_delete_or_to_switch_off_protection(row: Explanation) -> None:
    text = " ".join(text for _, text in row.paragraphs()).lower()
    for word in ("remove-ad", "drop database", "disable the firewall", "trust all", "-force"):
        assert word not in text


def test_an_id_is_found_in_any_case_and_a_wrong_one_gets_a_hint() -> None:
    assert explain("acc-01").id == "ACC-01"
    assert explain(" DKM-02 ").title == "The installing account has Full Control of the DKM container"
    with pytest.raises(UnknownCheckError, match="did you mean"):
        explain("ACC-1")
    with pytest.raises(UnknownCheckError, match="vmm-wizard explain lists all"):
        explain("hello")


def test_what_setup_finds_late_says_so() -> None:
    for check_id in ("ACC-04", "DKM-01", "CLU-05", "CLU-09", "SQL-02", "NAM-03", "NOD-06", "NOD-10", "NOD-14"):
        assert "late" in explain(check_id).otherwise.lower()
