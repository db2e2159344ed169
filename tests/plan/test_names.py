"""The value types: each parses one text and prints it back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plan.plans import accounts, distinguished_names, host_names, sql_targets
from vmm_wizard.plan.names import AccountName, DistinguishedName, HostName, NetbiosName, SqlTarget


@given(distinguished_names)
def test_a_distinguished_name_is_printed_as_it_is_parsed(name: DistinguishedName) -> None:
    assert DistinguishedName.parse(str(name)) == name
    assert name.dns_domain == "contoso.lab"


@given(st.text("a \\,#+=", min_size=1, max_size=6))
def test_a_single_rdn_keeps_blanks_at_its_ends(value: str) -> None:
    name = DistinguishedName((("CN", value),))
    assert DistinguishedName.parse(str(name)) == name


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("cn=VMM Keys, dc=contoso ,dc=lab", "cn=VMM Keys,dc=contoso,dc=lab"),
        ('"CN=VMMDKM,DC=contoso,DC=lab"', "CN=VMMDKM,DC=contoso,DC=lab"),
        (r"CN=a\2Cb,DC=lab", r"CN=a\,b,DC=lab"),
        (r"CN=a\ ,DC=lab", r"CN=a\ ,DC=lab"),
        (r"CN=a\\ ,DC=lab", r"CN=a\\,DC=lab"),
        ("CN=Gr\\C3\\B6\\C3\\9Fe,DC=lab", "CN=Größe,DC=lab"),
        ("", ""),
    ],
)
def test_spellings_of_a_distinguished_name(text: str, printed: str) -> None:
    assert str(DistinguishedName.parse(text)) == printed


@pytest.mark.parametrize("text", ["VMMDKM", "CN=", "=x", "CN=a,,DC=b", "CN=a\\", "CN=\\C3,DC=b", "CN=a\nb", "CN=a+b"])
def test_what_is_no_distinguished_name(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        DistinguishedName.parse(text)


@pytest.mark.parametrize("text", ["sa", "vmm_reader", "driver-test", "CONTOSO\\dba", "dba@contoso.lab"])
def test_where_sql_server_is_asked_a_name_alone_is_a_login(text: str) -> None:
    account = AccountName.parse_with_logins(text)
    assert str(account) == text
    assert account.is_sql_login == (not account.domain)
    assert account.is_sql_login == ("\\" not in text and "@" not in text)


def test_a_domain_account_is_never_a_name_alone() -> None:
    with pytest.raises(ValueError, match="has no domain"):
        AccountName.parse("svc-vmm")
    with pytest.raises(ValueError, match="has no domain"):
        AccountName.parse_with_logins("two words")


@given(accounts)
def test_an_account_is_printed_as_it_is_parsed(account: AccountName) -> None:
    assert AccountName.parse(str(account)) == account
    assert AccountName.parse(str(account).upper()).key == account.key or not str(account).isascii()


@pytest.mark.parametrize(
    "text", ["svc", "CONTOSO\\", "\\svc", "a b\\svc", "CONTOSO\\a/b", "svc@", "CONTOSO\\a\\b", "x\ny\\z"]
)
def test_what_is_no_account(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        AccountName.parse(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (r"vmm-setupCONTOSO\svc", "'vmm-setupCONTOSO' has 16 characters, and a NetBIOS domain name 15 at most"),
        (r"CON*TO?SO\svc", "the domain part must not hold * ?"),
    ],
)
def test_a_domain_that_is_no_netbios_name_is_said(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=r".") as raised:
        AccountName.parse(text)
    assert sentence in str(raised.value)


@pytest.mark.parametrize(
    "text", [r"ABCDEFGHIJKLMNO\svc", r".\svc", r"head-office.contoso.lab\svc", "a@office-of-contoso"]
)
def test_the_length_of_a_netbios_name_holds_for_no_other_domain(text: str) -> None:
    assert str(AccountName.parse(text)) == text


@given(host_names)
def test_a_host_name_is_printed_as_it_is_typed(host: HostName) -> None:
    assert HostName.parse(f" {host}. ") == host
    assert host.qualified("contoso.lab").text == (host.text if "." in host.text else f"{host.text}.contoso.lab")


@pytest.mark.parametrize("text", ["10.0.0.1", "fe80::1", "a b", "-a", "a..b", "a/b", "a" * 256])
def test_what_is_no_host_name(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        HostName.parse(text)


@given(sql_targets)
def test_a_sql_server_is_printed_as_it_is_parsed(target: SqlTarget) -> None:
    assert SqlTarget.parse(str(target)) == target


@pytest.mark.parametrize(
    "text", ["sql01,0", "sql01,65536", "sql01,x", "\\VMM", "sql01\\", "sql01\\9a", "a b", "sql01\\a,"]
)
def test_what_is_no_sql_server(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        SqlTarget.parse(text)


def test_a_role_name_of_sixteen_letters_parses_and_is_for_a_check_to_judge() -> None:
    assert NetbiosName.parse("vmm-management-server").text == "vmm-management-server"
    with pytest.raises(ValueError, match="blanks"):
        NetbiosName.parse("v m")
