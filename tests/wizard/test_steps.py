"""The list of steps in lines, and which step a key means."""

import pytest

from tests.building import a_container, good_facts
from tests.wizard.test_flow import a_view
from vmm_wizard.wizard import pages
from vmm_wizard.wizard.steps import meant, moved, step_lines


def test_every_line_is_as_wide_as_the_others_and_has_sign_and_word() -> None:
    view = a_view(good_facts(dkm=a_container(found=False)))
    lines = [line for line, _ in step_lines(view, pages.DKM)]
    assert {len(line) for line in lines} == {29}
    assert "> DKM container     X FAIL   " in lines


def test_a_pointer_shows_the_step_that_enter_would_open() -> None:
    lines = [line for line, _ in step_lines(a_view(), pages.DKM, pages.SQL)]
    assert {len(line) for line in lines} == {29}
    assert [" ".join(line.split()[:2]) for line in lines if line[0] != " "] == ["* DKM", "> SQL"]


@pytest.mark.parametrize(("by", "page"), [(1, "dkm"), (-1, "connection"), (-99, "job"), (99, "done")])
def test_arrows_keep_to_the_ends(by: int, page: str) -> None:
    assert moved(a_view(), pages.ACCOUNT, by).id == page


@pytest.mark.parametrize(
    ("character", "page"),
    [
        ("s", "sql"),  # the next one after the service account
        ("S", "sql"),
        ("d", "dkm"),
        ("r", "review"),
        ("c", "cluster"),
        ("1", "job"),
        ("9", "review"),
        ("0", "run"),
    ],
)
def test_a_first_letter_or_a_number_means_a_step(character: str, page: str) -> None:
    found = meant(a_view(), pages.ACCOUNT, character)
    assert found is not None
    assert found.id == page


@pytest.mark.parametrize("character", ["x", "²"])
def test_other_characters_mean_none(character: str) -> None:
    assert meant(a_view(), pages.ACCOUNT, character) is None


def test_every_page_has_one_name_that_has_room_in_the_list_and_differs_from_the_others_of_its_job() -> None:
    assert [page.name for page in pages.BY_ID.values() if len(page.name) > 17] == []
    assert all(len({page.name for page in of_job}) == len(of_job) for of_job in pages.PAGES_OF.values())
