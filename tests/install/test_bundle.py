"""`vmm-wizard bundle` of a run that failed: what is in it, from here and from the nodes, and no secret anywhere."""

from __future__ import annotations

import json
import os
import stat
import zipfile
from pathlib import Path

import pytest

from tests.install.installing import FIRST, SECOND, newest, site
from tests.install.test_attaching import run
from vmm_wizard.lab import setup_run

LOGS = r"C:\ProgramData\VMMLogs"


def test_a_failed_run_in_one_zip_without_its_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup_run, "SUCCEEDED", 16)
    with site(tmp_path) as place:
        place.install()
        run_id = newest(place.journal).id
        passwords = [secret.reveal() for secret in place.served.secrets.values()]
        files = place.served.estate.nodes[FIRST].files
        said = "".join(f"10:00:00:it says {word}\r\n" for word in passwords)
        # Longer than one piece, and one whose begin is left out.
        files.write(rf"{LOGS}\SetupWizardAdditional.log", ("x" * 300_000 + "\r\n" + said).encode("utf-16"))
        files.write(rf"{LOGS}\FullPrereq.xml", ("<a>\r\n" * 900_000 + said + "</a>").encode())
        files.write(rf"{LOGS}\SCVMM.1a\report.txt", said.encode())
        files.write(rf"{LOGS}\other.bin", said.encode())
        (place.state / "log").mkdir()
        (place.state / "log" / "vmm-wizard.log").write_text(said, encoding="utf-8")
        path = tmp_path / "out.zip"
        code, out, errors = run(place, "bundle", run_id, "-o", str(path))
        assert (code, out, errors) == (0, f"{path}\n", "")
        code, _, errors = run(place, "bundle", run_id, "-o", str(path))
        assert (code, f"{path}: is there already" in errors) == (2, True)
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with zipfile.ZipFile(path) as archive:
        found = {name: archive.read(name).decode() for name in archive.namelist()}
    assert not [name for name, text in found.items() for word in passwords if word in text]
    here = {"README.txt", "summary.txt", "run.json", "events.jsonl", "plan.toml", "findings.json", "versions.json"}
    logs = {"SetupWizard.log", "SetupWizardAdditional.log", "FullPrereq.xml", "SCVMM.1a/report.txt"}
    assert here | {f"nodes/{FIRST}/{name}" for name in logs} | {"log/vmm-wizard.log"} <= set(found)
    assert not [name for name in found if "other.bin" in name]
    assert f"setup-files/{FIRST}/VMServer.ini" in found
    assert found[f"nodes/{FIRST}/SCVMM.1a/report.txt"] == "10:00:00:it says ***\r\n" * len(passwords)
    assert found[f"nodes/{FIRST}/FullPrereq.xml"].startswith("<a>\r\n<a>")
    assert "Main: setup has ended with exit code 16" in found[f"nodes/{FIRST}/SetupWizard.log"]
    events = [json.loads(line) for line in found["events.jsonl"].splitlines()]
    assert (events[0]["event"], events[-1]["event"], events[-1]["result"]) == ("started", "finished", "failed")
    assert json.loads(found["run.json"])["outcome"] == "failed"
    assert json.loads(found["findings.json"])["findings"]
    versions = json.loads(found["versions.json"])
    assert versions["nodes"][SECOND]["windows"].startswith("Microsoft Windows Server")
    assert versions["sql_server"]["version"]


def test_where_no_node_answers_the_rest_is_there_and_the_gap_is_named(tmp_path: Path) -> None:
    with site(tmp_path) as place:
        place.install_until(lambda _: True)
        run_id = newest(place.journal).id
        for node in place.served.estate.nodes.values():
            node.wire.shut()
        path = tmp_path / "out.zip"
        code, _, errors = run(place, "bundle", run_id, "-o", str(path))
        assert code == 0
        assert f"! setup's logs of {FIRST}: could not reach" in errors
    with zipfile.ZipFile(path) as archive:
        assert f"- setup's logs of {SECOND}: could not reach" in archive.read("README.txt").decode()
        assert json.loads(archive.read("versions.json"))["nodes"][FIRST]["unknown"]
