"""The jobs in the wizard: chosen on the first page, each with its own pages, carried out as they were chosen."""

from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Button

from tests.tui.wizards import SMALL, a_wizard, all_passwords, ready_plan, screen_text, settled, to_field, to_page, told
from vmm_wizard.checks.registry import Finding, Status
from vmm_wizard.install.orders import Job, Order
from vmm_wizard.wizard import pages
from vmm_wizard.wizard.answers import Answers
from vmm_wizard.wizard.flow import View, obstacles
from vmm_wizard.wizard.order_fields import JOB_TEXTS, ORDER_FIELDS, carried_out, order_text, parse_choice
from vmm_wizard.wizard.run_words import before, deed, promise, words


@pytest.mark.parametrize("key", ORDER_FIELDS)
def test_every_choice_reads_back_as_it_is_shown(key: str) -> None:
    order = Order(Job.UNINSTALL, ("vmm02", "vmm03"), "vmm01", "VirtualManagerDB", True, True)
    assert parse_choice(key, order_text(order, key)) == getattr(order, key.removeprefix("order."))


def test_a_choice_that_cannot_be_read_is_kept_as_text_and_told() -> None:
    answers = Answers(ready_plan())
    assert "expected names of machines" in answers.answer("order.nodes", "vmm02, bad_name!")
    assert (answers.order.nodes, answers.text("order.nodes")) == ((), "vmm02, bad_name!")
    assert answers.answer("order.nodes", "vmm02") == ""
    assert answers.order.nodes == ("vmm02",)


def test_the_choices_of_a_job_are_in_no_file_and_want_no_saving(tmp_path: Path) -> None:
    answers = Answers(ready_plan())
    answers.save(tmp_path / "answers.toml")
    answers.answer("order.job", "uninstall")
    answers.answer("order.nodes", "no name!")
    assert not answers.unsaved
    answers.save(tmp_path / "answers.toml")
    assert "no name!" not in (tmp_path / "answers.toml").read_text(encoding="utf-8")


def test_an_order_is_carried_out_with_full_names_and_the_choices_of_its_job_alone() -> None:
    chosen = Order(Job.UNINSTALL, ("VMM02",), "vmm01", "VirtualManagerDB", moves=True)
    plan = ready_plan()
    assert carried_out(chosen, plan) == Order(Job.UNINSTALL, ("vmm02.contoso.lab",), remove_database="VirtualManagerDB")
    moved = carried_out(Order(Job.FAILOVER, ("vmm02",), "vmm01", "VirtualManagerDB"), plan)
    assert moved == Order(Job.FAILOVER, target="vmm01.contoso.lab")
    for choice, job in (("although_jobs_run", Job.FAILOVER), ("moves", Job.VERIFY), ("by_hand", Job.INSTALL)):
        chosen = replace(Order(job), **{choice: True})
        assert carried_out(chosen, plan) == chosen
        assert carried_out(replace(chosen, job=Job.CONSOLE), plan) == Order(Job.CONSOLE)


@pytest.mark.parametrize("job", Job)
def test_every_job_says_what_it_will_do_and_what_that_stores_where(job: Job) -> None:
    order = Order(job, ("vmm02",), "vmm02" if job is Job.FAILOVER else "")
    plan = ready_plan()
    view = View(plan, passwords=frozenset(account.key for account in plan.accounts), order=order)
    assert words(job).before in before(view)
    assert "vmm02.contoso.lab" in before(view)
    said = promise(view)
    assert "vmm02" in said or job is Job.VERIFY
    assert "Windows stores the password of CONTOSO\\vmm-setup" in said


def test_by_hand_nothing_is_stored_and_what_is_about_tasks_stops_nobody() -> None:
    plan = ready_plan()
    findings = tuple(
        Finding(check, "", "run", "", Status.FAIL, "vmm01", "read", "") for check in ("INS-03", "RUN-02", "INS-02")
    )
    looking = frozenset({plan.directory_account.key, plan.node_account.key, plan.sql_account.key})
    assert plan.service_account.name.key not in looking
    by_tasks = View(plan, findings=findings, passwords=frozenset(account.key for account in plan.accounts))
    assert any("INS-03" in row for row in obstacles(by_tasks))
    by_hand = replace(by_tasks, passwords=looking, order=Order(by_hand=True))
    assert obstacles(by_hand) == ()
    assert "No task is made and no password stored" in promise(by_hand)
    assert "rehearse" not in deed(by_hand)


def test_removing_the_database_is_said_in_capitals() -> None:
    plan = ready_plan()
    kept = View(plan, order=Order(Job.UNINSTALL))
    removed = View(plan, order=Order(Job.UNINSTALL, remove_database="VirtualManagerDB"))
    assert "The database VirtualManagerDB is kept." in promise(kept)
    assert "REMOVED" in promise(removed)


async def test_another_job_is_chosen_with_the_arrows_and_has_its_own_pages(tmp_path: Path) -> None:
    plan = ready_plan()
    app = a_wizard(tmp_path, plan, all_passwords(plan))
    async with app.run_test(size=SMALL) as pilot:
        await told(pilot)
        await to_field(pilot, "order.job")
        await pilot.press("u")
        await settled(pilot)
        assert app.answers.order.job is Job.UNINSTALL
        assert "What is removed" in screen_text(pilot)
        assert "DKM container" not in screen_text(pilot)
        await pilot.press("down")
        await settled(pilot)
        assert app.answers.order.job is Job.REBUILD
        assert "DKM container" in screen_text(pilot)


@pytest.mark.parametrize("page", [page for page in pages.BY_ID.values() if page not in pages.PAGES])
async def test_every_page_of_another_job_fits_a_small_screen(page: pages.Page, tmp_path: Path) -> None:
    plan = ready_plan()
    app = a_wizard(tmp_path, plan, all_passwords(plan))
    job = next(job for job, of_job in pages.PAGES_OF.items() if page in of_job)
    app.answers.order = Order(job)
    async with app.run_test(size=SMALL) as pilot:
        await told(pilot)
        await to_page(pilot, page.id)
        text = screen_text(pilot)
        assert page.name in text
        assert all(pages.LABELS[key] in text for key in page.keys)


def test_each_job_and_what_it_is_stand_on_one_line_of_a_small_screen() -> None:
    # 80 columns less the list of steps, paddings and a scroll bar.
    assert max(len(job.value) + 3 + len(text) for job, text in JOB_TEXTS.items()) <= 46


async def test_how_one_job_ended_says_nothing_of_another(tmp_path: Path) -> None:
    plan = ready_plan()
    app = a_wizard(tmp_path, plan, all_passwords(plan))
    async with app.run_test(size=SMALL) as pilot:
        await told(pilot)
        app.wizard.result = "installed"
        app.wizard.refresh_view()
        await to_field(pilot, "order.job")
        await pilot.press("v")
        await settled(pilot)
        await to_page(pilot, "run")
        assert app.screen.query_one("#start", Button).label.plain == "Verify"
