"""The words of a runbook: what a person does before, on each node and afterwards, with the plan's own names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vmm_wizard.checks.remedies import powershell
from vmm_wizard.plan.model import AccountKind, Plan
from vmm_wizard.plan.names import AccountName

_SETUP_KEY = r"HKLM:\SOFTWARE\Microsoft\Microsoft System Center Virtual Machine Manager Server\Setup"


def overview(plan: Plan, answers: str, folders: Sequence[str]) -> str:
    """README.md of the whole runbook: who does what, in which order, and how to verify."""
    role = plan.cluster.role_name
    rows = [
        f"| {place} | {node} | `{folder}` | {_does(place)} |"
        for place, (node, folder) in enumerate(zip(plan.nodes, folders, strict=True), 1)
    ]
    return _document(
        f"# Installing VMM on the cluster {plan.cluster.name} by hand",
        f"The role is `{role}`, the database `{plan.database.name}` on `{plan.database.target}`, the service account "
        f"`{plan.service_account.name}`, and `{plan.installing_account}` installs.",
        "No password is in these files. The script of each node asks for what it needs, on that node.",
        "## Order",
        "\n".join(["| | node | folder | setup |", "|---|---|---|---|", *rows]),
        "Strictly one after another: never two setups at once, on any nodes.",
        "## Who does what",
        _list(
            f"**AD team**: the DKM container `{plan.dkm.dn}` with Full Control for `{plan.installing_account}`, on it "
            "and all descendant objects.",
            f"**DBA**: sysadmin on `{plan.database.target}` for "
            f"`{plan.database.admin_account if plan.has_sql_admin else plan.installing_account}` while it lasts.",
            f"**Node admin**, logged on as `{plan.installing_account}`: the steps in each folder.",
            f"**You**: `vmm-wizard check {answers}` before, `vmm-wizard verify {answers}` after each node.",
        ),
        "## Before",
        _numbered(
            f"`vmm-wizard check {answers}` has nothing that fails. `vmm-wizard request --for ad {answers}` (and `sql`, "
            "`network`, `nodes`) writes what to ask of the other teams.",
            f"The extracted media lie in `{plan.media.path}` on every node, the same ones everywhere.",
            f"There is a backup of the databases on `{plan.database.target}`, and nobody patches or restarts a node "
            "meanwhile.",
            f"Take the folders in the order above, beginning with `{folders[0]}/README.md`.",
        ),
        "## How the wizard watches",
        _list(
            f"`vmm-wizard install {answers} --by-hand`, instead of these folders, puts the same files on one node "
            "after the other, says when to start the script there, follows setup and verifies it. No task is made.",
            f"While setup runs, `vmm-wizard check {answers}` says on which node it does. It starts nothing there.",
            r"On the node, setup writes `C:\ProgramData\VMMLogs\SetupWizard.log`; the script writes `result.json` with "
            "setup's exit code beside itself.",
            f"`vmm-wizard verify {answers}` says whether a node is really installed: registry, service, cluster role, "
            "console port.",
        ),
        "## After the last node",
        _numbered(
            f"`vmm-wizard verify {answers}` finds nothing wrong.",
            *_names(plan),
            f"`vmm-wizard after {answers}` shows what else follows, with the commands.",
            f"Open a console on another computer, and connect it to `{role}:{plan.ports.console}`.",
            f"Move the role once to each node and back, while no job runs in VMM: `Move-ClusterGroup -Name '{role}' "
            "-Node <node>`.",
            "Delete these folders from the nodes. What was granted for the installation can be taken back; the service "
            "account keeps its own rights.",
        ),
    )


def node_steps(plan: Plan, answers: str, folders: Sequence[str], place: int, accounts: Iterable[AccountName]) -> str:
    """README.md of one node; `place` counts from 0, `accounts` are those whose passwords the script asks for."""
    node, folder = plan.nodes[place], folders[place]
    here = rf"C:\vmm-runbook\{folder}"
    asked = [f"`{account}`" for account in accounts]
    passwords = (
        f"Type the password of {' and of '.join(asked)} when you are asked: nothing is shown but stars. A wrong one is "
        "one bad logon, and setup ends at once."
        if asked
        else "It asks for no password: the service account is a managed one."
    )
    before = (
        f"`vmm-wizard check {answers}` has nothing that fails."
        if place == 0
        else f"`{plan.nodes[place - 1]}` is finished and verified, and VMM's role `{plan.cluster.role_name}` is online."
    )
    after = (
        f"Go on with `{folders[place + 1]}/README.md`."
        if place + 1 < len(folders)
        else "This was the last node: go on with *After the last node* in the README.md above."
    )
    run = rf"powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File {here}\run-setup.ps1"
    return _document(
        f"# {place + 1} of {len(folders)}: {node}",
        f"Setup {_does(place + 1)}. It takes some twenty minutes.",
        "## Before",
        _numbered(
            before,
            f"Copy this folder to `{here}` on `{node}`: a local disk, no share.",
            f"Log on to `{node}` as `{plan.installing_account}`, at its console or by Remote Desktop; not by WinRM or "
            "PowerShell remoting, which setup restarts underneath itself.",
            "Open PowerShell with *Run as administrator*.",
            f"Look whether all is ready; this starts nothing: `{run} -CheckOnly`",
        ),
        "If Windows does not run the script because it came over the network: "
        rf"`Unblock-File -LiteralPath '{here}\run-setup.ps1'`. Where policy demands signed scripts, let your own "
        "authority sign it.",
        "## Run",
        _numbered(f"`{run}`", passwords, "Leave the window open until the script says how setup has ended."),
        "## Verify",
        _numbered(
            "Exit code 0 is good. 3010 is good, and wants a restart of this node: move the role to another node before "
            "that, when there is one. Anything else: start nothing on another node, and read the log.",
            f"`vmm-wizard verify {answers}` says that `{node}` is installed.",
            f"Delete `{here}`.",
            after,
        ),
        *_managed(plan),
    )


def _does(place: int) -> str:
    return "makes the database and the cluster role" if place == 1 else "joins the role that is there"


def _names(plan: Plan) -> list[str]:
    """What setup only warns of where the installing account may not write it (PLAN, TTB)."""
    if plan.service_account.kind is AccountKind.GMSA:
        return []
    role, full, service = str(plan.cluster.role_name), plan.role_fqdn, plan.service_account.name
    account, computer = powershell(str(service)), powershell(f"{service.domain}\\{role}$")
    names = f"SCVMM/{role}", f"SCVMM/{full}"
    tool = powershell(plan.program_files.rstrip("\\") + r"\setup\ConfigureSCPTool.exe")
    register = " and ".join(f"`setspn -U -S {powershell(name)} {account}`" for name in names)
    return [
        f"If the log warns that the SPN could not be registered, a domain admin runs {register}; then a node admin, "
        f"on every node, `Set-ItemProperty -Path {powershell(_SETUP_KEY)} -Name VmmServicePrincipalNames -Value "
        f"{powershell(','.join(names))}`.",
        f"If it warns of the SCP, a domain admin runs on a node `& {tool} -install {powershell(full)} {computer}`.",
    ]


def _managed(plan: Plan) -> list[str]:
    if plan.service_account.kind is not AccountKind.GMSA:
        return []
    return [
        "No documentation shows an unattended install with a group managed service account *(unconfirmed)*: try it on "
        "a cluster for tests first."
    ]


def _document(*parts: str) -> str:
    return "\n\n".join(parts) + "\n"


def _list(*lines: str) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _numbered(*lines: str) -> str:
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))
