"""Every script that runs on a node: Windows PowerShell 5.1 can read it, it keeps to its means, and no secret strays."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import resources

import pytest
from tree_sitter import Node

from tests.powershell import (
    above_of,
    answer_keys,
    command_name,
    functions,
    home,
    misfits,
    newer_syntax,
    of_type,
    only,
    parameters,
    parse,
    variables,
    words,
)
from tests.secrets_in_powershell import leaks, sources
from vmm_wizard.lab.inside_scripts import INSIDE_SCRIPTS
from vmm_wizard.lab.script_parameters import declared_parameters
from vmm_wizard.lab.windows import HANDLERS
from vmm_wizard.remote.bootstrap import INSIDE, load_script

_FOLDER = resources.files("vmm_wizard.remote") / "scripts"
#: Scripts that run inside a task, by the name that loads them.
INSIDE_NAMES = sorted(
    f"{INSIDE}/{entry.name.removesuffix('.ps1')}"
    for folder in _FOLDER.iterdir()
    if folder.name == INSIDE
    for entry in folder.iterdir()
)
NAMES = sorted(
    [
        *INSIDE_NAMES,
        *(
            entry.name.removesuffix(".ps1")
            for entry in _FOLDER.iterdir()
            if entry.name != INSIDE and (entry.name.endswith(".ps1") or entry.is_dir())
        ),
    ]
)

#: What starts the others, and what they start: neither is a script that the session runs by name.
STARTER, WRAPPER = "bootstrap", "wrapper"
#: Starts the starter, where it comes as an argument.
RUNSPACE = "runspace-bootstrap"
STARTERS = (STARTER, RUNSPACE)
SESSION_SCRIPTS = [name for name in NAMES if name not in (*STARTERS, WRAPPER, *INSIDE_NAMES)]
#: Scripts with parameters that give back one answer, whoever runs them.
CALLED = [*SESSION_SCRIPTS, *INSIDE_NAMES]


def text_of(name: str) -> str:
    return load_script(name).text


@pytest.fixture(params=NAMES)
def script(request: pytest.FixtureRequest) -> str:
    """The text of one script after the other."""
    return text_of(str(request.param))


def test_every_script_parses(script: str) -> None:
    assert misfits(parse(script)) == []


def test_no_script_needs_a_newer_powershell_than_nodes_have(script: str) -> None:
    assert newer_syntax(parse(script)) == []
    assert not re.search(r"-(Parallel|AsHashtable|SkipCertificateCheck|NoTypeInformation)\b", script)


@pytest.mark.parametrize(
    "line",
    ["$a ? 1 : 2", "$a ?? 1", "$a ??= 1", "Get-A && Get-B", "Get-A || Get-B", "${a}?.Name", "if ($a) {", "'open"],
)
def test_newer_or_broken_syntax_would_be_found(line: str) -> None:
    assert newer_syntax(parse(f"$a = 1\n{line}\n")) != []


def test_scripts_are_plain_ascii_because_5_1_reads_anything_else_as_it_likes(script: str) -> None:
    assert script.isascii()
    assert max(len(line) for line in script.splitlines()) <= 120


def test_scripts_never_compile_nor_run_text_nor_take_credentials(script: str) -> None:
    assert not re.search(r"(?i)-Credential\b|Add-Type|Invoke-Expression|\bcmd\.exe", script)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in INSIDE_NAMES])
def test_only_scripts_inside_a_task_turn_to_another_machine(name: str) -> None:
    # A session is a network logon: a second hop fails there.
    assert not re.search(r"(?i)-ComputerName|-CimSession", text_of(name))


def test_scripts_avoid_the_variables_that_powershell_owns(script: str) -> None:
    # $input makes powershell.exe read stdin itself; an argument list kept in $args is dropped (G25).
    assigned = {
        words(left).lstrip("$").casefold()
        for row in of_type(parse(script), "assignment_expression")
        for left in row.children[:1]
    }
    assert variables(parse(script)).isdisjoint({"input", "args"})
    assert assigned.isdisjoint({"host", "pid", "profile", "error", "matches", "home", "pwd", "this", "event"})


@pytest.mark.parametrize("name", [name for name in NAMES if name not in STARTERS])
def test_errors_end_a_script_and_so_do_misspelled_names(name: str) -> None:
    assert "\nSet-StrictMode -Version 2.0\n$ErrorActionPreference = 'Stop'\n" in text_of(name)


@pytest.mark.parametrize("name", STARTERS)
def test_the_starters_let_errors_end_a_script(name: str) -> None:
    assert "\n$ErrorActionPreference = 'Stop'\n" in text_of(name)


@pytest.mark.parametrize("name", CALLED)
def test_every_parameter_is_declared_with_a_type_and_used(name: str) -> None:
    root = parse(text_of(name))
    declared = parameters(root)
    body = "\n".join(words(child) for child in root.children if child.type != "param_block")
    unused = {parameter for parameter in declared if not re.search(rf"(?i)\$\{{?{parameter}\b", body)}
    assert declared
    assert unused == set()


@pytest.mark.parametrize("name", CALLED)
def test_every_function_is_called(name: str) -> None:
    root = parse(text_of(name))
    called = {words(row) for row in of_type(root, "command_name")}
    assert functions(root) <= called


# --- what a Windows of another language, a FIPS policy or 5.1's JSON would turn into something else


def culture_bound(root: Node) -> list[str]:
    """Times written as the culture has it: another calendar, other separators."""
    calls = [words(call) for call in of_type(root, "invokation_expression")]
    return [call for call in calls if re.search(r"\.ToString\(\s*['\"][^,]*\)$", call)]


def empty_returns(root: Node) -> list[str]:
    """A function that gives back nothing at all: ConvertTo-Json of 5.1 writes `{}` for it, and not null."""
    return [words(row) for row in of_type(root, "flow_control_statement") if words(row).casefold() == "return"]


def nulls_for_text(root: Node) -> list[str]:
    """Constructors that get $null: where they take text they see an empty one; [NullString]::Value is none."""
    calls = [words(call) for call in of_type(root, "invokation_expression")]
    return [call for call in calls if re.search(r"(?is)::new\(.*\$null", call)]


def managed_hashes(root: Node) -> list[str]:
    """Digests by .NET's managed classes, which a FIPS policy refuses before .NET Framework 4.8."""
    calls = [words(call) for call in of_type(root, "invokation_expression")]
    return [call for call in calls if re.search(r"(?i)\[[\w.]*(SHA\d+|MD5|HashAlgorithm)(Managed)?\]::", call)]


RULES = (culture_bound, empty_returns, nulls_for_text, managed_hashes)


@pytest.mark.parametrize("rule", RULES)
def test_scripts_mean_the_same_on_every_windows(script: str, rule: Callable[[Node], list[str]]) -> None:
    assert rule(parse(script)) == []


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        (culture_bound, "$time.ToString('HH:mm')"),
        (empty_returns, "function Get-It {\n    return\n}"),
        (nulls_for_text, "[System.DirectoryServices.DirectoryEntry]::new($path, $null)"),
        (managed_hashes, "[System.Security.Cryptography.SHA256]::Create()"),
    ],
)
def test_what_differs_between_windows_would_be_found(rule: Callable[[Node], list[str]], line: str) -> None:
    assert rule(parse(f"{line}\n")) != []


# --- both ends


def test_the_estate_answers_every_script_that_a_session_runs() -> None:
    assert sorted(HANDLERS) == SESSION_SCRIPTS


def test_the_estate_answers_every_script_that_runs_inside_a_task() -> None:
    assert sorted(f"{INSIDE}/{name}" for name in INSIDE_SCRIPTS) == INSIDE_NAMES


@pytest.mark.parametrize("name", INSIDE_NAMES)
def test_a_script_inside_a_task_takes_the_wrappers_log_and_never_ends_the_wrapper(name: str) -> None:
    root = parse(text_of(name))
    ending = [words(row) for row in of_type(root, "flow_control_statement") if words(row).startswith("exit")]
    assert "    [System.IO.TextWriter] $Log" in text_of(name)
    assert ending == []


@pytest.mark.parametrize("name", CALLED)
def test_the_estate_reads_a_scripts_parameters_as_its_syntax_tree_has_them(name: str) -> None:
    assert declared_parameters(text_of(name)) == parameters(parse(text_of(name)))


@pytest.mark.parametrize("name", CALLED)
def test_every_script_gives_back_one_answer_and_nothing_else(name: str) -> None:
    root = parse(text_of(name))
    lines = text_of(name).rstrip().splitlines()
    assert lines[-1] == "$answer"
    assert answer_keys(root)


#: Cmdlets that give back nothing (their pages say so).
SILENT = {"Add-LocalGroupMember", "Import-Module", "Set-StrictMode"}


def loose(root: Node) -> list[str]:
    """Commands whose objects would be part of what a script gives back."""
    rows = [row for row in of_type(root, "pipeline") if row.parent is not None and not home(row)]
    plain = [only(row) for row in rows if row.parent and row.parent.type in ("statement_list", "program")]
    commands = [node for node in plain if node.type == "command" and command_name(node)]
    inside = [node for node in commands if not any(above.type in _TAKEN for above in above_of(node))]
    return [words(node) for node in inside if command_name(node) not in {*SILENT, *functions(root)}]


#: What takes the objects of the commands in it.
_TAKEN = ("assignment_expression", "script_block_expression", "array_expression", "sub_expression")


@pytest.mark.parametrize("name", CALLED)
def test_a_script_gives_back_no_cmdlets_objects_by_the_way(name: str) -> None:
    assert loose(parse(text_of(name))) == []


@pytest.mark.parametrize(
    ("lines", "is_found"),
    [
        ("Move-ClusterGroup -Name 'x'", True),
        ("if ($a) {\n    Move-ClusterGroup -Name 'x'\n}", True),
        ("[void] (Move-ClusterGroup -Name 'x')", False),
        ("$x = Move-ClusterGroup -Name 'x'", False),
        ("$x = foreach ($a in $b) {\n    Get-Item $a\n}", False),
        ("function Get-It {\n    Get-Item 'x'\n}", False),
    ],
)
def test_objects_by_the_way_would_be_found(lines: str, is_found: bool) -> None:
    assert bool(loose(parse(f"{lines}\n"))) is is_found


# --- secrets


@pytest.mark.parametrize("name", [name for name in NAMES if name != STARTER])
def test_no_secret_reaches_a_cmdlet_a_pipeline_the_output_or_an_error(name: str) -> None:
    assert leaks(parse(text_of(name))) == []


def test_the_scripts_that_take_secrets_are_seen_to_take_them() -> None:
    taking = {name: sources(parse(text_of(name))) for name in NAMES}
    expected = {STARTER: 1, RUNSPACE: 1, WRAPPER: 1, "directory-search": 1, "start-task": 1}
    assert {name: count for name, count in taking.items() if count} == expected


def test_the_starter_reads_one_line_which_holds_no_secret() -> None:
    # Name, text and parameters: the secrets are in the lines after it, left for the script.
    assert text_of(STARTER).count("[Console]::In.ReadLine()") == 1


_READ = "$word = [System.Text.Encoding]::UTF8.GetString([Convert]::FromBase64String([Console]::In.ReadLine()))"


@pytest.mark.parametrize(
    "lines",
    [
        "Write-Verbose $word",
        'Write-Verbose "the word is $word"',
        'Write-Verbose "the word is ${word}"',
        "$word | Out-Null",
        "$word",
        "return $word",
        'throw "not $word"',
        "& $program $word",
        "'{0}' -f $word",
        '$copy = "a $word"\nSet-Content -Path x -Value $copy',
        "$copy = $word.Trim()\nSet-Content -Path x -Value $copy",
        "$list.Add($word)\nWrite-Output $list",
        "$start.Arguments = $word\nStart-Process $start",
        "foreach ($letter in $word) {\n    Write-Output $letter\n}",
        "$answer = [ordered]@{\n    word = $word\n}",
        "$named = @{ Value = $word }\nSet-Content @named",
        "if (Test-Word $word) {\n    $x = 1\n}",
        "Write-Output ([Console]::In.ReadLine())",
        "$in = [Console]::In\nWrite-Output $in.ReadLine()",
        "$plain = $key.Decrypt($bytes)\nWrite-Output $plain",
        "function Show {\n    Write-Output $word\n}",
        "$text.Append($word)",
    ],
)
def test_a_stray_secret_would_be_found(lines: str) -> None:
    root = parse(f"{_READ}\n{lines}\n")
    assert misfits(root) == []
    assert leaks(root) != []


@pytest.mark.parametrize(
    "lines",
    [
        "$task = $tasks.RegisterTaskDefinition($name, $word, $null)",
        "[void] $text.Append($word)",
        "$list.Add($word)",
        "Write-Output $word.Length",
        "$word = $null\nWrite-Output $word",
        "$start.Arguments = $word\n$process = [Process]::Start($start)\n$start.Arguments = ''\nWrite-Output $start",
        "$start.Arguments = $word\nWrite-Output $start.WorkingDirectory",
        "$list.Add($word)\n$list.Clear()\nWrite-Output $list",
        "$digest = $sha.ComputeHash($word)\nWrite-Output $digest",
        "if ($word -eq '') {\n    Write-Output 'empty'\n}",
    ],
)
def test_what_is_no_leak_is_not_called_one(lines: str) -> None:
    assert leaks(parse(f"{_READ}\n{lines}\n")) == []
