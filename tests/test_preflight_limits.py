"""Whatever a probe is held up by, the preflight comes to an end, and what it did not hear is unknown."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.estates import contoso_plan
from vmm_wizard.addresses import AddressError, Endpoint, Service
from vmm_wizard.checks.registry import Status
from vmm_wizard.facts.model import NoAnswer
from vmm_wizard.plan.secrets import Secret, Secrets
from vmm_wizard.preflight import GIVEN_UP_AFTER, Preflight

DEADLINE = 0.2


@dataclass
class Stuck:
    """A resolver that does not come back before it is released, as a system's may."""

    released: threading.Event = field(default_factory=threading.Event)
    asked: int = 0
    ca_file: str | None = None

    def locate(self, host: str, service: Service, port: int = 0) -> Endpoint:
        return self.locate_tcp(f"{host} {service}", port)

    def locate_tcp(self, host: str, port: int) -> Endpoint:
        self._wait()
        raise AddressError(f"{host} {port} was released")

    def addresses_of(self, host: str) -> tuple[str, ...]:
        self._wait()
        return (host,)

    def names_of(self, address: str) -> tuple[str, ...]:
        self._wait()
        return (f"{address}.in-addr.arpa",)

    def domain_controllers(self, domain: str) -> tuple[str, ...]:
        self._wait()
        return (f"dc01.{domain}",)

    def _wait(self) -> None:
        self.asked += 1
        self.released.wait()


@pytest.fixture
def stuck() -> Iterator[Stuck]:
    resolver = Stuck()
    yield resolver
    resolver.released.set()


def test_a_resolver_that_never_answers_ends_in_unknowns(stuck: Stuck) -> None:
    plan, secrets = contoso_plan(), Secrets()
    for account in plan.accounts:
        secrets.put(account, Secret("not used"))
    preflight = Preflight(secrets, stuck, DEADLINE)
    begun = time.monotonic()
    last = list(preflight.run(plan))[-1]
    assert time.monotonic() - begun < GIVEN_UP_AFTER * DEADLINE + 10
    assert last.waiting == ()
    assert isinstance(last.facts.domain, NoAnswer)
    assert last.facts.domain == NoAnswer("directory: no answer within 0.8 s", "timeout")
    states = {finding.id: finding.status for finding in last.findings}
    assert {states[name] for name in ("ACC-01", "DKM-01", "SQL-01", "NOD-01")} == {Status.UNKNOWN}


def test_what_was_given_up_is_asked_anew(stuck: Stuck) -> None:
    plan = contoso_plan()
    preflight = Preflight(Secrets(), stuck, DEADLINE)
    list(preflight.run(plan))
    before = stuck.asked
    list(preflight.run(plan))
    assert stuck.asked > before > 0
