"""The runbook: names come back from what is written, no secret is anywhere, and the script keeps the scripts' rules."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plan.plans import contoso, plans
from tests.powershell import functions, misfits, newer_syntax, of_type, parameters, parse, variables, words
from tests.remote.documented import table
from tests.remote.test_documented import names_of, unknown
from tests.remote.test_scripts import RULES
from tests.secrets_in_powershell import leaks, sources
from vmm_wizard.plan.model import AccountKind, Plan, Registration, ServiceAccount
from vmm_wizard.plan.names import AccountName, HostName
from vmm_wizard.remote.task_run import RunResult
from vmm_wizard.report.runbook import node_folders, runbook_files
from vmm_wizard.setup.by_hand import script_bytes
from vmm_wizard.setup.command import quote, server_install, split
from vmm_wizard.setup.ini import SERVER_INI, read_private_profile, server_options
from vmm_wizard.setup.lint import lint

FILE = "contoso-ha.toml"
RUN_SETUP = script_bytes().decode("ascii").replace("\r\n", "\n")


def job(files: Mapping[str, bytes], folder: str) -> dict[str, Any]:
    found = json.loads(files[f"{folder}/setup.json"])
    assert isinstance(found, dict)
    return found


class TestFiles:
    def test_the_nodes_folders_are_numbered_in_the_order_of_installation(self) -> None:
        assert node_folders(contoso()) == ("01-vmm01.contoso.lab", "02-vmm02.contoso.lab")
        assert list(runbook_files(contoso(), FILE)) == [
            "README.md",
            *(
                f"{folder}/{name}"
                for folder in node_folders(contoso())
                for name in ("README.md", "VMServer.ini", "setup.json", "run-setup.ps1")
            ),
        ]

    def test_sixteen_nodes_keep_their_order_in_a_listing(self) -> None:
        nodes = tuple(HostName(f"vmm{number:02}.contoso.lab") for number in range(1, 17))
        folders = node_folders(contoso(cluster=replace(contoso().cluster, nodes=nodes)))
        assert list(folders) == sorted(folders)

    @given(plans)
    def test_names_come_back_from_the_answer_file_and_the_job(self, plan: Plan) -> None:
        plan = replace(plan, registration=replace(plan.registration, eula_accepted=True))
        files: Mapping[str, bytes] = {}
        refusal = ""
        try:
            files = runbook_files(plan, FILE)
        except ValueError as refused:
            refusal = str(refused)
        assert bool(files) is (refusal == "")
        assert len(refusal.splitlines()) <= 1
        for place, folder in enumerate(node_folders(plan) if files else ()):
            data = files[f"{folder}/{SERVER_INI}"]
            assert dict(read_private_profile(data)) == server_options(plan, first=place == 0)
            assert lint(data, SERVER_INI) == []
            told = job(files, folder)
            assert base64.b64decode(told["answer_file_sha256"]) == hashlib.sha256(data).digest()
            assert told["computer"] == plan.cluster.nodes[place].label.upper()[:15]

    @given(st.text("Canary?!%^&$ '\"\\", min_size=12, max_size=40))
    def test_filled_in_as_the_script_does_it_is_setups_own_command_line(self, canary: str) -> None:
        database = replace(contoso().database, admin_account=AccountName.parse(r"CONTOSO\sql-admin"))
        plan = contoso(database=database)
        files = runbook_files(plan, FILE)
        told = job(files, node_folders(plan)[0])
        assert told["secret_accounts"] == [r"CONTOSO\svc-vmm", r"CONTOSO\sql-admin"]
        filled = [
            word
            if isinstance(word, str)
            else (r"C:\r b\VMServer.ini" if word["kind"] == "answer_file" else f"{word['secret']}{canary}")
            for word in told["arguments"]
        ]
        meant = [
            word if isinstance(word, str) else f"{word['secret']}{canary}"
            for word in server_install(plan, r"C:\r b\VMServer.ini").argument_template()
        ]
        assert split(" ".join(map(quote, filled))) == meant
        assert not any(canary.encode() in content for content in files.values())

    def test_the_first_node_makes_and_the_others_join(self) -> None:
        files = runbook_files(contoso(), FILE)
        flags = [
            read_private_profile(files[f"{folder}/{SERVER_INI}"])["HighlyAvailable2ndNode"]
            for folder in node_folders(contoso())
        ]
        assert flags == ["0", "1"]

    @pytest.mark.parametrize(
        ("plan", "sentence"),
        [
            (contoso(registration=Registration(eula_accepted=False)), "licence terms are not accepted"),
            (contoso(cluster=replace(contoso().cluster, nodes=())), "not answered yet: cluster.nodes"),
            (contoso(cluster=replace(contoso().cluster, nodes=(HostName("con.contoso.lab"),))), "name of a folder"),
        ],
    )
    def test_what_cannot_be_written_is_said_in_one_sentence(self, plan: Plan, sentence: str) -> None:
        with pytest.raises(ValueError, match=re.escape(sentence)) as refused:
            runbook_files(plan, FILE)
        assert "\n" not in str(refused.value)


class TestSteps:
    def steps(self, place: int, plan: Plan | None = None) -> str:
        plan = plan or contoso()
        return runbook_files(plan, FILE)[f"{node_folders(plan)[place]}/README.md"].decode()

    def test_the_overview_has_order_people_and_how_to_verify(self) -> None:
        text = runbook_files(contoso(), FILE)["README.md"].decode()
        assert text.index("01-vmm01") < text.index("02-vmm02")
        for name in ("CN=VMMDKM,DC=contoso,DC=lab", "sql01.contoso.lab", r"CONTOSO\vmm-setup", r"CONTOSO\svc-vmm"):
            assert name in text
        assert f"vmm-wizard verify {FILE}" in text
        assert r"setspn -U -S 'SCVMM/vmm.contoso.lab' 'CONTOSO\svc-vmm'" in text
        assert "vmm:8100" in text

    def test_each_node_waits_for_the_one_before_and_names_the_next(self) -> None:
        first, last = self.steps(0), self.steps(1)
        assert "02-vmm02.contoso.lab/README.md" in first
        assert "vmm01.contoso.lab` is finished and verified" in last
        assert "This was the last node" in last
        assert r"-File C:\vmm-runbook\02-vmm02.contoso.lab\run-setup.ps1 -CheckOnly" in last

    def test_lines_end_as_every_editor_of_windows_shows_them(self) -> None:
        for name, content in runbook_files(contoso(), FILE).items():
            if not name.endswith(".ini"):
                assert content.count(b"\n") == content.count(b"\r\n") > 0, name

    def test_a_managed_account_is_asked_for_no_password_and_is_unconfirmed(self) -> None:
        plan = contoso(service_account=ServiceAccount(AccountName("CONTOSO", "gmsa-vmm$"), AccountKind.GMSA))
        text = self.steps(0, plan)
        assert "asks for no password" in text
        assert "(unconfirmed)" in text
        assert "setspn" not in runbook_files(plan, FILE)["README.md"].decode()


class TestScript:
    root = parse(RUN_SETUP)

    def test_windows_powershell_5_1_can_read_it(self) -> None:
        assert misfits(self.root) == []
        assert newer_syntax(self.root) == []
        assert RUN_SETUP.isascii()
        assert max(map(len, RUN_SETUP.splitlines())) <= 120
        assert "\nSet-StrictMode -Version 2.0\n$ErrorActionPreference = 'Stop'\n" in RUN_SETUP

    def test_its_passwords_reach_no_command_no_pipeline_no_output_and_no_error(self) -> None:
        assert sources(self.root) == 1
        assert leaks(self.root) == []
        assert not re.search(r"(?i)-Credential\b|Add-Type|Invoke-Expression|Start-Process|\bcmd\.exe", RUN_SETUP)

    def test_every_name_that_it_uses_was_looked_up(self) -> None:
        assert unknown(names_of("run-setup")) == []
        assert table().cmdlets["Read-Host"].read_in

    def test_it_means_the_same_on_every_windows(self) -> None:
        assert [rule(self.root) for rule in RULES] == [[]] * len(RULES)
        assert variables(self.root).isdisjoint({"input", "args"})

    def test_its_parameters_and_functions_are_used(self) -> None:
        assert parameters(self.root) == {"Folder", "CheckOnly"}
        assert functions(self.root) <= {words(row) for row in of_type(self.root, "command_name")}

    def test_it_reads_of_the_job_what_is_written_there(self) -> None:
        files = runbook_files(contoso(), FILE)
        written = set(job(files, node_folders(contoso())[0]))
        assert {name.casefold() for name in re.findall(r"(?i)\$job\.(\w+)", RUN_SETUP)} == written

    def test_all_is_looked_at_before_a_password_is_asked_for(self) -> None:
        asked = RUN_SETUP.index("Read-Host")
        for look in ("\nAssert-Place $job", "\nAssert-File $job", "\nAssert-Alone", "LanguageMode", "if ($CheckOnly)"):
            assert RUN_SETUP.index(look) < asked, look
        assert asked < RUN_SETUP.rindex("\nAssert-Alone") < RUN_SETUP.index("::Start($start)")

    def test_whoever_follows_it_reads_when_setup_began_and_how_it_ended(self) -> None:
        """In the form of the wrapper's files; the answer file is held before, so that nobody takes it from setup."""
        order = [
            "\nMove-OldLog $log",
            "\n$held = ",
            "Write-Answer 'begun.json'",
            "::Start($start)",
            "$held.Dispose()",
            "Write-Answer 'result.json' $outcome",
        ]
        places = [RUN_SETUP.index(text) for text in order]
        assert places == sorted(places)
        outcome = RUN_SETUP.split("$outcome = [ordered]@{")[1].split("}")[0]
        assert re.findall(r"(\w+) =", outcome) == [row.name for row in fields(RunResult)]
