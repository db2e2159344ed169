"""setup.exe command lines: switches, quoting, and no password anywhere."""

import json
import subprocess
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plan.plans import accounts, contoso
from vmm_wizard.plan.model import AccountKind, Media, Registration, ServiceAccount
from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.setup.command import (
    MASK,
    SecretOf,
    console_install,
    console_uninstall,
    password_problem,
    quote,
    server_install,
    server_uninstall,
    split,
)

INI = r"C:\VMM\VMServer.ini"
SERVICE = AccountName.parse(r"CONTOSO\svc-vmm")
SQL_ADMIN = AccountName.parse(r"CONTOSO\sql-admin")
WITH_SQL_ADMIN = contoso(database=replace(contoso().database, admin_account=SQL_ADMIN))


def test_a_server_install_is_masked_when_shown() -> None:
    assert server_install(contoso(), INI).masked() == (
        r"C:\VMM\Media\setup.exe /server /i /f C:\VMM\VMServer.ini"
        r" /VmmServiceDomain CONTOSO /VmmServiceUserName svc-vmm /VmmServiceUserPassword *** /IACCEPTSCEULA"
    )


def test_another_sql_administrator_comes_with_three_switches() -> None:
    command = server_install(WITH_SQL_ADMIN, INI)
    assert command.arguments[-7:-1] == (
        "/SqlDBAdminDomain",
        "CONTOSO",
        "/SqlDBAdminName",
        "sql-admin",
        "/SqlDBAdminPassword",
        SecretOf(SQL_ADMIN),
    )
    assert command.secret_accounts == (SERVICE, SQL_ADMIN)


def test_the_template_goes_through_json_and_counts_the_secrets() -> None:
    template = server_install(WITH_SQL_ADMIN, INI).argument_template()
    assert json.loads(json.dumps(template)) == template
    assert [part for part in template if isinstance(part, dict)] == [{"secret": 0}, {"secret": 1}]


def test_one_account_for_both_has_one_secret() -> None:
    plan = contoso(database=replace(contoso().database, admin_account=AccountName.parse(r"contoso\SVC-VMM")))
    command = server_install(plan, INI)
    assert command.secret_accounts == (SERVICE,)
    assert command.argument_template().count({"secret": 0}) == 2


def test_a_upn_is_taken_apart() -> None:
    plan = contoso(service_account=ServiceAccount(AccountName.parse("svc-vmm@contoso.lab")))
    arguments = server_install(plan, INI).arguments
    assert arguments[arguments.index("/VmmServiceDomain") + 1] == "contoso.lab"
    assert arguments[arguments.index("/VmmServiceUserName") + 1] == "svc-vmm"


@pytest.mark.parametrize("user", ["gmsa-vmm", "gmsa-vmm$"])
def test_a_managed_account_has_its_dns_domain_a_dollar_and_no_password(user: str) -> None:
    plan = contoso(service_account=ServiceAccount(AccountName("CONTOSO", user), AccountKind.GMSA))
    arguments = server_install(plan, INI).arguments
    assert arguments[4:8] == ("/VmmServiceDomain", "contoso.lab", "/VmmServiceUserName", "gmsa-vmm$")
    assert server_install(plan, INI).secret_accounts == ()


def test_licence_terms_are_accepted_by_the_plan_or_not_at_all() -> None:
    plan = contoso(registration=Registration(eula_accepted=False))
    for command in (server_install, console_install):
        with pytest.raises(ValueError, match="licence terms are not accepted"):
            command(plan, INI)


@pytest.mark.parametrize("user", ["/svc", "-svc"])
def test_a_value_that_looks_like_a_switch_is_refused(user: str) -> None:
    with pytest.raises(ValueError, match="would take for a switch"):
        server_install(contoso(service_account=ServiceAccount(AccountName("CONTOSO", user))), INI)
    with pytest.raises(ValueError, match="would take for a switch"):
        server_install(contoso(), "/tmp/VMServer.ini")


def test_the_console_and_both_removals() -> None:
    assert console_install(contoso(), "c.ini").arguments == ("/client", "/i", "/f", "c.ini", "/IACCEPTSCEULA")
    assert server_uninstall(contoso(), "u.ini").arguments == ("/server", "/x", "/f", "u.ini")
    assert server_uninstall(WITH_SQL_ADMIN, "u.ini").secret_accounts == (SQL_ADMIN,)
    assert console_uninstall(contoso()).arguments == ("/client", "/x")


def test_blanks_in_the_media_path_are_quoted_and_a_final_backslash_goes() -> None:
    plan = contoso(media=Media("D:\\VMM 2022\\"))
    assert (
        server_install(plan, "D:\\a b.ini").masked().startswith('"D:\\VMM 2022\\setup.exe" /server /i /f "D:\\a b.ini"')
    )


def test_without_media_there_is_no_command() -> None:
    with pytest.raises(ValueError, match=r"media\.path"):
        console_uninstall(contoso(media=Media()))


@pytest.mark.parametrize(
    ("argument", "quoted"),
    [
        ("plain", "plain"),
        ("", '""'),
        ("a b", '"a b"'),
        ("a b\\", '"a b\\\\"'),
        ('say "hi"', '"say \\"hi\\""'),
        ('a\\"b', '"a\\\\\\"b"'),
        ("C:\\x\\", "C:\\x\\"),
    ],
)
def test_quoting_follows_windows(argument: str, quoted: str) -> None:
    assert quote(argument) == quoted


_words = st.lists(st.text(st.sampled_from('ab\\" \t/-$%^&!é')) | st.text(max_size=8), max_size=5)


@given(_words)
def test_what_is_quoted_is_split_again(arguments: list[str]) -> None:
    assert split(" ".join(map(quote, arguments))) == arguments


@given(_words)
def test_the_splitter_agrees_with_the_standard_library_too(arguments: list[str]) -> None:
    assert split(subprocess.list2cmdline(arguments)) == arguments


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("good", ""),
        ('quo"te\\', ""),
        ("%^&!$`", ""),
        ("x" * 255, ""),
        ("", "empty"),
        ("x" * 256, "longer than 255"),
        ("/canary", "begins with"),
        ("-canary", "begins with"),
        ("can\nary", "control character"),
    ],
)
def test_passwords_that_setup_cannot_be_given_are_named_without_being_shown(password: str, problem: str) -> None:
    sentence = password_problem(Secret(password))
    assert (problem in sentence) if problem else sentence == ""
    assert "canary" not in sentence


_canaries = st.text("Canary?!%^&$ '\"\\", min_size=12, max_size=40)


@given(accounts, accounts, _canaries)
def test_a_removal_has_one_password_at_most_and_only_where_it_is_filled_in(
    service: AccountName, admin: AccountName, canary: str
) -> None:
    database = replace(contoso().database, admin_account=admin)
    plan = contoso(service_account=ServiceAccount(service), database=database)
    commands = [console_install(plan, "c.ini"), console_uninstall(plan)]
    assert not commands[0].secret_accounts + commands[1].secret_accounts
    if not {admin.user[0], admin.domain[0]} & set("/-"):
        commands.append(server_uninstall(plan, "u.ini"))
        assert commands[-1].secret_accounts == ((admin,) if plan.has_sql_admin else ())
    for command in commands:
        shown = command.masked()
        assert split(shown)[1:] == [word if isinstance(word, str) else MASK for word in command.arguments]
        words = [word if isinstance(word, str) else canary for word in command.argument_template()]
        line = " ".join(map(quote, words))
        assert split(line).count(canary) == len(command.secret_accounts)
        assert canary not in f"{command!r} {shown}"
