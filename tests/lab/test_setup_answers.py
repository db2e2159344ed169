"""The simulated setup reads its command line and its answer file as the real one does."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plan.plans import contoso
from vmm_wizard.lab.setup_answers import RefusedInput, SetupArguments, SetupOptions
from vmm_wizard.setup.command import server_install
from vmm_wizard.setup.ini import render_server_ini

FULL = [
    "/server",
    "/i",
    "/f",
    r"C:\run\VMServer.ini",
    "/VmmServiceDomain",
    "CONTOSO",
    "/VmmServiceUserName",
    "svc-vmm",
    "/VmmServiceUserPassword",
    "Pa ss",
    "/IACCEPTSCEULA",
]


def test_a_full_command_line_says_where_the_answers_are_and_who_the_service_is() -> None:
    arguments = SetupArguments.parse(FULL)

    assert arguments.values["f"] == r"C:\run\VMServer.ini"
    assert arguments.account("VmmService", "UserName") == (r"CONTOSO\svc-vmm", "Pa ss")
    assert arguments.account("SqlDBAdmin", "Name") is None


def test_switches_are_known_in_any_case_and_behind_either_mark() -> None:
    arguments = SetupArguments.parse([token.swapcase().replace("/", "-") for token in FULL])

    assert arguments.flags == {"server", "i", "IACCEPTSCEULA"}


def test_what_our_own_command_says_is_understood() -> None:
    command = server_install(contoso(), r"C:\run\VMServer.ini")
    words = [part if isinstance(part, str) else "secret" for part in command.arguments]

    assert SetupArguments.parse(words).account("VmmService", "UserName") == (r"CONTOSO\svc-vmm", "secret")


@pytest.mark.parametrize("password", ["/slash", "-dash"])
def test_a_password_that_looks_like_a_switch_is_taken_for_one(password: str) -> None:
    words = [password if token == "Pa ss" else token for token in FULL]

    with pytest.raises(RefusedInput) as refused:
        SetupArguments.parse(words)
    assert "VmmServiceUserPassword has no value" in str(refused.value)
    assert password not in str(refused.value)


def test_without_the_licence_nothing_begins() -> None:
    with pytest.raises(RefusedInput, match="acceptance"):
        SetupArguments.parse(FULL[:-1])


@given(st.lists(st.text(max_size=12), max_size=8))
def test_any_words_are_understood_or_refused(words: list[str]) -> None:
    with contextlib.suppress(RefusedInput):
        assert SetupArguments.parse(words).flags >= {"server", "i", "IACCEPTSCEULA"}


def test_our_answer_file_is_read_as_it_was_meant() -> None:
    options = SetupOptions.read(render_server_ini(contoso(), first=True), "VMM01")

    assert options.highly_available
    assert not options.second_node
    assert options.create_database
    assert options.role_name == str(contoso().cluster.role_name)
    assert options.container == str(contoso().dkm.dn)
    assert options.addresses == contoso().cluster.static_addresses
    assert options.default_instance == (not contoso().database.target.instance)


def test_a_utf8_byte_order_mark_hides_everything_and_all_defaults_hold() -> None:
    hidden = SetupOptions.read(b"\xef\xbb\xbf" + render_server_ini(contoso(), first=True), "VMM01")

    assert hidden == SetupOptions.read(None, "VMM01")
    assert not hidden.highly_available
    assert hidden.sql_machine == "VMM01"
    assert hidden.sql_instance == "MICROSOFT$VMM$"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("HighlyAvailable=true", "HighlyAvailable"),
        ("SqlServerPort=70000", "SqlServerPort"),
        ("VmmServerName=a-name-of-sixteen", "VmmServerName"),
        ("IndigoTcpPort=8101", "two ports"),
        (r"ProgramFiles=C:\\Program Files\\VMM", "ProgramFiles"),
        ("VMMStaticIPAddress=10.0.0.300", "VMMStaticIPAddress"),
        ("TopContainerName=VMMDKM", "TopContainerName"),
    ],
)
def test_a_value_that_setup_cannot_take_is_refused(line: str, says: str) -> None:
    name = line.partition("=")[0]
    whole = "[OPTIONS]\r\nHighlyAvailable=1\r\nVmmServerName=vmm\r\nTopContainerName=CN=VMMDKM,DC=contoso,DC=lab\r\n"
    lines = [kept for kept in whole.splitlines() if kept.partition("=")[0] != name]

    with pytest.raises(RefusedInput, match=says):
        SetupOptions.read("\r\n".join([*lines, line]).encode(), "VMM01")
