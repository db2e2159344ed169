"""What the first paint loads, and that leaving waits for nobody."""

import subprocess
import sys
from pathlib import Path

from tests.test_house import ROOT, loaded_after

FIRST_PAINT = """
import asyncio
from pathlib import Path
from vmm_wizard.addresses import SystemAddresses
from vmm_wizard.plan.secrets import Secrets
from vmm_wizard.wizard.answers import Answers
from vmm_wizard.tui.app import WizardApp

async def main() -> None:
    app = WizardApp(Answers.opened(Path("answers/contoso-ha.toml")), Secrets(), SystemAddresses())
    # What is asked and looked for right after the first paint is loaded then, by its threads.
    app.jobs.look = lambda plan, job, fresh=False: None
    app.jobs.discover = lambda plan, fresh=False: None
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()

asyncio.run(main())
"""

#: What is loaded when the first page is on the screen, a name a line: the wizard is left before it goes on.
OPENING = """
import sys
import vmm_wizard.cli as cli
from pathlib import Path
from vmm_wizard.tui import app as apps
from vmm_wizard.tui.screens import wizard as screens

async def main() -> None:
    answers = apps.Answers.opened(None)
    app = apps.WizardApp(answers, cli.read_secrets(None), cli.find_addresses(None))

    def painted(app) -> None:
        front = app.wizard.query_one("#page-job")
        assert app.focused in front.walk_children(), app.focused
        print("\\n".join(sorted(sys.modules)))
        sys.stdout.flush()
        app._exit = True
        app.exit()

    screens.after_the_first_paint = painted
    app.jobs.look = app.jobs.find_runs = lambda *arguments, **named: None
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()

import asyncio
asyncio.run(main())
"""
#: What the first page needs nothing of. Each has cost milliseconds of the first paint.
NOT_YET = (
    *("checks.registry", "checks.acceptance", "checks.account", "facts.model", "facts.node_model", "facts.questions"),
    *("facts.discovery_model", "install.events", "install.journal", "mending.model", "preflight"),
    *("plan.secrets", "report.findings", "setup.ini", "wizard.course", "wizard.found", "wizard.glossary"),
    *("wizard.help", "wizard.pasting", "wizard.picture", "wizard.run_state", "wizard.stale", "wizard.suggesting"),
    *("tui.screens.dialogs", "tui.screens.palette", "tui.screens.see", "tui.screens.views", "tui.sharing"),
    *("tui.widgets.findings", "tui.widgets.found_field", "tui.widgets.run_log"),
)


#: A wizard whose directory listens and never says a word; it is left while it is asked.
HANGING = """
import asyncio, socket, sys, time
from pathlib import Path
from vmm_wizard.addresses import AddressBook
from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secrets import Secret, Secrets
from vmm_wizard.wizard.answers import Answers
from vmm_wizard.tui.app import WizardApp

folder = Path(sys.argv[1])
silent = socket.create_server(("127.0.0.1", 0))
port = silent.getsockname()[1]
hosts = "".join(
    f'[hosts."{name}.contoso.lab"]\\naddress = "127.0.0.1"\\nldap = {port}\\nldaps = {port}\\ntds = {port}\\n'
    f"winrm_http = {port}\\n"
    for name in ("dc01", "sql01", "vmm01", "vmm02")
)
(folder / "book.toml").write_text(f'[dns]\\naddress = "127.0.0.1"\\nport = 1\\n{hosts}')
answers = Answers.opened(Path("answers/contoso-ha.toml"))
answers.answer("connection.directory_server", "dc01.contoso.lab")
answers.save(folder / "answers.toml")
secrets = Secrets()
for account in answers.plan.accounts:
    secrets.put(account, Secret("a password"))

async def main() -> None:
    app = WizardApp(answers, secrets, AddressBook.load(folder / "book.toml"))
    async with app.run_test(size=(80, 24)) as pilot:
        silent.settimeout(30)
        connection, _ = await asyncio.to_thread(silent.accept)
        begun = time.monotonic()
        await pilot.press("ctrl+q")
    assert app.return_value == 0, app.return_value
    return begun

begun = asyncio.run(main())
import atexit
print("left", time.monotonic() - begun, flush=True)
"""


def test_the_first_paint_loads_no_library_that_talks() -> None:
    loaded = loaded_after(FIRST_PAINT)
    assert "textual" in loaded
    connectors = {"ldap3", "winrm", "requests", "pytds", "pyodbc", "spnego", "cryptography", "OpenSSL", "dns"}
    assert loaded.isdisjoint(connectors | {"pydantic", "tomlkit"})


def test_the_first_page_loads_nothing_that_it_has_no_use_for() -> None:
    """It has its focus then, and every other page is still to come."""
    done = subprocess.run(
        [sys.executable, "-c", OPENING], capture_output=True, text=True, check=False, cwd=ROOT, timeout=60
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert {"vmm_wizard.tui.screens.job", "vmm_wizard.tui.starting"} <= loaded
    assert loaded & {f"vmm_wizard.{name}" for name in NOT_YET} == set()
    assert loaded & {"tomlkit", "html", "hashlib", "textual.document", "textual.widgets._text_area"} == set()


def test_what_is_loaded_later_is_there() -> None:
    """A name that is wrong there would only be written into a log."""
    code = "from vmm_wizard.tui import starting; from importlib import import_module\n"
    code += "for name in starting._LATER: import_module(f'vmm_wizard.{name}')"
    loaded_after(code)


def test_a_command_loads_no_other_command() -> None:
    code = (
        "import sys; sys.argv = ['vmm-wizard', 'doctor', '--help']\ntry:\n    from vmm_wizard.cli import run_command; "
    )
    code += "run_command()\nfinally:\n    print([name for name in sys.modules if name.startswith('vmm_wizard')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "vmm_wizard.cli.plans" in done.stdout
    assert "vmm_wizard.cli.runs" not in done.stdout


def test_leaving_never_waits_for_a_probe(tmp_path: Path) -> None:
    """The probe's deadline is thirty seconds; the whole process ends long before."""
    done = subprocess.run(
        [sys.executable, "-c", HANGING, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=25,
    )
    assert done.returncode == 0, done.stderr
    word, seconds = done.stdout.split()
    assert word == "left"
    assert float(seconds) < 5
