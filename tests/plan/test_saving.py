"""Saving answer files: comments, order, mode and half-typed answers stay."""

import stat
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.plan.plans import contoso, plans
from vmm_wizard.plan.answers import dumps, load, load_draft, save
from vmm_wizard.plan.fields import FIELDS, set_field
from vmm_wizard.plan.model import Acceptance, CertificateException, Plan, Ports
from vmm_wizard.plan.names import HostName, NetbiosName

ANSWERS = Path(__file__).parents[2] / "answers"


def renamed(plan: Plan) -> Plan:
    return replace(plan, cluster=replace(plan.cluster, role_name=NetbiosName("vmmtest")))


def test_a_new_file_says_of_each_answer_what_it_is_for(tmp_path: Path) -> None:
    path = tmp_path / "new.toml"
    save(contoso(), path)
    assert load(path) == contoso()
    lines = path.read_text().splitlines()
    for field in FIELDS:
        number = next(
            (i for i, line in enumerate(lines) if line.startswith((f"{field.name} =", f"# [[{field.key}"))), 0
        )
        assert lines[number - 1].startswith("#"), field.key
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize("name", ["contoso-ha.toml", "contoso-named-instance.toml"])
def test_one_changed_answer_changes_one_line(tmp_path: Path, name: str) -> None:
    before = (ANSWERS / name).read_text()
    path = tmp_path / name
    path.write_text(before)
    plan = load(path)
    save(plan, path)
    assert path.read_text() == before
    save(renamed(plan), path)
    after = path.read_text()
    assert load(path) == renamed(plan)
    assert [line for line in after.splitlines() if line not in before.splitlines()] == ['role_name = "vmmtest"']
    assert len(after.splitlines()) == len(before.splitlines())


def test_answers_that_were_not_there_come_into_their_tables(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text((ANSWERS / "contoso-ha.toml").read_text())
    exception = CertificateException(HostName("sql01.contoso.lab"), "ab" * 32, "until the CA is there")
    plan = load(path)
    plan = set_field(plan, "connection.certificate_exceptions", (exception,))
    plan = set_field(plan, "connection.directory_server", HostName("dc01.contoso.lab"))
    plan = set_field(plan, "program_files", r"D:\VMM")
    plan = replace(plan, ports=Ports(console=8200))
    save(plan, path)
    assert load(path) == plan
    assert "# Runs setup: a local administrator" in path.read_text()
    save(set_field(plan, "connection.certificate_exceptions", ()), path)
    assert load(path).connection.certificate_exceptions == ()
    assert "# Runs setup: a local administrator" in path.read_text()


def test_unknown_keys_and_line_ends_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b'# mine\r\nticket = "CHG-1"\r\n[cluster]\r\nrole_name = "old" # was old\r\n')
    save(renamed(Plan()), path)
    assert path.read_bytes() == b'# mine\r\nticket = "CHG-1"\r\n[cluster]\r\nrole_name = "vmmtest" # was old\r\n'


def test_a_secret_in_the_old_file_does_not_survive(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('domain = "contoso.lab"\npassword = "C4nary"\n[service_account]\npwd = "C4nary"\n')
    save(contoso(), path)
    assert "C4nary" not in path.read_text()
    assert load(path) == contoso()


def test_a_file_that_cannot_be_kept_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b"not TOML \xff")
    save(contoso(), path)
    assert load(path) == contoso()
    assert (tmp_path / "a.toml.bak").read_bytes() == b"not TOML \xff"


def test_a_table_in_the_wrong_place_is_set_aside_too(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("cluster = 5\n")
    save(contoso(), path)
    assert load(path) == contoso()
    assert (tmp_path / "a.toml.bak").read_text() == "cluster = 5\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no mode bits")
def test_the_mode_stays_and_nothing_is_left_beside(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("")
    path.chmod(0o640)
    save(contoso(), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.toml"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right on Windows")
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.toml").write_text("")
    (tmp_path / "link.toml").symlink_to("real.toml")
    save(contoso(), tmp_path / "link.toml")
    assert (tmp_path / "link.toml").is_symlink()
    assert load(tmp_path / "real.toml") == contoso()


def test_a_folder_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        save(contoso(), tmp_path / "missing" / "a.toml")


_typed = st.dictionaries(
    st.sampled_from(["installing_account", "cluster.role_name", "ports.console", "media.path", "cluster.nodes"]),
    st.sampled_from(["a b c", "x\ty", 'what\'s "this"\\', "70000!"]),
)


@pytest.mark.parametrize("existing", [None, "", 'ticket = "CHG-1" # kept\n[cluster]\nrole_name = "old"\n'])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(plan=plans, texts=_typed)
def test_whatever_is_saved_comes_back(tmp_path: Path, existing: str | None, plan: Plan, texts: dict[str, str]) -> None:
    path = tmp_path / "a.toml"
    path.unlink(missing_ok=True)
    if existing is not None:
        path.write_text(existing)
    refused = {"installing_account", "ports.console", "cluster.nodes"}
    texts = {key: text for key, text in texts.items() if key in refused or "\t" in text}
    save(plan, path, texts)
    draft = load_draft(path)
    assert draft.texts == texts
    for key in texts:
        default = Plan()
        field = next(field for field in FIELDS if field.key == key)
        for attribute in field.path:
            default = getattr(default, attribute)
        plan = set_field(plan, key, default)
    assert draft.plan == plan


@given(plans)
def test_a_file_of_ours_has_no_line_that_is_not_toml(plan: Plan) -> None:
    text = dumps(plan)
    assert text.endswith("\n")
    assert "\r" not in text


MARKED = """# site
[cluster]
nodes = ["vmm01.contoso.lab"]

[[accepted]] # agreed
id = "ACC-11" # shared
subject = ""
reason = "one account for all"
on = 2026-11-26

# ours
[[accepted]]
id = "NOD-02"
subject = "vmm01.contoso.lab"
reason = "a laboratory" # for now
"""


def test_rows_that_stay_keep_their_comments_and_notation(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(MARKED)
    plan = load(path, complete=False)
    save(plan, path)
    assert path.read_text() == MARKED
    one, other = plan.accepted
    save(replace(plan, accepted=(one, replace(other, reason="a small site"))), path)
    assert path.read_text() == MARKED.replace("a laboratory", "a small site")
    third = Acceptance("POST-02", "", "later")
    save(replace(plan, accepted=(one, other, third)), path)
    assert path.read_text() == MARKED + '\n[[accepted]]\nid = "POST-02"\nreason = "later"\n'
    save(replace(plan, accepted=(other,)), path)
    assert load(path, complete=False).accepted == (other,)
    assert "# for now" in path.read_text()
    assert "# shared" not in path.read_text()
    save(replace(plan, accepted=()), path)
    assert load(path, complete=False).accepted == ()
    assert path.read_text().startswith("# site\n")
