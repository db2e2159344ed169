"""What is wrong with an answer file that setup would swallow silently."""

import codecs

import pytest

from tests.plan.plans import contoso
from vmm_wizard.setup.ini import render_server_ini
from vmm_wizard.setup.lint import lint

GOOD = render_server_ini(contoso(), first=True).decode()


def changed(old: str, new: str) -> list[str]:
    assert old in GOOD
    return lint(GOOD.replace(old, new).encode("cp1252"))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("VmmServerName=", "VmServerName=", "did you mean VmmServerName?"),
        ("Upgrade=0", "Upgrade=no", "Upgrade is 'no': setup accepts 1 or 0 only"),
        ("Upgrade=0", "Upgrade=0 ; fresh", "setup accepts 1 or 0 only"),
        ("8100", "81000", "a port from 0 to 65535 is expected"),
        ("8101", "8100", "IndigoHTTPSPort and IndigoTcpPort are both 8100"),
        (r"C:\Program", r"C:\\Program", "doubled backslashes"),
        ("=vmm\r\n", "=vmm-management-server\r\n", "a NetBIOS name has 15 at most"),
        ("sql01.contoso.lab", "localhost", "by its real name"),
        ("Microsoft Corporation", "Größe", "outside ASCII"),
        ("VirtualManagerDB", "x" * 256, "setup takes 255 at most"),
        ("Upgrade=0", "Upgrade=0\r\nupgrade=1", "line 25 sets upgrade again: line 24 wins"),
        ("Upgrade=0", "Upgrade", "line 24 has no equals sign"),
        ("Upgrade=0", "CreateNewLibraryShare=1", "does not belong on a highly available server"),
        ("LocalAccount=0", "LocalAccount=1", "needs a domain account"),
        ("2ndNode=0", "2ndNode=1", "must join the database"),
        ("[OPTIONS]", "[OPTION]", "there is no [OPTIONS] section"),
        ("[OPTIONS]", "Upgrade=1\r\n[OPTIONS]", "line 1 sets Upgrade outside [OPTIONS]"),
        ("TopContainerName=", "#TopContainerName=", "TopContainerName is missing"),
        ("UserName=", "ProductKey=none\r\nUserName=", "five groups of five"),
    ],
)
def test_each_mistake_has_its_sentence(old: str, new: str, sentence: str) -> None:
    assert any(sentence in finding for finding in changed(old, new)), changed(old, new)


def test_a_utf8_mark_is_the_first_thing_said() -> None:
    findings = lint(codecs.BOM_UTF8 + GOOD.encode())
    assert "UTF-8 byte order mark" in findings[0]
    assert any("no [OPTIONS] section" in finding for finding in findings)


def test_utf16_needs_its_mark_and_the_right_order() -> None:
    assert any("NUL bytes" in finding for finding in lint(GOOD.encode("utf-16-le")))
    assert any("big endian" in finding for finding in lint(codecs.BOM_UTF16_BE + GOOD.encode("utf-16-be")))
    assert lint(codecs.BOM_UTF16_LE + GOOD.encode("utf-16-le")) == []


def test_a_password_is_named_and_never_shown() -> None:
    findings = changed("Upgrade=0", "VmmServiceUserPassword=C4nary!")
    assert any("leaves a password on disk" in finding for finding in findings)
    assert "C4nary!" not in " ".join(findings)


def test_a_removal_that_does_not_say_what_becomes_of_the_database_would_drop_it() -> None:
    data = b"[OPTIONS]\r\nForceHAVMMUninstall=0\r\nVmmServerName=vmm\r\n"
    assert lint(data, "VMServerUninstall.ini") == [
        "VmmServerName is of no use in VMServerUninstall.ini: setup does not read it there",
        "RetainSqlDatabase is missing: setup would drop the database, which is its default; write 1 to keep it",
    ]
    assert lint(data) == []


def test_a_console_has_no_use_for_the_keys_of_a_server() -> None:
    assert lint(b"[OPTIONS]\r\nProgramFiles=C:\\VMM\r\nIndigoHTTPPort=8103\r\n", "vmclient.ini") == [
        "IndigoHTTPPort is of no use in vmclient.ini: setup does not read it there"
    ]
