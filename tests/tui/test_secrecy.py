"""A password is nowhere but in memory: not on the screen, in a picture, a repr, the log, the file of answers."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual import events
from textual.message import Message

from tests.tui.wizards import LARGE, SMALL, a_wizard, ready_plan, screen_text, send, to_field, to_page, until
from vmm_wizard import log
from vmm_wizard.plan.fields import field_value
from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.tui.messages import PasswordGiven
from vmm_wizard.tui.widgets.field import Field
from vmm_wizard.wizard import pages

CANARY = "c4nary-Pa55word"
FIELDS = [("connection", "installing_account"), ("account", "service_account.name")]


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Path]:
    """The log file of the package while a test runs."""
    path = tmp_path / "log" / "vmm-wizard.log"
    path.parent.mkdir()
    logger = logging.getLogger("vmm_wizard")
    before = list(logger.handlers)
    log.open_log(path)
    yield path
    for handler in set(logger.handlers) - set(before):
        logger.removeHandler(handler)
        handler.close()


async def test_a_password_is_nowhere_to_be_seen(tmp_path: Path, written: Path) -> None:
    app = a_wizard(tmp_path, ready_plan())
    app.answers.file = tmp_path / "answers.toml"
    seen: list[str] = []
    async with app.run_test(size=LARGE) as pilot:
        for page_id, key in FIELDS:
            await to_page(pilot, page_id)
            await to_field(pilot, f"password:{key}")
            for letters in (CANARY[:6], CANARY[6:]):
                await pilot.press(*("minus" if letter == "-" else letter for letter in letters))
                seen += [screen_text(pilot), app.export_screenshot(), *(repr(node) for node in app.screen.query("*"))]
            await pilot.press("tab")
            account = field_value(app.answers.plan, key)
            await until(pilot, lambda account=account: account in app.jobs.secrets)  # type: ignore[misc]
            secret = app.jobs.secrets.get(account)
            assert secret is not None
            assert secret.reveal() == CANARY, "the test did not type what it looks for"
        for page in pages.PAGES:
            await to_page(pilot, page.id)
            seen += [screen_text(pilot), app.export_screenshot()]
            seen += [f"{node!r} {node.id} {node.name} {node.classes}" for node in app.screen.query("*")]
        await pilot.press("ctrl+s")
        await until(pilot, (tmp_path / "answers.toml").exists)
        app.log(app.tree)
        logging.getLogger("vmm_wizard.tui").warning("the logon with %s was refused", CANARY)
    files = "".join(path.read_text(encoding="utf-8") for path in tmp_path.rglob("*") if path.is_file())
    assert "the logon with *** was refused" in files
    assert CANARY not in files
    assert not [text for text in seen if CANARY in text]


def test_the_message_that_carries_a_password_does_not_show_it() -> None:
    message: Message = PasswordGiven("installing_account", Secret(CANARY))
    assert CANARY not in repr(message)
    assert CANARY not in str(message)


async def test_a_pasted_password_is_not_shown_either(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=LARGE) as pilot:
        await to_page(pilot, "account")
        field = await to_field(pilot, "password:service_account.name")
        field.post_message(events.Paste(CANARY + "\n"))
        await pilot.pause()
        assert CANARY not in screen_text(pilot)
        assert CANARY not in app.export_screenshot()
        await pilot.press("tab")
        account = AccountName.parse(r"CONTOSO\svc-vmm")
        await until(pilot, lambda: account in app.jobs.secrets)
        secret = app.jobs.secrets.get(account)
        assert secret is not None
        assert secret.reveal() == CANARY


@pytest.mark.parametrize("key", ["tab", pytest.param("enter", marks=pytest.mark.long)])
async def test_a_password_that_is_typed_at_once_after_its_account_goes_nowhere_else(key: str, tmp_path: Path) -> None:
    """The field of the password is there only when the account is: it must be when the next key comes."""
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await to_page(pilot, "connection")
        await to_field(pilot, "installing_account")
        send(app, *"nobody", "ctrl+u", *"vmm@contoso.lab", key, *"Sehr.Geheim-77", "tab")
        account = AccountName.parse("vmm@contoso.lab")
        await until(pilot, lambda: account in app.jobs.secrets)
        given = app.jobs.secrets.get(account)
        assert given is not None
        assert given.reveal() == "Sehr.Geheim-77"
        assert all("Geheim" not in row.typed for row in app.wizard.query(Field))
