"""Reading answer files: every mistake at once, with its line, what was read and what is allowed."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given

from tests.plan.plans import contoso, plans
from vmm_wizard.checks.acceptance import objections
from vmm_wizard.plan.answers import AnswersError, Mistake, dumps, load, load_draft, loads
from vmm_wizard.plan.fields import FIELDS, TABLES
from vmm_wizard.plan.model import Acceptance, AskedFor, Plan, Release, WinrmTransport
from vmm_wizard.plan.names import AccountName, HostName
from vmm_wizard.plan.secret_keys import is_secret_key

ANSWERS = Path(__file__).parents[2] / "answers"


def mistakes(text: str, complete: bool = False) -> list[str]:
    with pytest.raises(AnswersError) as raised:
        loads(text, "site.toml", complete)
    assert str(raised.value) == "\n".join(map(str, raised.value.mistakes))
    return [str(mistake) for mistake in raised.value.mistakes]


def test_the_example_with_static_addresses_is_the_practice_estate() -> None:
    plan = load(ANSWERS / "contoso-ha.toml")
    assert plan.release is Release.VMM_2022
    assert str(plan.installing_account) == r"CONTOSO\vmm-setup"
    assert str(plan.service_account.name) == r"CONTOSO\svc-vmm"
    assert str(plan.dkm.dn) == "CN=VMMDKM,DC=contoso,DC=lab"
    assert plan.sql_host == "sql01.contoso.lab"
    assert list(map(str, plan.nodes)) == ["vmm01.contoso.lab", "vmm02.contoso.lab"]
    assert list(map(str, plan.cluster.static_addresses)) == ["10.10.0.50", "10.20.0.50"]
    assert plan.role_fqdn == "vmm.contoso.lab"
    assert plan.registration.eula_accepted
    assert plan.media.path == r"C:\VMM\Media"


def test_the_other_example_has_another_shape() -> None:
    plan = load(ANSWERS / "contoso-named-instance.toml")
    assert (plan.sql_host, plan.database.target.instance) == ("sql02.contoso.lab", "VMM")
    assert plan.has_sql_admin
    assert plan.connection.winrm is WinrmTransport.HTTPS
    assert plan.connection.effective_winrm_port == 5986
    assert len(plan.nodes) == 3
    assert plan.ports.console == 8150
    assert plan.role_fqdn == "vmmprod.contoso.lab"


def test_an_empty_file_is_a_draft_and_no_plan() -> None:
    assert loads("", complete=False) == Plan()
    assert {line.partition(" is ")[0] for line in mistakes("", complete=True)} == {
        f"site.toml: {key}" for key in Plan().missing()
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('release = "2012"', 'site.toml:1: release is "2012"; expected one of "2016", "2019", "2022", "2025"'),
        ("release = 2022", "site.toml:1: release is 2022; expected one of"),
        ('\n[cluster]\nnodes = "vmm01"', 'site.toml:3: cluster.nodes is "vmm01"; expected host names such as ["vmm01'),
        ('[cluster]\nnodes = [\n"a",\n"b c",\n]', 'site.toml:4: cluster.nodes is "b c"; expected'),
        ('[cluster]\nnodes = [\n"a",\n"A",\n]', 'site.toml:4: cluster.nodes is "A"; expected'),
        ("[cluster]\nnodes = [1]", "site.toml:2: cluster.nodes is 1; expected"),
        ('[cluster]\nnodes = [""]', "an element of the list is empty"),
        ('[cluster]\nstatic_addresses = ["10.0.0.300"]', "is not an IPv4 or IPv6 address"),
        ('[cluster]\nrole_name = "a b"', "expected a NetBIOS name"),
        ("[ports]\nconsole = 70000", "site.toml:2: ports.console is 70000; expected a port number from 1 to 65535"),
        ("[ports]\nconsole = 0", "ports.console is 0"),
        ("[ports]\nconsole = true", "ports.console is true; expected a port"),
        ('[ports]\nconsole = "8100"', 'ports.console is "8100"; expected a port'),
        ("[registration]\neula_accepted = 1", "registration.eula_accepted is 1; expected true or false"),
        ('[registration]\nproduct_key = "abc"', "expected a product key of five groups"),
        ('installing_account = "vmm-setup"', r"expected an account as DOMAIN\user or user@domain.example"),
        ('[dkm]\ncontainer = "VMMDKM"', "expected a distinguished name such as CN="),
        ("[database]\nhost = 'sql01\\VMM'", "the instance goes into database.instance"),
        ('[database]\nhost = "sql01,1500"', "the port into database.port"),
        ("[media]\npath = 'C:\\\\VMM'", "doubled backslashes"),
        ('[media]\npath = "C:\\temp"', "write backslashes in single quotes"),
        ('[media]\npath = "C:\\VMM"', "site.toml:2: media.path is not TOML"),
        ("cluster = 1", "site.toml:1: cluster is 1; expected a table: [cluster] on a line by itself"),
        ("[[cluster]]\n", "cluster is [{}]; expected a table"),
        ("relase = 1", "site.toml:1: relase is an unknown key; did you mean release?"),
        ('[cluster]\nnods = ["a"]', "site.toml:2: cluster.nods is an unknown key; did you mean cluster.nodes?"),
        ("[cluser]\nx = 1", "site.toml:1: cluser is an unknown table; did you mean cluster?"),
        ('role_name = "vmm"', "role_name is an unknown key; did you mean cluster.role_name?"),
        ("zzzzzz = 1", "zzzzzz is an unknown key; the tables are registration, connection"),
        ('domain = "a.b"\ndomain = "c.d"', "site.toml:2: domain is not TOML (it stands twice, first on line 1)"),
        ("[dkm]\n[dkm]\n", "site.toml:2: [dkm] is not TOML (it stands twice, first on line 1)"),
        ("what is this", "site.toml:1: the line is not TOML"),
    ],
)
def test_each_mistake_is_one_sentence(text: str, sentence: str) -> None:
    assert any(sentence in line for line in mistakes(text)), mistakes(text)
    assert all("\n" not in line for line in mistakes(text))


def test_all_mistakes_are_named_at_once_in_the_order_of_lines() -> None:
    text = 'release = "2012"\nrelase = 1\n[ports]\nconsole = 0\nwds = "x"\n[media]\npath = "C:\\VMM"\n'
    assert [line.split(":")[1] for line in mistakes(text)] == ["1", "2", "4", "5", "7"]


def test_a_mistake_says_what_was_read_and_what_is_allowed() -> None:
    with pytest.raises(AnswersError) as raised:
        loads('\nrelease = "2012"', "site.toml", complete=False)
    assert raised.value.mistakes == (
        Mistake(
            "site.toml",
            2,
            "release",
            '"2012"',
            'expected one of "2016", "2019", "2022", "2025" (\'2012\' is none of 2016, 2019, 2022, 2025)',
        ),
    )


def test_a_missing_answer_points_to_its_table() -> None:
    text = dumps(contoso(cluster=replace(contoso().cluster, nodes=())))
    [line] = mistakes(text, complete=True)
    number = text.split("\n").index("nodes = []") + 1
    assert line.startswith(f"site.toml:{number}: cluster.nodes is not answered; expected host names")


def test_a_wrong_answer_is_not_called_missing_too() -> None:
    text = dumps(contoso()).replace('role_name = "vmm"', 'role_name = "v m"')
    assert len(mistakes(text, complete=True)) == 1


@pytest.mark.parametrize(
    "text",
    [
        'password = "C4nary"',
        '[service_account]\npassword = "C4nary"',
        '[service_account]\nuser_pwd = ["C4nary"]',
        '[secrets]\nx = "C4nary"',
        '[passwords]\n"C4nary" = 1',
        '[[connection.certificate_exceptions]]\npassphrase = "C4nary"',
        'api_token = {x = "C4nary"}',
        'password = "C4nary',
        "password = C4nary",
        'password = "C4nary"\npassword = "C4nary"',
    ],
)
def test_a_secret_is_refused_and_never_shown(text: str) -> None:
    lines = mistakes(text)
    assert any("no secret belongs in an answer file" in line for line in lines)
    assert "C4nary" not in " ".join(lines)


def test_the_value_of_an_unknown_key_is_not_shown_either() -> None:
    assert "C4nary" not in " ".join(mistakes('[service_account]\nkeyphrase = "C4nary"'))


def test_no_key_of_ours_looks_like_a_secret() -> None:
    assert not [name for name in (*TABLES, *(field.key for field in FIELDS)) if is_secret_key(name)]


EXCEPTION = '[[connection.certificate_exceptions]]\nhost = "vmm01"\nsha256 = "{}"\nreason = "until May"\n'


def test_certificate_exceptions_name_host_fingerprint_and_reason() -> None:
    [exception] = loads(EXCEPTION.format("AB:" * 31 + "AB"), complete=False).connection.certificate_exceptions
    assert (exception.host, exception.sha256, exception.reason) == (HostName("vmm01"), "ab" * 32, "until May")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (EXCEPTION.format("abc"), "64 hexadecimal digits"),
        (EXCEPTION.format("ab" * 32).replace("until May", ""), "needs a reason"),
        (EXCEPTION.format("ab" * 32).replace('"vmm01"', '""'), "needs the host"),
        (EXCEPTION.format("ab" * 32).replace("host", "hots"), "site.toml:2: connection.certificate_exceptions.hots"),
        (EXCEPTION.format("ab" * 32).replace('"vmm01"', "1"), "host is a text"),
        (EXCEPTION.format("ab" * 32) * 2, "the host stands twice"),
        ('[connection]\ncertificate_exceptions = ["x"]', "expected tables of host, sha256"),
        ('[connection]\ncertificate_exceptions = "x"', "expected tables of host, sha256"),
    ],
)
def test_a_bad_certificate_exception_is_named(text: str, sentence: str) -> None:
    assert any(sentence in line for line in mistakes(text)), mistakes(text)


def test_files_that_are_no_answer_files_have_one_sentence(tmp_path: Path) -> None:
    def refusal(path: Path) -> str:
        for read in (load, load_draft):
            with pytest.raises(AnswersError) as raised:
                read(path)
        [mistake] = raised.value.mistakes
        return str(mistake)

    assert refusal(tmp_path) == f"{tmp_path}: this is a folder; an answer file is expected"
    assert "cannot be read (no such file" in refusal(tmp_path / "missing.toml")
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'# x\ncompany_name = "Gr\xf6\xdfe"')
    assert "not UTF-8 (line 2); save it as UTF-8" in refusal(latin)
    wide = tmp_path / "wide.toml"
    wide.write_bytes("release = '2022'".encode("utf-16"))
    assert "the file is UTF-16; save it as UTF-8" in refusal(wide)
    large = tmp_path / "large.toml"
    large.write_bytes(b"#" * 300_000)
    assert "larger than 256 KiB" in refusal(large)
    assert "not the name of a file" in refusal(tmp_path / "nul\0")


def test_a_byte_order_mark_of_notepad_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b"\xef\xbb\xbf" + dumps(contoso()).encode())
    assert load(path) == contoso()


def test_a_draft_keeps_what_cannot_be_read_as_it_was_typed(tmp_path: Path) -> None:
    path = tmp_path / "draft.toml"
    path.write_text(
        'domain = "contoso.lab"\ninstalling_account = "vmm-setup"\n[cluster]\nnodes = ["vmm01", "b c"]\n'
        '[ports]\nconsole = "many"\n[media]\npath = "C:\\VMM\\Media"\n'
    )
    draft = load_draft(path)
    assert draft.plan == Plan(domain=HostName("contoso.lab"))
    assert draft.texts == {
        "installing_account": "vmm-setup",
        "cluster.nodes": "vmm01, b c",
        "ports.console": "many",
        "media.path": r"C:\VMM\Media",
    }
    assert [mistake.line for mistake in draft.mistakes] == [2, 4, 6, 8]


@given(plans)
def test_what_is_written_is_read_back(plan: Plan) -> None:
    assert loads(dumps(plan)) == plan


def test_an_upn_stays_a_upn() -> None:
    plan = contoso(installing_account=AccountName.parse("vmm-setup@contoso.lab"))
    assert loads(dumps(plan)).installing_account.is_upn


ACCEPTED = """
[[accepted]]
id = "acc-11"
reason = "one account for all here"
on = 2026-11-26

[[accepted]]
id = "NOD-02"
subject = "vmm01.contoso.lab"
reason = "a laboratory"
by = "Jo"
on = "2026-11-26"

[[asked]]
id = "DKM-02"
team = "AD"
ticket = "CHG-1"
"""


def test_accepted_findings_and_requests_are_read_with_days_in_either_notation() -> None:
    plan = loads(ACCEPTED, complete=False)
    today = date(2026, 11, 26)
    assert plan.accepted == (
        Acceptance("ACC-11", "", "one account for all here", on=today),
        Acceptance("NOD-02", "vmm01.contoso.lab", "a laboratory", "Jo", today),
    )
    assert plan.asked == (AskedFor("DKM-02", "", "ad", "CHG-1"),)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('id = "NOD-02"', 'id = "02"', "site.toml:7: accepted is "),
        ('reason = "a laboratory"', "", "the acceptance of NOD-02 needs a reason"),
        ('by = "Jo"', "by = 3", "site.toml:11: accepted is 3; expected tables of id and reason"),
        ('on = "2026-11-26"', 'on = "26.11.2026"', "'26.11.2026' is not a day such as 2026-11-26"),
        ('on = "2026-11-26"', "on = 2026-11-26T10:00:00", "on is a text"),
        ('by = "Jo"', 'why = "Jo"', "site.toml:11: accepted.why is an unknown key; expected id, subject"),
        ('id = "NOD-02"\nsubject = "vmm01.contoso.lab"', 'id = "ACC-11"', "it is accepted twice"),
        ('team = "AD"', 'team = "them"', "'them' is none of ad, sql, network, nodes"),
        ('ticket = "CHG-1"', "", "needs a ticket, or the name of who was asked"),
    ],
)
def test_a_bad_mark_is_told_like_every_mistake(old: str, new: str, told: str) -> None:
    assert old in ACCEPTED
    with pytest.raises(AnswersError) as error:
        loads(ACCEPTED.replace(old, new), "site.toml", complete=False)
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("acc-11", "DKM-02", "site.toml:3: accepted.id is DKM-02; it cannot be accepted: setup is denied access"),
        ("acc-11", "ACC-99", "site.toml:3: accepted.id is ACC-99; there is no such check; did you mean "),
        ("vmm01.contoso.lab", "vmm09", 'site.toml:9: accepted.subject is "vmm09"; NOD-02 is judged for each node'),
        ("DKM-02", "DKM-99", "site.toml:15: asked.id is DKM-99; there is no such check"),
    ],
)
def test_what_the_checks_have_against_a_mark_is_told_with_file_line_and_key(old: str, new: str, told: str) -> None:
    text = ACCEPTED.replace(old, new) + '[cluster]\nnodes = ["vmm01.contoso.lab"]\n'
    with pytest.raises(AnswersError) as error:
        loads(text, "site.toml", complete=False, rule=objections)
    assert str(error.value).startswith(told)


def test_a_row_that_cannot_be_read_shifts_no_line_of_those_after_it() -> None:
    text = ACCEPTED.replace('reason = "one account for all here"', "").replace("vmm01", "vmm09")
    text += '[cluster]\nnodes = ["vmm01.contoso.lab"]\n'
    with pytest.raises(AnswersError) as error:
        loads(text, "site.toml", complete=False, rule=objections)
    assert [mistake.line for mistake in error.value.mistakes] == [2, 9]
