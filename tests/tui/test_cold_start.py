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
