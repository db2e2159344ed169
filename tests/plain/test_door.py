"""`vmm-wizard --plain` as a process: by pipes, on a terminal, in a log; what it writes, and how it ends."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.building import a_plan
from vmm_wizard.plain.door import end_by_signals
from vmm_wizard.plain.talk import Talk
from vmm_wizard.plain.terminal import Terminal
from vmm_wizard.plan.fields import set_field
from vmm_wizard.plan.saving import save
from vmm_wizard.wizard.recovery import kept

#: Seconds that a process may take on a busy machine.
PATIENCE = 60.0
NOWHERE = '[dns]\naddress = "127.0.0.1"\nport = 1\n[hosts]\n'


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    book = tmp_path / "book.toml"
    book.write_text(NOWHERE, encoding="utf-8")
    state = str(tmp_path / "state")
    return {**os.environ, "VMM_WIZARD_STATE": state, "VMM_WIZARD_ADDRESS_BOOK": str(book), "TERM": "dumb"}


def plain(environ: dict[str, str], *arguments: object, typed: str = ":quit\n") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "vmm_wizard", *map(str, arguments)]
    return subprocess.run(
        command, input=typed.encode(), capture_output=True, check=False, env=environ, timeout=PATIENCE
    )


def test_a_pipe_is_answered_line_by_line_and_its_log_has_questions_and_answers(
    environ: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "contoso.toml"
    save(a_plan(), file)
    done = plain(environ, "--plain", file, typed="\n2019\n:quit\n2\n")
    said = done.stdout.decode("ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    assert "Job [install]: \n" in said
    assert "VMM release (2016, 2019, 2022, 2025) [2022]: 2019\n" in said
    assert said.endswith("Goodbye.\n")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", said)
    assert all(len(line) <= 80 for line in said.splitlines())


@pytest.mark.parametrize("way", ["option behind the file", "environment"])
def test_it_is_opened_in_other_ways_too(environ: dict[str, str], tmp_path: Path, way: str) -> None:
    file = tmp_path / "contoso.toml"
    save(a_plan(), file)
    if way == "environment":
        done = plain({**environ, "VMM_WIZARD_PLAIN": "1"}, file)
    else:
        done = plain(environ, file, "--plain")
    assert done.stdout.decode().endswith("Goodbye.\n"), done.stderr


def test_letters_that_the_terminal_lacks_are_written_as_codes(environ: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "contoso.toml"
    typed = ":see answers\n:quit\n"
    save(set_field(a_plan(), "registration.company_name", "M\u00fcller"), file)
    done = plain({**environ, "PYTHONIOENCODING": "latin-1"}, "--plain", file, typed=typed)
    assert b"M\\xfcller" in done.stdout
    assert all(byte < 128 for byte in done.stdout)
    done = plain({**environ, "PYTHONIOENCODING": "utf-8"}, "--plain", file, typed=typed)
    assert "M\u00fcller" in done.stdout.decode("utf-8")


def test_letters_in_another_encoding_are_asked_for_again() -> None:
    source = io.TextIOWrapper(io.BytesIO(b"M\xfcller\nM\xfcller\nright\n"), encoding="utf-8")
    said = io.BytesIO()
    terminal = Terminal(source, io.TextIOWrapper(said, encoding="utf-8"))
    assert not terminal.read("Name: ").isprintable()
    assert Talk(terminal).ask_secret("Password") == "right"
    assert b"another encoding" in said.getvalue()


def test_the_end_of_the_input_says_where_the_answers_are(environ: dict[str, str], tmp_path: Path) -> None:
    done = plain(environ, "--plain", typed="\n2019\n")
    row = kept(tmp_path / "state", None)
    assert row is not None
    assert done.returncode == 0
    assert "Answers that were not saved are kept" in done.stdout.decode()


@pytest.mark.skipif(os.name != "posix", reason="Windows ends console processes in another way")
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM], ids=["hang-up", "end"])
def test_a_terminal_that_goes_loses_nothing(environ: dict[str, str], tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "vmm_wizard", "--plain"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"\n2019\n")
        process.stdin.flush()
        while b"Licence" not in process.stdout.read1():
            pass
        process.send_signal(number)
        assert process.wait(PATIENCE) == 0
    assert kept(tmp_path / "state", None) is not None


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such signal")
def test_a_hang_up_is_heard_once_and_a_request_to_end_each_time() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGTERM)}
    try:
        end_by_signals()
        with pytest.raises(EOFError):
            signal.raise_signal(signal.SIGHUP)
        signal.raise_signal(signal.SIGHUP)
        for _ in range(2):
            with pytest.raises(EOFError):
                signal.raise_signal(signal.SIGTERM)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_a_reader_that_goes_away_is_no_traceback(environ: dict[str, str], tmp_path: Path) -> None:
    command = f"{sys.executable} -m vmm_wizard --plain | head -1"
    done = subprocess.run(
        command, shell=True, input=b"\n2019\n" + b"?\n" * 50, capture_output=True, check=False, env=environ
    )
    assert b"Traceback" not in done.stderr
    assert done.stderr == b""


@pytest.mark.skipif(os.name != "posix", reason="a pseudo-terminal is POSIX's")
def test_on_a_terminal_without_a_size_the_wizard_names_plain(environ: dict[str, str]) -> None:
    import pty

    pid, terminal = pty.fork()
    if not pid:
        environ = {name: said for name, said in environ.items() if name not in ("COLUMNS", "LINES")}
        os.execve(sys.executable, [sys.executable, "-m", "vmm_wizard"], {**environ, "TERM": "vt100"})
    said = b""
    while b"--plain" not in said:
        said += os.read(terminal, 65536)
    assert b"the terminal does not say how large it is" in said
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 2
    os.close(terminal)


@pytest.mark.skipif(os.name != "posix", reason="a pseudo-terminal is POSIX's")
def test_on_a_terminal_what_is_pasted_is_one_answer_or_none_and_no_code_is_sent(
    environ: dict[str, str], tmp_path: Path
) -> None:
    import pty

    pid, terminal = pty.fork()
    if not pid:
        os.execve(sys.executable, [sys.executable, "-m", "vmm_wizard", "--plain"], environ)
    said, seen = b"", 0

    def until(words: bytes) -> None:
        nonlocal said, seen
        deadline = time.monotonic() + PATIENCE
        while words not in said[seen:]:
            assert time.monotonic() < deadline, said
            said += os.read(terminal, 65536)
        seen = said.index(words, seen) + len(words)

    # Typed ahead, before the first question is put: a line answers a question.
    os.write(terminal, b"install\n2019\n")
    until(b"Job [install]: install\r\n")
    until(b"VMM release (2016, 2019, 2022, 2025) [2022]: 2019\r\n")
    # Pasted at a choice, with Enter at its end and without: nothing is taken.
    until(b"Licence accepted (yes or no) [no]: ")
    os.write(terminal, b"yes\nno\n")
    until(b"from yes to no, and this")
    until(b"Licence accepted (yes or no) [no]: ")
    os.write(terminal, b"yes\nn")
    until(b"from yes to n, and")
    os.write(terminal, b":pages 6\n")
    until(b"Cluster (for example")
    os.write(terminal, b"vmmclu\n")
    until(b"Nodes, in order (for example")
    os.write(terminal, b"vmm01\nvmm02\nvmm03")
    until(b"Enter for ")
    os.write(terminal, b":back\n")
    until(b"SQL Server (for example")
    os.write(terminal, b"\x04")
    until(b"are kept")
    os.waitpid(pid, 0)
    os.close(terminal)
    assert b"\x1b" not in said
    row = kept(tmp_path / "state", None)
    assert row is not None
    kept_answers = row.path.read_text(encoding="utf-8")
    assert 'nodes = ["vmm01", "vmm02", "vmm03"]' in kept_answers
    assert 'release = "2019"' in kept_answers
    assert "eula_accepted = false" in kept_answers
