"""Whole names, wherever they are pasted or typed, land in the fields that they are made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.wizards import ready_plan
from vmm_wizard.plan.fields import BY_KEY, field_text, parse_field
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import HostName, SqlTarget
from vmm_wizard.wizard.answers import Answers
from vmm_wizard.wizard.pages import BY_ID
from vmm_wizard.wizard.pasting import Landing, cleaned, landing

DN = "CN=VMMDKM,DC=contoso,DC=lab"
KEYS = sorted({key for page in BY_ID.values() for key in page.keys})


def lands(key: str, text: str, plan: Plan | None = None) -> dict[str, str]:
    found = landing(key, text, plan or Plan())
    return dict(found.answers) if found else {}


def sql(host: str, instance: str = "", port: str = "", **more: str) -> dict[str, str]:
    others = {key.replace("_", "."): value for key, value in more.items()}
    return {"database.host": host, "database.instance": instance, "database.port": port, **others}


@pytest.mark.parametrize(
    ("key", "text", "answers"),
    [
        ("database.host", r"sql01\vmm,1433", sql("sql01", "vmm", "1433")),
        ("database.host", r"sql01\vmm", sql("sql01", "vmm")),
        ("database.host", "sql01,1433", sql("sql01", "", "1433")),
        ("database.host", "sql01:1433", sql("sql01", "", "1433")),
        ("database.host", "tcp:sql01,1433", sql("sql01", "", "1433")),
        ("database.host", r"sql01\MSSQLSERVER", sql("sql01")),
        ("database.host", "Server=sql01;Integrated Security=true", sql("sql01")),
        ("database.host", r"Data Source=sql01\vmm;Initial Catalog=VMM", sql("sql01", "vmm", database_name="VMM")),
        ("cluster.nodes", "Server=tcp:sql01,1433;", sql("sql01", "", "1433")),
        ("", r"jdbc:sqlserver://sql01\vmm:1433;databaseName=VMM", sql("sql01", "vmm", "1433", database_name="VMM")),
        ("database.instance", r"sql01\vmm,1433", sql("sql01", "vmm", "1433")),
        ("database.instance", "vmm,1433", {"database.instance": "vmm", "database.port": "1433"}),
        ("database.host", "sql01", {}),
        ("database.host", "sql01.contoso.lab", {"domain": "contoso.lab"}),
        ("database.host", "tcp:sql01.contoso.lab", {**sql("sql01.contoso.lab"), "domain": "contoso.lab"}),
        # a DN, in whatever field
        ("dkm.container", DN, {}),
        ("dkm.container", f' "{DN}" ', {"dkm.container": DN}),
        ("dkm.container", f"LDAP://dc01.contoso.lab/{DN}", {"dkm.container": DN}),
        ("cluster.name", DN, {"dkm.container": DN}),
        ("registration.company_name", DN, {"dkm.container": DN}),
        ("service_account.name", DN, {"dkm.container": DN}),
        ("", DN, {"dkm.container": DN}),
        ("cluster.name", "CN=VMMDKM", {}),
        # accounts
        ("service_account.name", r"CONTOSO\svc-vmm", {}),
        ("service_account.name", r"'CONTOSO\svc-vmm'", {"service_account.name": r"CONTOSO\svc-vmm"}),
        ("installing_account", "vmm-setup@contoso.lab", {"domain": "contoso.lab"}),
        ("connection.sql_account", "sa", {}),
        # hosts
        ("cluster.nodes", "vmm01.contoso.lab", {"domain": "contoso.lab"}),
        ("cluster.nodes", "vmm01\nvmm02\r\n", {"cluster.nodes": "vmm01, vmm02"}),
        ("cluster.nodes", '- "vmm01"\n- "vmm02"', {"cluster.nodes": "vmm01, vmm02"}),
        ("cluster.nodes", "vmm01 vmm02", {}),
        ("cluster.name", "vmmclu.contoso.lab", {"domain": "contoso.lab"}),
        ("cluster.role_name", "vmm.contoso.lab", {"cluster.role_name": "vmm", "domain": "contoso.lab"}),
        ("cluster.static_addresses", "10.0.0.5\n10.1.0.5", {"cluster.static_addresses": "10.0.0.5, 10.1.0.5"}),
        # media
        ("media.path", r"\\files01\sources\VMM", {"prepare.media_source": r"\\files01\sources\VMM"}),
        ("prepare.media_source", r'"\\files01\sources\VMM"', {"prepare.media_source": r"\\files01\sources\VMM"}),
        ("media.path", r'"C:\\VMM\\Media"', {"media.path": r"C:\VMM\Media"}),
        # what is anybody's own words stays as it is
        ("registration.company_name", '"Contoso, Ltd."', {}),
        ("domain", "", {}),
    ],
)
def test_where_a_text_lands(key: str, text: str, answers: dict[str, str]) -> None:
    assert lands(key, text) == answers


def test_the_dn_of_somebody_in_the_field_of_an_account_says_what_is_wanted() -> None:
    found = landing("service_account.name", "CN=Svc,OU=Accounts,DC=contoso,DC=lab", Plan())
    assert found is not None
    assert found.answers == {}
    assert "name@contoso.lab" in found.says


def test_what_was_filled_elsewhere_is_told() -> None:
    """With the values, where they fit into the line below."""
    found = landing("database.host", r"sql01\vmm,1433", Plan())
    assert found is not None
    assert found.says == "also filled in: Instance vmm, TCP port 1433"
    found = landing("database.host", r"sql01.contoso.lab\vmm,1433", Plan())
    assert found is not None
    assert found.says == "also filled in: Domain, Instance, TCP port"


class TestTheDomain:
    def test_that_is_known_is_left_alone(self) -> None:
        assert lands("database.host", "sql01.other.lab", ready_plan()) == {}
        assert lands("cluster.role_name", "vmm.other.lab", ready_plan()) == {}
        assert lands("cluster.role_name", "vmm.contoso.lab", ready_plan()) == {"cluster.role_name": "vmm"}

    def test_follows_the_field_that_told_it(self) -> None:
        """A slip of the keys is mended in one place."""
        plan = Plan(domain=HostName("contosso.lab"))
        answers = Answers(plan)
        answers.answer("cluster.nodes", "vmm01.contosso.lab")
        assert lands("cluster.nodes", "vmm01.contoso.lab", answers.plan) == {"domain": "contoso.lab"}
        assert lands("cluster.name", "vmmclu.contoso.lab", answers.plan) == {}


hosts = st.from_regex(r"[a-z][a-z0-9-]{0,10}[a-z0-9](\.[a-z]{2,8}){0,3}", fullmatch=True)
instances = st.from_regex(r"([A-Za-z_][A-Za-z0-9_]{0,15})?", fullmatch=True).filter(
    lambda t: t.upper() != "MSSQLSERVER"
)


@given(hosts, instances, st.integers(0, 65535), st.sampled_from(["", "tcp:", '"', "'", " "]))
def test_every_target_lands_as_what_it_is(host: str, instance: str, port: int, around: str) -> None:
    target = SqlTarget(host, instance, port)
    text = f"{around}{target}" if around == "tcp:" else f"{around}{target}{around}"
    answers = Answers()
    for key, value in {"database.host": text, **lands("database.host", text)}.items():
        assert answers.answer(key, value) == ""
    assert answers.plan.database.target == target


@given(st.sampled_from(KEYS), st.one_of(st.text(max_size=60), st.from_regex(r"[\w=,;\\:. @\"'\n-]{0,40}")))
def test_whatever_is_pasted_nothing_breaks_and_what_was_good_stays_good(key: str, text: str) -> None:
    found = landing(key, text, Plan())
    if found is None:
        return
    for other, value in found.answers.items():
        if other != key:
            parse_field(other, value)  # raises for a text that its field refuses
    if key in BY_KEY and key in found.answers:
        try:
            before = parse_field(key, text)
        except ValueError:
            return
        assert parse_field(key, found.answers[key]) == before or key in ("media.path", "program_files")


@given(st.sampled_from(KEYS), st.text(max_size=40))
def test_landing_twice_changes_nothing_more(key: str, text: str) -> None:
    found = landing(key, text, Plan()) or Landing()
    again = landing(key, found.answers.get(key, ""), Plan()) or Landing()
    assert {**found.answers, **again.answers} == dict(found.answers)


@pytest.mark.parametrize("key", sorted(BY_KEY))
def test_the_answers_of_a_whole_plan_stay_where_they_stand(key: str) -> None:
    text = field_text(ready_plan(), key)
    assert lands(key, text, ready_plan()) in ({}, {key: text})


@pytest.mark.parametrize("text", ['"a"', "'a'", " a\u00a0", "\u201ca\u201d", "\ufeffa", '" a "'])
def test_quotes_and_blanks_are_taken_off(text: str) -> None:
    assert cleaned(text) == "a"


@pytest.mark.parametrize("text", ['"a" b "c"', 'a"', '"'])
def test_other_quotes_stay(text: str) -> None:
    assert cleaned(text) == text
