"""A bundle holds no secret, whatever file it came in and however that was written, and says what is in it."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmm_wizard import log
from vmm_wizard.report.bundle import Part, bundle, clean, clean_content, node_log_name

CANARY = "Canary-7f3a!"


@pytest.fixture(autouse=True)
def known_secret() -> None:
    log.mask(CANARY)


def opened(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_known_secret_is_masked_in_every_encoding_of_a_log(encoding: str) -> None:
    text = f"10:00:00:setup.exe /VmmServiceUserPassword {CANARY}\r\n10:00:01:it goes on with {CANARY}.\r\n"
    data = text.encode(encoding)
    data = b"\xfe\xff" + data if encoding == "utf-16-be" else data
    found = clean_content(Part("nodes/vmm01/SetupWizard.log", data)).decode()
    assert CANARY not in found
    assert found.endswith("10:00:01:it goes on with ***.\r\n")


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("setup.exe /VmmServiceUserPassword hunter2x /server", "setup.exe /VmmServiceUserPassword *** /server"),
        ('setup.exe -SqlDBAdminPassword "a b" /server', 'setup.exe -SqlDBAdminPassword "***" /server'),
        ("Server=sql01;Password=hunter2x;Database=d", "Server=sql01;Password=***;Database=d"),
        ("pwd = hunter2x, and more", "pwd = ***, and more"),
        ('{"user_password": "hunter2x", "a": 1}', '{"user_password": "***", "a": 1}'),
        ("ProductKey=AAAAA-BBBBB-CCCCC-DDDDD-EEEEE", "ProductKey=***"),
        ("key AAAAA-BBBBB-CCCCC-DDDDD-EEEEE was taken", "key *** was taken"),
        ("the password of CONTOSO\\svc is missing", "the password of CONTOSO\\svc is missing"),
    ],
)
def test_what_stands_where_a_secret_stands_is_masked_though_nobody_gave_it(line: str, shown: str) -> None:
    assert clean(line) == shown


@given(st.text(st.characters(codec="utf-8"), max_size=40), st.text(st.characters(codec="utf-8"), max_size=40))
def test_json_stays_json(before: str, after: str) -> None:
    document = {"event": "notice", "text": f"{before} password={after}", "node": ["vmm01", CANARY, None, 1]}
    for name, end in (("events.jsonl", "\n"), ("run.json", "")):
        line = json.dumps(document) + end
        found = json.loads(clean_content(Part(name, line.encode())))
        assert (found["event"], found["node"]) == ("notice", ["vmm01", "***", None, 1])


def test_the_first_line_of_a_log_whose_begin_was_cut_off_is_left_out() -> None:
    data = f"{CANARY[3:]} is half a secret\nthe next line\n".encode()
    assert clean_content(Part("log", data, cut=True)) == b"the next line\n"


def test_the_zip_says_what_is_in_it_and_what_is_not() -> None:
    parts = [
        Part("plan.toml", b"release = '2022'\n"),
        Part("nodes/vmm01/SetupWizard.log", b"\n10:00:00:Main\n", cut=True),
    ]
    found = opened(bundle(parts, (f"setup's logs of vmm02: could not be reached with {CANARY}",), "today"))
    assert set(found) == {"plan.toml", "nodes/vmm01/SetupWizard.log", "README.txt"}
    readme = found["README.txt"]
    assert "plan.toml      the answers that the run was begun with" in readme
    assert "setup-files/" not in readme
    assert "  nodes/vmm01/SetupWizard.log (its last 4 MB)" in readme
    assert "- setup's logs of vmm02: could not be reached with ***" in readme


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("SetupWizard.log", "nodes/vmm01/SetupWizard.log"),
        ("SCVMM.1a2b\\report.txt", "nodes/vmm01/SCVMM.1a2b/report.txt"),
        ("..\\..\\x.log", ""),
        ("a\\b\\c.log", ""),
        ("c:x.log", ""),
        ("/etc/x.log", ""),
        ("", ""),
    ],
)
def test_a_name_that_a_node_gives_cannot_leave_its_folder(name: str, path: str) -> None:
    assert node_log_name("vmm01", name) == path
