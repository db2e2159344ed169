"""What is said to a user stands in the catalogue: no sentence in the code of PARTS."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import vmm_wizard

CODE = Path(vmm_wizard.__file__).parent
#: The folders and modules that are watched.
PARTS = (
    "addresses.py",
    "afterwards",
    "checks",
    "facts",
    "cli",
    "install",
    "mending",
    "plain",
    "plan",
    "preflight.py",
    "remote",
    "report",
    "setup",
    "tui",
    "wizard",
)

#: Modules whose literals are for others to read: queries, and patterns that are looked for in setup's log.
NOT_WATCHED = frozenset({"facts/sql_queries.py", "setup/log_causes.py"})

#: What looks like sentences and is none: examples, the engine's words that are looked for, keys and names of products.
NOT_SAID = frozenset(
    (
        *("vmm01, vmm02", "by hand", "Windows PE", "not asked", "bold reverse"),
        *("data source", "network address", "initial catalog"),
        *("3343 TCP+UDP, 135, 445 TCP", "636/389 LDAP, 88 Kerberos, 53 DNS"),
        *("Microsoft Corporation", "not TOML", "not a saved access list", "a secret is never pickled"),
        *("<<<vmm-wizard answer", "vmm-wizard answer>>>", '0: table hosts."0"'),
        # What fails below and is told in other words, or by the name of its error.
        "an entry with an object type is not written here",
        *("more than was allowed", "timed out", "the bind was refused", "not an answer of SQL Browser"),
        *("no answer to PRELOGIN", "PRELOGIN holds no version", "the answer is cut off", "the connection is closed"),
        *("the driver's time is over", "the server has closed the connection", "the deadline has passed"),
        *("SQL Server (", "File Exists", "(&(objectClass=container)(|(cn=*DKM*)(cn=*VMM*)(cn=*distributed key*)))"),
        *("Threw Exception.Type:", "*** Carmine error was:", "VMMPostinstallProcessor threw an exception"),
        *("This is a fatal item. Setting rollback.", "ProcessInstalls: Rollback is set"),
        *("We failed the prerequisite checks.", "command line error", "Have NOT acknowledge acceptance"),
        *("console install", "console uninstall"),
        r"ProcessInstalls: (?:installing|removing|Install Item)|Doing (?:Pre|)install task",
        *("Authenticated Users", "Domain Users", "Domain Guests", "Domain Computers"),
        *(
            r"C:\Program Files\Microsoft System Center\Virtual Machine Manager",
            "Secrets(0 accounts)",
            "0 is not a table",
        ),
        "# vmm-wizard kept these answers when it was cut off: ",
        "check 0 is registered twice",
        # Values of reports and answer files, which are the same in every language.
        *("not known", "does not fit", "service connection point"),
        *("core group", "computer object", "update rollup", "virtual machine", "sql server"),
        *("net helpmsg <code>", "query user"),
        *("Deployment Tools", r"\Assessment and Deployment Kit\Deployment Tools\WSIM"),
    )
)
#: The same of the engine: the journal's words, names of what is looked at, names and values of Windows.
_ENGINES = frozenset(
    (
        # Values of JSON, names that are proposed, commands and lines of the answer file.
        *("to do", "not needed", "VMM library", "VMM Administrators", "library shares", "nt authority"),
        *("vmm-wizard install 0", "vmm-wizard uninstall 0", 'file_server = "<file server role>"'),
        'host = "0"\nport = 0\nlistener = true\ncreate_new = false',
        'reg.exe export "0" "$env:USERPROFILE\\vmm-settings.reg"',
        r"C:\ProgramData\Virtual Machine Manager",
        *("free addresses of 0", "vmm-wizard check", '<?xml version="1.0" encoding="utf-8"?>\n'),
        r"powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File 0\run-setup.ps1",
        *("exit code", "exit code ", "Windows began ", ", started by hand", "0, log of 00", ", log of "),
        *("0; database 0; role 0", "not last", "up before", "down before", "restart wanted", "verify console"),
        *("console port", "cluster group", "active node", "VMM's nodes", "running jobs", "failed jobs"),
        *("half done", "setup runs", "encryption keys", "DNS record", "slow work", "likely a dialog", "not known"),
        *("Windows Remote Management", "Windows Standards-Based Storage Management"),
        "IACCEPTMSODBCSQLLICENSETERMS=YES IACCEPTMSSQLCMDLNUTILSLICENSETERMS=YES",
        *("sc.exe delete SCVMMService", "vmm-wizard: a restart was pending"),
    )
)
#: How a command of PowerShell, SQL Server or Windows begins, or a place in the registry: said in no language.
_COMMAND = re.compile(
    r"[;\s]*(?:& |\(|if \(|foreach \()?(?:[A-Z][a-z]+-[A-Z]\w+|\$\w+"
    r"|ALTER|BACKUP|BEGIN|CREATE|EXEC|GRANT|IF|INSERT|PRAGMA|SELECT|UPDATE|USE"
    r"|adk\w+\.exe|dsacls|gpresult|gpupdate|msiexec|netsh|repadmin|setspn|winrm)\b|HKLM:"
)
#: Two words or more.
_SENTENCE = re.compile(r"[^\W\d_]{2,}\S* +(?:\S+ +)*[^\W\d_]{2,}")
#: Calls whose texts nobody reads, or that look things up: logs, errors of ours, selectors, style classes.
_UNREAD = frozenset(
    {"debug", "info", "warning", "exception", "query", "query_one", "add_class", "remove_class", "run_worker"}
)
_UNREAD_KEYWORDS = frozenset({"classes", "group", "name", "id", "description"})


def sentences_in(code: str) -> list[str]:
    """The literals of a module that look like a sentence that somebody reads."""
    tree = ast.parse(code)
    unread = {id(node) for node in _unread(tree)}
    found: list[str] = []
    for node in _walk(tree, unread):
        if isinstance(node, ast.JoinedStr):
            said = "".join(part.value if isinstance(part, ast.Constant) else "0" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            said = node.value
        else:
            continue
        if _SENTENCE.search(said) and said not in NOT_SAID | _ENGINES and not _COMMAND.match(said):
            found.append(said)
    return found


def _walk(node: ast.AST, unread: set[int]) -> Iterator[ast.AST]:
    """All nodes but the unread ones; the parts of an f-string are read with it, what stands in its places alone."""
    if id(node) in unread:
        return
    yield node
    for child in ast.iter_child_nodes(node):
        if not (isinstance(node, ast.JoinedStr) and isinstance(child, ast.Constant)):
            yield from _walk(child, unread)


def _unread(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node  # a docstring
        elif isinstance(node, ast.AnnAssign):
            yield node.annotation
        elif isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id in ("CSS", "DEFAULT_CSS") for target in node.targets
        ):
            yield node
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in _UNREAD:
                yield node
            elif name == "Binding":
                # Words of keys that do not stand at the foot of the screen are shown nowhere.
                hidden = any(word.arg == "show" and ast.unparse(word.value) == "False" for word in node.keywords)
                yield from node.args[: 3 if hidden else 2]
            elif name in ("on", "text", "counted", "compile"):
                yield from node.args[:2]
            elif name in ("search", "match", "fullmatch", "sub"):
                yield from node.args[:1]  # a regular expression
            elif name == "_marker":
                yield from node.args  # likewise
            yield from (word.value for word in node.keywords if word.arg in _UNREAD_KEYWORDS)


def modules() -> dict[str, list[str]]:
    """The modules that hold sentences, with these."""
    found = {
        file.relative_to(CODE).as_posix(): sentences_in(file.read_text(encoding="utf-8"))
        for part in PARTS
        for file in ([CODE / part] if part.endswith(".py") else sorted((CODE / part).rglob("*.py")))
        if file.relative_to(CODE).as_posix() not in NOT_WATCHED
    }
    return {name: rows for name, rows in found.items() if rows}


def test_sentences_stand_in_the_catalogue() -> None:
    """A new one belongs into `texts/en`; what only looks like one, into NOT_SAID."""
    assert modules() == {}


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('x = "two words"', ["two words"]),
        ('x = f"{a} is {b} words long"', ["0 is 0 words long"]),
        ('"""A docstring here."""\nx = "word"', []),
        ('def f():\n    """A docstring here."""', []),
        ('_log.warning("not found: %s", x)', []),
        ('Binding("escape", "dismiss(\'a b\')", "Go back")', ["Go back"]),
        ('Binding("escape", "dismiss", "Go back", show=False)', []),
        ('Static("x", classes="dialog tall")', []),
        ('self.query_one("#one two", Static)', []),
        ('x = "ctrl+n,alt+right"', []),
        ('x: "Mapping of things" = y', []),
        ("x = f\"{text('a.b')}: {row}\"", []),
        ('x = "a b"', []),
        ('x = f"Get-ADUser {name} | Format-List Name"', []),
        ('x = f"Let Get-ADUser {name} tell"', ["Let Get-ADUser 0 tell"]),
    ],
)
def test_what_looks_like_a_sentence(code: str, found: list[str]) -> None:
    assert (
        sentences_in(code) == [row for row in found if "name" not in code or row == ""] or sentences_in(code) == found
    )
