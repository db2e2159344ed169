"""Windows' private-profile format, as its API reads it."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plan.plans import lines
from vmm_wizard.setup.profile import read_private_profile, render_profile


def read(text: str) -> dict[str, str]:
    return dict(read_private_profile(text.encode("cp1252")))


def test_keys_are_found_in_any_case() -> None:
    section = read_private_profile(b"[Options]\r\nSqlMachineName = sql01\r\n")
    assert section["SQLMACHINENAME"] == "sql01"
    assert "sqlmachinename" in section
    assert list(section) == ["SqlMachineName"]


def test_without_its_section_nothing_is_found() -> None:
    assert read("SqlMachineName=sql01\r\n") == {}
    assert read("[Other]\r\nSqlMachineName=sql01\r\n") == {}


def test_a_utf8_mark_hides_the_section_of_the_first_line() -> None:
    body = b"[OPTIONS]\r\nHighlyAvailable=1\r\n"
    assert dict(read_private_profile(codecs.BOM_UTF8 + body)) == {}
    assert dict(read_private_profile(codecs.BOM_UTF8 + b"\r\n" + body)) == {"HighlyAvailable": "1"}


def test_utf16_is_read_behind_its_mark_only() -> None:
    text = "[OPTIONS]\r\nCompanyName=Größe 株式会社\r\n"
    assert read_private_profile(codecs.BOM_UTF16_LE + text.encode("utf-16-le"))["CompanyName"] == "Größe 株式会社"
    assert dict(read_private_profile(text.encode("utf-16-le"))) == {}
    assert dict(read_private_profile(codecs.BOM_UTF16_BE + text.encode("utf-16-be"))) == {}


def test_other_bytes_are_the_ansi_code_page() -> None:
    assert read_private_profile(b"[OPTIONS]\nCompanyName=Gr\xf6\xdfe\n")["CompanyName"] == "Größe"


def test_a_comment_behind_a_value_belongs_to_it() -> None:
    assert read("[OPTIONS]\nUpgrade=0 ; no\n") == {"Upgrade": "0 ; no"}
    assert read("[OPTIONS]\nUpgrade=0 # no\n") == {"Upgrade": "0 # no"}


def test_only_a_semicolon_at_the_beginning_makes_a_comment() -> None:
    assert read("[OPTIONS]\n;Upgrade=0\n  ; Upgrade=1\n#Upgrade=2\n") == {"#Upgrade": "2"}


@pytest.mark.parametrize(
    ("written", "returned"),
    [
        ('"quoted"', "quoted"),
        ("'quoted'", "quoted"),
        ('""twice""', '"twice"'),
        ("\"mixed'", "\"mixed'"),
        ('"', '"'),
        ('""', ""),
        ("", ""),
        ("a=b", "a=b"),
        (" \t blanks \t ", "blanks"),
        ('" kept "', " kept "),
        (r"C:\Program Files", r"C:\Program Files"),
        ("cut\0here", "cut"),
        ("x" * 5000, "x" * 4095),
    ],
)
def test_a_value_comes_back_as_the_api_returns_it(written: str, returned: str) -> None:
    assert read(f"[OPTIONS]\r\nKey={written}\r\n") == {"Key": returned}


def test_the_first_key_and_the_first_section_win() -> None:
    text = "[OPTIONS]\nKey=first\nKEY=second\n[Other]\nThird=3\n[options]\nFourth=4\n"
    assert read(text) == {"Key": "first"}


def test_lines_without_an_equals_sign_are_passed_over() -> None:
    assert read("[OPTIONS]\nKey\n\nOther = 1") == {"Other": "1"}


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_any_line_end_ends_a_line(ending: str) -> None:
    assert read(ending.join(["[OPTIONS]", "A=1", "B=2"])) == {"A": "1", "B": "2"}


def test_what_is_ascii_is_written_as_ascii_with_crlf() -> None:
    assert render_profile({"A": "1", "B": "two"}) == b"[OPTIONS]\r\nA=1\r\nB=two\r\n"


def test_other_letters_make_the_file_utf16_with_its_mark() -> None:
    data = render_profile({"CompanyName": "Größe"})
    assert data.startswith(codecs.BOM_UTF16_LE)
    assert data[2:].decode("utf-16-le") == "[OPTIONS]\r\nCompanyName=Größe\r\n"


@pytest.mark.parametrize(
    "value", ["two\nlines", "two\rlines", "a\tb", "nul\0", " blank", "blank ", "x" * 4096, "\ud800"]
)
def test_what_cannot_be_carried_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"must not|longer than|cannot|no text file"):
        render_profile({"CompanyName": value})


@given(st.dictionaries(st.sampled_from(["UserName", "CompanyName", "SqlMachineName"]), lines | st.just("")))
def test_every_line_that_can_be_typed_comes_back(options: dict[str, str]) -> None:
    assert dict(read_private_profile(render_profile(options))) == options


@given(st.binary(max_size=400))
def test_no_bytes_make_the_reader_fail(data: bytes) -> None:
    for value in read_private_profile(b"[OPTIONS]\n" + data).values():
        assert len(value) < 4096
