"""What `prepare` does, as commands for somebody who does it himself: copies by robocopy, then each node's own."""

from __future__ import annotations

from collections.abc import Iterator

from vmm_wizard.checks.remedies import powershell
from vmm_wizard.install.preparing import expected_digest
from vmm_wizard.plan.model import Plan
from vmm_wizard.texts import text

#: Robocopy: all folders, no read-only marks, few and short retries. Exit codes below 8 are good.
COPY_SWITCHES = "/e /a-:R /r:5 /w:10"
#: Where the installers are put on a node.
_TEMPORARY = r"C:\vmm-prepare"
_TERMS = "IACCEPTMSODBCSQLLICENSETERMS=YES IACCEPTMSSQLCMDLNUTILSLICENSETERMS=YES"
_KITS = (
    ("$adk", "ADK", "adksetup.exe", "OptionId.DeploymentTools"),
    ("$winpe", "WinPE", "adkwinpesetup.exe", "OptionId.WindowsPreinstallationEnvironment"),
)


def prepare_by_hand(plan: Plan, nodes: tuple[str, ...]) -> tuple[str, ...]:
    """Lines of PowerShell for these nodes (full names): on this computer where things are, and the copies to each
    node's administrative share; then what is run on the node itself. What the plan names no source for has a place to
    fill in. No secret is needed, so none is there."""
    return (*_sources(plan), *(line for node in nodes for line in _node(plan, node)))


def _is_download(source: str) -> bool:
    return source.casefold().endswith((".exe", ".zip"))


def _sources(plan: Plan) -> Iterator[str]:
    prepare = plan.prepare
    named = (
        ("$media", prepare.media_source, text("engine.by_hand.media")),
        ("$adk", prepare.adk_source, text("engine.by_hand.kit")),
        ("$winpe", prepare.winpe_source, text("engine.by_hand.environment")),
    )
    yield text("engine.by_hand.on_your_computer")
    for variable, source, what in named:
        yield f"{variable} = {powershell(source or f'<{what}>')}"
    packages = [powershell(path) for path in prepare.packages]
    yield f"$packages = {', '.join(packages) or '@()   # ' + text('engine.by_hand.which_packages')}"
    if expected_digest(plan) and (_is_download(prepare.media_source) or prepare.media_sha256):
        what = "$media" if _is_download(prepare.media_source) else r'"$media\setup.exe"'
        yield f"(Get-FileHash -LiteralPath {what} -Algorithm SHA256).Hash -eq '{expected_digest(plan)}'   # True"


def _share(node: str, path: str) -> str:
    """A local path of a node as its administrative share has it."""
    return f"\\\\{node}\\{path[0]}${path[2:]}" if path[1:2] == ":" else path


def _node(plan: Plan, node: str) -> Iterator[str]:
    share = _share(node, _TEMPORARY)
    media = plan.media.path.rstrip("\\")
    download = _is_download(plan.prepare.media_source)
    yield ""
    yield text("engine.by_hand.copies", node=node)
    if download:
        yield f"robocopy (Split-Path $media) {powershell(share)} (Split-Path -Leaf $media) /a-:R /r:5 /w:10"
    else:
        yield f"robocopy $media {powershell(_share(node, media))} {COPY_SWITCHES}"
    for variable, folder, _, _ in _KITS:
        yield f"robocopy {variable} {powershell(f'{share}{chr(92)}{folder}')} {COPY_SWITCHES}"
    packages = powershell(share + r"\packages")
    yield (
        f"foreach ($package in $packages) {{ robocopy (Split-Path $package) {packages} (Split-Path -Leaf $package) "
        "/a-:R /r:5 /w:10 }"
    )
    yield text("engine.by_hand.on_the_node", node=node)
    yield "Install-WindowsFeature -Name 'Failover-Clustering', 'RSAT-Clustering-PowerShell' -IncludeManagementTools"
    if download:
        name = plan.prepare.media_source.rpartition("\\")[2]
        if name.casefold().endswith(".zip"):
            archive = powershell(f"{_TEMPORARY}\\{name}")
            yield f"Expand-Archive -LiteralPath {archive} -DestinationPath {powershell(_TEMPORARY)}"
            yield text("engine.by_hand.extract", media=media)
        else:
            program = powershell(f"{_TEMPORARY}\\{name}")
            yield f"Start-Process -Wait {program} -ArgumentList '/VERYSILENT /DIR=\"{media}\"'"
    setup = powershell(media + r"\setup.exe")
    yield f"(Get-AuthenticodeSignature {setup}).Status   # {text('engine.by_hand.must_be_valid')}"
    yield f"Get-ChildItem -LiteralPath {powershell(media)} -Recurse -File | Unblock-File"
    yield f"(Get-FileHash {setup}).Hash   # {text('engine.by_hand.same_everywhere')}"
    for _, folder, program, option in _KITS:
        path = powershell(f"{_TEMPORARY}\\{folder}\\{program}")
        yield f"(Start-Process -Wait -PassThru {path} -ArgumentList '/quiet /norestart /features {option}').ExitCode"
    kits = "(Get-ItemProperty 'HKLM:\\SOFTWARE\\WOW6432Node\\Microsoft\\Windows Kits\\Installed Roots').KitsRoot10"
    yield f'$wsim = "$({kits})Assessment and Deployment Kit\\Deployment Tools\\WSIM"'
    yield r'if (Test-Path "$wsim\amd64") { Copy-Item "$wsim\amd64\*" $wsim }'
    for source in plan.prepare.packages:
        path = f"{_TEMPORARY}\\packages\\{source.rpartition(chr(92))[2]}"
        if path.casefold().endswith(".msi"):
            arguments = powershell(f'/i "{path}" /qn /norestart {_TERMS}')
            yield f"(Start-Process -Wait -PassThru msiexec.exe -ArgumentList {arguments}).ExitCode"
        else:
            program = powershell(path)
            yield f"(Start-Process -Wait -PassThru {program} -ArgumentList '/install /quiet /norestart').ExitCode"
    yield text("engine.by_hand.packages")
    yield f"Remove-Item -Recurse {powershell(_TEMPORARY)}; Restart-Computer"
