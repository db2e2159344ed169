"""One answer at a time, as a form edits it: the same parsers and words as an answer file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plan.plans import contoso, plans
from vmm_wizard.plan.fields import FIELDS, TABLES, Field, field_text, field_value, parse_field, set_field
from vmm_wizard.plan.model import Plan, Release
from vmm_wizard.plan.names import HostName
from vmm_wizard.texts import sentences


@given(plans, st.sampled_from(FIELDS))
def test_the_text_of_an_answer_is_read_back_as_it(plan: Plan, field: Field) -> None:
    key = field.key
    assert parse_field(key, field_text(plan, key)) == field_value(plan, key)


@given(plans)
def test_a_plan_is_the_sum_of_its_answers(plan: Plan) -> None:
    built = Plan()
    for field in FIELDS:
        built = set_field(built, field.key, field_value(plan, field.key))
    assert built == plan


def test_every_answer_has_its_words() -> None:
    assert all(field.about and field.allowed for field in FIELDS)
    assert set(sentences("answer_file")) == {"answer_file.header", *(f"answer_file.table.{name}" for name in TABLES)}


@pytest.mark.parametrize("text", ["vmm01,vmm02", "vmm01 vmm02", "vmm01\nvmm02\n", " vmm01 ; vmm02 "])
def test_a_list_is_typed_in_any_of_the_usual_ways(text: str) -> None:
    assert parse_field("cluster.nodes", text) == (HostName("vmm01"), HostName("vmm02"))


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("release", "2025", Release.VMM_2025),
        ("registration.telemetry", "Yes", True),
        ("registration.telemetry", "off", False),
        ("database.port", "", 0),
        ("ports.bits", " 444 ", 444),
        ("database.instance", "mssqlserver", ""),
        ("registration.product_key", "abcde-12345-fghij-67890-klmno", "ABCDE-12345-FGHIJ-67890-KLMNO"),
        ("prepare.media_source", r" \\files01\VMM, 2022\ ", r"\\files01\VMM, 2022"),
        ("prepare.media_source", "D:\\", "D:\\"),
        ("prepare.media_sha256", "AB " * 32, "ab" * 32),
        ("prepare.packages", r"\\f\s\ODBC 17.msi;\\f\s\VC, x64.exe", (r"\\f\s\ODBC 17.msi", r"\\f\s\VC, x64.exe")),
        ("dkm.container", "", contoso().dkm.dn.__class__()),
    ],
)
def test_what_a_person_types_is_understood(key: str, text: str, value: object) -> None:
    assert parse_field(key, text) == value


@pytest.mark.parametrize(
    ("key", "text", "sentence"),
    [
        ("release", "2012", "'2012' is none of 2016, 2019, 2022, 2025"),
        ("registration.telemetry", "maybe", "neither yes nor no"),
        ("ports.console", "", "not a port"),
        ("ports.console", "٣", "not a port"),
        ("database.instance", "9bad", "not an instance name"),
        ("database.instance", "VMM,1500", "the port goes into database.port"),
        ("database.host", r"sql01\VMM", "the instance goes into database.instance"),
        ("cluster.nodes", "vmm01, VMM01", "'VMM01' stands twice"),
        ("cluster.static_addresses", "fe80::1%3", "is not an IPv4 or IPv6 address"),
        ("connection.certificate_exceptions", "vmm01 abc why", "64 hexadecimal digits"),
        ("accepted", "[" * 5000, "...' is not a row such as { id = ..., subject = ..."),
        ("asked", "{a=" * 5000, "...' is not a row such as { id = ..., subject = ..."),
        ("media.path", r"C:\\VMM", "doubled backslashes"),
        ("prepare.adk_source", "ADK", "neither on a share"),
        ("prepare.adk_source", r"\\files01", "neither on a share"),
        ("prepare.media_source", r"\\files01\sources\*.exe", "neither on a share"),
        ("prepare.media_sha256", "abc", "64 hexadecimal digits"),
        ("prepare.packages", r"\\files01\sources\a.msi; \\files01\sources\readme.txt", "is no installer"),
        ("prepare.packages", r"\\files01\sources\a.msi; \\FILES01\sources\a.msi", "stands twice"),
    ],
)
def test_what_is_refused_is_said_in_a_sentence(key: str, text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=r".") as raised:
        parse_field(key, text)
    assert sentence in str(raised.value)
    assert len(str(raised.value)) < 200


def test_an_unknown_key_is_a_key_error() -> None:
    for call in (lambda: parse_field("x", ""), lambda: set_field(Plan(), "x", ""), lambda: field_text(Plan(), "x")):
        with pytest.raises(KeyError):
            call()
