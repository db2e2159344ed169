"""Files with passwords: refused when others can read them, and never shown."""

import io
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secret_files import SIZE_MAX, parse_accounts, readers_by_sddl, saved_sddl
from vmm_wizard.plan.secrets import Secret, Secrets, SecretsError, load_secrets, piped, read_piped

SETUP = AccountName.parse(r"CONTOSO\vmm-setup")
GOOD = "[accounts]\n'CONTOSO\\vmm-setup' = \"C4nary\"\n'svc-vmm@contoso.lab' = 'other'\nreporting = 'third'\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "secrets.toml"
    path.write_text(GOOD)
    path.chmod(0o600)
    return path


def refusal(content: str) -> str:
    with pytest.raises(SecretsError) as raised:
        parse_accounts(content.encode(), "secrets.toml")
    sentence = str(raised.value)
    assert "C4nary" not in sentence
    assert "\n" not in sentence
    return sentence


def test_passwords_are_found_by_account_in_any_case(file: Path) -> None:
    secrets = load_secrets(file)
    found = secrets.get(AccountName.parse(r"contoso\VMM-SETUP"))
    assert found is not None
    assert found.reveal() == "C4nary"
    assert AccountName.parse("svc-vmm@contoso.lab") in secrets
    assert AccountName("", "reporting") in secrets
    assert AccountName.parse(r"CONTOSO\nobody") not in secrets


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no mode bits")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o610, 0o602])
def test_a_file_that_others_can_read_is_refused_with_the_remedy(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(SecretsError) as raised:
        load_secrets(file)
    assert str(raised.value) == f"{file}: others can read it (mode {mode:04o}); run: chmod 600 {file}"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no mode bits")
def test_the_remedy_can_be_pasted_whatever_the_file_is_called(file: Path) -> None:
    odd = file.rename(file.with_name("it's $(mine).toml"))
    odd.chmod(0o644)
    with pytest.raises(SecretsError) as raised:
        load_secrets(odd)
    subprocess.run(["/bin/sh", "-c", str(raised.value).partition("run: ")[2]], check=True, timeout=30)
    assert SETUP in load_secrets(odd)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_for_its_owner_alone_is_taken(file: Path, mode: int) -> None:
    file.chmod(mode)
    assert SETUP in load_secrets(file)


def test_what_cannot_be_opened_has_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SecretsError, match="cannot be read"):
        load_secrets(tmp_path / "missing")
    with pytest.raises(SecretsError, match="this is a folder"):
        load_secrets(tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[accounts]\n'A\\b' = \"C4nary", "secrets.toml:2: not TOML"),
        ('[accounts]\n"A\\q" = "C4nary"', "secrets.toml:2: not TOML"),
        ("'A\\b' = 'C4nary'\n", "below the line [accounts]"),
        ("[account]\n'A\\b' = 'C4nary'\n", "the table [accounts] is missing"),
        ("accounts = 'C4nary'", "below the line [accounts]"),
        ("[accounts]\n'C4nary!' = 'A\\b'\n", "entry 1 of [accounts] is for no account"),
        ("[accounts]\n'A\\b' = ['C4nary']\n", r"the password of A\b must be a text in quotes"),
        ("[accounts]\n'A\\b' = 12345\n", r"the password of A\b must be a text in quotes"),
        ("[accounts]\n'A\\b' = 'x'\n'a\\B' = 'C4nary'\n", r"a\B stands twice"),
        (f"x = {'[' * 3000}", "secrets.toml"),
    ],
)
def test_a_bad_file_is_refused_without_showing_it(content: str, words: str) -> None:
    assert words in refusal(content)


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(SecretsError, match="not UTF-8"):
        parse_accounts(b"[accounts]\n'A\\b' = '\xff'", "secrets.toml")


def test_a_large_file_is_refused(file: Path) -> None:
    file.write_text(GOOD + "#" * 70_000)
    with pytest.raises(SecretsError, match="too large"):
        load_secrets(file)


def test_a_secret_shows_itself_to_nobody() -> None:
    secret = Secret("C4nary")
    secrets = Secrets()
    secrets.put(SETUP, secret)
    assert "C4nary" not in f"{secret} {secret!r} {secrets!r} {[secret]}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    secrets.put(SETUP, Secret(""))
    assert SETUP not in secrets


@pytest.mark.parametrize(
    ("sddl", "readers"),
    [
        ("D:PAI(A;;FA;;;SY)(A;;FA;;;BA)(A;;FA;;;S-1-5-21-1-2-3-1104)", ()),
        ("D:AI(A;ID;FA;;;SY)(A;ID;0x1200a9;;;BU)", ("Users",)),
        ("D:(A;;FR;;;WD)", ("Everyone",)),
        ("D:(A;;0x1301bf;;;AU)(A;;FR;;;S-1-1-0)", ("Authenticated Users", "Everyone")),
        ("D:(A;;CCDC;;;BU)", ("Users",)),
        ("D:(A;;GR;;;S-1-5-21-1-2-3-513)", ("Domain Users",)),
        ("D:(A;;WDWO;;;S-1-5-32-546)", ("Guests",)),
        ("D:(A;;DCLC;;;WD)", ()),
        ("D:(A;OICIIO;FA;;;WD)", ()),
        ("D:(D;;FA;;;WD)", ()),
        ("D:(A;;0x20000;;;BU)", ()),
        ("O:BAG:SYD:(XA;;FR;;;WD;(!(Member_of {SID(BA)})))", ("Everyone",)),
        ("D:NO_ACCESS_CONTROL", ("Everyone",)),
        ("O:BAG:SY", ("Everyone",)),
        ("D:P", ()),
        ("D:P(A;;FA;;;SY)S:(AU;SAFA;FR;;;WD)(A;;FR;;;WD)", ()),
    ],
)
def test_on_windows_the_access_list_says_who_can_read(sddl: str, readers: tuple[str, ...]) -> None:
    assert readers_by_sddl(sddl) == readers


def test_what_icacls_saved_is_read() -> None:
    assert saved_sddl("secrets.toml\r\nD:P(A;;FA;;;SY)\r\n".encode("utf-16")) == "D:P(A;;FA;;;SY)"
    with pytest.raises(ValueError, match="saved access list"):
        saved_sddl("nothing".encode("utf-16"))


def test_passwords_go_through_a_pipe_as_they_are() -> None:
    secrets = Secrets()
    texts = ("plain", "quo\"te's", "back\\slash", "ümläut", "\U0001f511", "del\x7f", "tab\t", " blank ", "#=[x]")
    for number, text in enumerate(texts):
        secrets.put(AccountName.parse(rf"CONTOSO\user{number}"), Secret(text))
    read = read_piped(io.BytesIO(piped(secrets)))
    assert [secret.reveal() for secret in read.values()] == list(texts)
    assert read.items() == secrets.items()


def test_too_much_through_a_pipe_is_refused() -> None:
    with pytest.raises(SecretsError, match="standard input: larger than 64 KiB"):
        read_piped(io.BytesIO(b"x" * (SIZE_MAX + 1)))
