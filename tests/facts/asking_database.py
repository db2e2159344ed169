"""Asks one SQL Server of a practice estate over a real socket, for the tests of the probe."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.sql_estate import (
    ADMIN,
    ADMIN_PASSWORD,
    HOST,
    SqlEstate,
)
from vmm_wizard.addresses import AddressBook
from vmm_wizard.facts.database import ask_database
from vmm_wizard.facts.model import NoAnswer, SqlFacts
from vmm_wizard.facts.questions import SqlQuestion, Trust
from vmm_wizard.plan.model import Authentication
from vmm_wizard.plan.names import AccountName, SqlTarget
from vmm_wizard.plan.secrets import Secret


@dataclass(frozen=True)
class Probe:
    """Asks one estate; what differs from the usual question is given at the call."""

    estate: SqlEstate

    def question(self, **changes: Any) -> SqlQuestion:
        usual = SqlQuestion(
            HOST,
            SqlTarget("sql01"),
            False,
            "VirtualManagerDB",
            AccountName.parse(ADMIN),
            Authentication.AUTO,
            Trust(str(self.estate.authority.file)),
        )
        return dataclasses.replace(usual, **changes)

    def book(self, host: str = HOST, **services: int) -> AddressBook:
        entry: dict[str, object] = {"address": "127.0.0.1", "tds": self.estate.port, **services}
        return AddressBook(Path("book.toml"), {host: entry})

    def answer(self, password: str = ADMIN_PASSWORD, deadline: float = 10.0, **changes: Any) -> SqlFacts | NoAnswer:
        question = self.question(**changes)
        return ask_database(question, Secret(password), self.book(question.host), deadline)

    def facts(self, password: str = ADMIN_PASSWORD, **changes: Any) -> SqlFacts:
        answer = self.answer(password, **changes)
        assert isinstance(answer, SqlFacts), answer
        return answer

    def gap(self, password: str = ADMIN_PASSWORD, **changes: Any) -> NoAnswer:
        answer = self.answer(password, **changes)
        assert isinstance(answer, NoAnswer), answer
        return answer
