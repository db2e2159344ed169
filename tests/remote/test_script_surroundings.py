"""What a script may count on where it runs: no console, no profile, no current folder; JSON in, JSON out, in ASCII."""

from __future__ import annotations

import re

import pytest
from tree_sitter import Node

from tests.powershell import command_name, functions, home, misfits, of_type, only, parse, variable_name, words
from tests.powershell_names import read_names
from tests.remote.documented import table
from tests.remote.test_scripts import NAMES, RUNSPACE, STARTER, text_of

#: Variables that differ by host, profile, folder or the way a script is run.
OF_THE_SESSION = {
    "args",
    "home",
    "host",
    "input",
    "lastexitcode",
    "myinvocation",
    "nestedpromptlevel",
    "ofs",
    "outputencoding",
    "profile",
    "psboundparameters",
    "pscommandpath",
    "psculture",
    "psdefaultparametervalues",
    "psscriptroot",
    "psuiculture",
    "pwd",
    "shellid",
    "stacktrace",
    "warningpreference",
}
#: The console's members that are a stream, not a screen.
STREAMS = {"In", "Out", "OutputEncoding", "SetIn", "SetOut"}


def surroundings(root: Node) -> list[str]:
    """What a script would find otherwise on another host, in another folder or with another profile."""
    found = [words(node) for node in of_type(root, "variable") if variable_name(words(node)) in OF_THE_SESSION]
    names = read_names(root, table())
    found += [
        f"[Console]::{name}"
        for owner, name in names.members
        if owner == "System.Console" and name not in STREAMS | {""}
    ]
    found += [name for name, _ in names.cmdlets if "-" not in name]
    found += [
        words(node)
        for node in of_type(root, "verbatim_string_characters", "expandable_string_literal", "generic_token")
        if re.match(r"""["']?\.{1,2}[\\/]\w""", words(node))
    ]
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_script_does_not_depend_on_host_profile_folder_or_aliases(name: str) -> None:
    assert surroundings(parse(text_of(name))) == []


@pytest.mark.parametrize(
    "line",
    [
        "$x = $PSScriptRoot",
        "$x = $PWD",
        "$x = $profile",
        "[Console]::ReadKey()",
        "[Console]::WriteLine('x')",
        "gcm",
        "& '.\\tool.exe'",
        "$x = '..\\data.json'",
        "$x = $LASTEXITCODE",
    ],
)
def test_what_depends_on_them_would_be_found(line: str) -> None:
    assert surroundings(parse(f"{line}\n")) != []


# --- output


def sets_its_encoding(root: Node) -> bool:
    """Whether the console's encoding is set, to UTF-8 without a mark, before anything is written."""
    text = words(root)
    wanted = [
        node.start_byte
        for node in of_type(root, "assignment_expression")
        if re.fullmatch(r"\[Console\]::OutputEncoding = New-Object System\.Text\.UTF8Encoding \$false", words(node))
    ]
    written = [node.start_byte for node in of_type(root, "member_access") if words(node) == "[Console]::Out"]
    return bool(wanted) and bool(written) and wanted[0] < min(written) and "'[^\\x20-\\x7e]'" in text


def test_the_starter_sets_the_encoding_and_writes_ascii_alone() -> None:
    # Every script is run by it, whose one line of JSON is all that goes out: other characters leave as \uXXXX.
    assert sets_its_encoding(parse(text_of(STARTER)))
    assert not sets_its_encoding(parse(text_of(STARTER).replace("$false", "$true")))


@pytest.mark.parametrize("name", [name for name in NAMES if name not in (STARTER, RUNSPACE)])
def test_only_the_starter_writes_to_the_stream(name: str) -> None:
    assert "[Console]::Out" not in text_of(name)


def test_files_are_written_as_utf_8_whatever_the_nodes_own_encoding() -> None:
    # By .NET, which writes UTF-8 without a mark. The cmdlets that write files (5.1: UTF-16 or ANSI) have no row.
    calls = [words(call) for name in NAMES for call in of_type(parse(text_of(name)), "invokation_expression")]
    written = [call for call in calls if call.startswith("[System.IO.File]::Write")]
    assert len(written) >= 3
    assert [call for call in written if "Encoding" in call] == []
    writing = re.compile(r"(Set|Add|Out|Export|Tee)-(Content|File|Csv|Clixml|Object)")
    assert [name for name in table().cmdlets if writing.match(name)] == []


# --- nothing at all is not null


def _statements(block: Node) -> list[Node]:
    return [row for child in of_type(block, "statement_list")[:1] for row in child.children if row.is_named]


def always_gives(block: Node) -> bool:
    """Whether a block gives back something on each way through it."""
    rows = _statements(block)
    return bool(rows) and _gives(rows[-1])


def _gives(row: Node) -> bool:
    blocks = [node for node in row.children if node.type in ("statement_block", "catch_clauses", "else_clause")]
    if row.type == "flow_control_statement":
        return words(row).casefold() not in ("return", "continue", "break")
    if row.type == "pipeline":
        return only(row).type != "assignment_expression" and not words(row).startswith("[void]")
    if row.type == "try_statement":
        caught = [block for clause in of_type(row, "catch_clause") for block in clause.children[-1:]]
        return always_gives(blocks[0]) and all(always_gives(block) for block in caught)
    if row.type == "if_statement":
        clauses = [clause.children[-1] for clause in of_type(row, "elseif_clause", "else_clause")]
        return bool(of_type(row, "else_clause")) and all(always_gives(block) for block in [blocks[0], *clauses])
    return False


def nothings(root: Node) -> list[str]:
    """Values of an answer that may be nothing at all, which ConvertTo-Json of 5.1 writes as `{}` and not as null."""
    bodies = {home(row.children[-1]): row for row in of_type(root, "function_statement")}
    unsure = {name for name, body in bodies.items() if not always_gives(body)}
    values = [(node, node.children[-1]) for node in of_type(root, "hash_entry")]
    for node in of_type(root, "assignment_expression"):
        if only(node.children[0]).type == "member_access":
            values.append((node, node.children[-1]))
    found = []
    for node, value in values:
        plain = only(value)
        if plain.type == "command" and command_name(plain) in unsure & functions(root):
            found.append(words(node))
        if plain.type in ("foreach_statement", "if_statement", "while_statement"):
            found.append(words(node))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_no_value_of_an_answer_is_nothing_at_all(name: str) -> None:
    assert nothings(parse(text_of(name))) == []


@pytest.mark.parametrize(
    ("body", "is_found"),
    [
        ("    if ($a) {\n        return 1\n    }", True),
        ("    foreach ($b in $a) {\n        $b\n    }", True),
        ("    $a = 1", True),
        ("    return", True),
        ("    return $null", False),
        ("    if ($a) {\n        return 1\n    }\n    return $null", False),
        ("    if ($a) {\n        return 1\n    }\n    else {\n        2\n    }", False),
        ("    try {\n        return 1\n    }\n    catch {\n        return 2\n    }", False),
        ("    try {\n        return 1\n    }\n    catch {\n        $a = 2\n    }", True),
        ("    [ordered]@{\n        a = 1\n    }", False),
    ],
)
def test_a_function_that_may_give_nothing_would_be_found(body: str, is_found: bool) -> None:
    root = parse(f"function Get-It {{\n{body}\n}}\n$answer.it = Get-It\n")
    assert misfits(root) == []
    assert bool(nothings(root)) is is_found


def test_a_list_in_an_answer_may_be_empty() -> None:
    assert nothings(parse("function Get-It {\n    $a = 1\n}\n$answer.it = @(Get-It)\n")) == []
