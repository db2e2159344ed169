"""What prepare-node.ps1 does inside a task of a simulated node: part after part, each looked at first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from vmm_wizard.lab.file_share import MIB, FileServer, SharedFile, ShareRefused
from vmm_wizard.lab.wrapper import InsideWork
from vmm_wizard.remote.bootstrap import JSON

if TYPE_CHECKING:
    from vmm_wizard.lab.node import Node

#: Estate seconds: bytes copied in one, what an installer and a feature take.
_RATE = 100.0 * MIB
INSTALLER_SECONDS, FEATURE_SECONDS = 120.0, 90.0
_NEWER_IS_THERE, _RESTART = 1638, 3010
_KIT = "C:\\Program Files (x86)\\Windows Kits\\10\\"


class _PartFailed(Exception):
    """A part ends in an error. The text is what the script would report."""


def prepare_node(node: Node, work: InsideWork) -> dict[str, JSON]:
    """The script's answer."""
    return _Preparation(node, work).run()


class _Preparation:
    def __init__(self, node: Node, work: InsideWork) -> None:
        self._node = node
        self._state = node.state
        self._work = work
        self._parts: list[JSON] = []
        self._restart = False

    def _text(self, name: str) -> str:
        return str(self._work.parameters[name])

    def run(self) -> dict[str, JSON]:
        self._part("Failover-Clustering", self._feature)
        if self._text("MediaSource"):
            self._part("media", self._media)
        media = self._state.media
        is_there = self._has_media()
        if is_there:
            self._part("download mark", self._unblock)
        if self._text("KitSource"):
            self._part("Deployment Tools", self._deployment_tools)
        if self._text("EnvironmentSource"):
            self._part("Windows PE", self._windows_pe)
        if self._state.adk.root and self._state.adk.deployment_tools:
            self._part("WSIM", self._image_manager)
        packages = self._work.parameters["Packages"]
        assert isinstance(packages, list)
        for path in packages:
            self._part(str(path).rpartition("\\")[2], lambda path=path: self._package(str(path)))  # type: ignore[misc]
        return {
            "parts": self._parts,
            "media_version": media.version if is_there else "",
            "media_sha256": media.sha256 if is_there else "",
            "restart": self._restart or self._node.restart_pending(),
        }

    def _part(self, name: str, do: Callable[[], str]) -> None:
        try:
            text = do()
            state = "done" if text else "present"
        except (_PartFailed, ShareRefused) as failed:
            state, text = "failed", str(failed)
        text = text or "is there already"
        self._work.say(f"{name}: {text}")
        self._parts.append({"name": name, "state": state, "text": text})

    def _spend(self, seconds: float, said: str) -> None:
        """Let time pass, and say a line after it; a task that was ended meanwhile ends there."""
        self._node.clock.wait(seconds, self._work.task.stop)
        self._work.say(said)

    # --- the share

    def _server(self, path: str) -> FileServer:
        host = path.removeprefix("\\\\").partition("\\")[0]
        if not path.startswith("\\\\"):
            raise _PartFailed(f"Could not find a part of the path '{path}'.")
        server = self._node.estate.share_of(host)
        if server is None or self._node.is_cut_off(host):
            raise _PartFailed("The network path was not found.")
        return server

    def _sids(self) -> frozenset[str]:
        return self._node.directory.logon_sids(self._work.task.account.dn)

    def _copy(self, source: str, files: Mapping[str, SharedFile]) -> None:
        total = sum(file.size for file in files.values())
        self._work.say(f"copying {total // MIB} MiB from {source}")
        for tenth in range(1, 11):
            self._spend(total / _RATE / 10, f"copied {10 * tenth} %")

    def _folder(self, source: str) -> dict[str, SharedFile]:
        return self._server(source).folder(source, self._sids())

    def _one_file(self, path: str) -> SharedFile:
        found = self._server(path).file(path, self._sids())
        if found is None:
            raise _PartFailed(f"there is no {path}")
        self._copy(path, {path: found})
        return found

    def _install(self, name: str, code: int) -> None:
        self._spend(INSTALLER_SECONDS, f"{name} ended with exit code {code}")
        if code == _RESTART:
            self._restart = True
        elif code not in (0, _NEWER_IS_THERE):
            raise _PartFailed(f"{name} ended with exit code {code}")

    # --- the parts

    def _feature(self) -> str:
        if self._state.cluster_tools:
            return ""
        self._spend(FEATURE_SECONDS, "installed Failover-Clustering, RSAT-Clustering-PowerShell")
        self._state.cluster_tools = True
        return "installed"

    def _has_media(self) -> bool:
        media, path = self._state.media, self._text("MediaPath").rstrip("\\")
        return media.exists and path.casefold() == media.path.rstrip("\\").casefold()

    def _media(self) -> str:
        if self._has_media():
            return ""
        path, source = self._text("MediaPath"), self._text("MediaSource")
        if self._node.files.inside(path):
            raise _PartFailed(f"{path} holds other things than the media: empty it, or choose another media.path")
        if not source.casefold().endswith((".exe", ".zip")):
            files = self._folder(source)
            programs = [name for name in files if "\\" not in name and name.casefold().endswith(".exe")]
            if "setup.exe" not in {name.casefold() for name in programs} and len(programs) != 1:
                raise _PartFailed(f"{source} holds neither setup.exe nor one self-extracting program alone")
            setup = next((files[name] for name in programs if name.casefold() == "setup.exe"), None)
            if setup is not None:
                self._copy(source, files)
                self._require_digest(setup, f"{path}.vmm-wizard\\setup.exe")
                return self._put_media(path, source, setup)
            source = f"{source}\\{programs[0]}"
        download = self._one_file(source)
        self._require_digest(download, source.rpartition("\\")[2])
        self._spend(INSTALLER_SECONDS, f"{source.rpartition(chr(92))[2]} /VERYSILENT ended with exit code 0")
        return self._put_media(path, source, download)

    def _require_digest(self, file: SharedFile, where: str) -> None:
        wanted = self._text("MediaHash")
        if wanted and file.sha256 != wanted.casefold():
            raise _PartFailed(f"{where} has the SHA-256 {file.sha256}, and not {wanted}")
        self._work.say(f"{where} has the SHA-256 {file.sha256}")

    def _put_media(self, path: str, source: str, file: SharedFile) -> str:
        media = self._state.media
        media.path, media.version, media.kind, media.exists = path, file.version, "fixed", True
        # What a program extracts carries no mark of its own.
        media.blocked = file.blocked and file.content.startswith("setup.exe")
        return f"brought to {path} from {source}"

    def _unblock(self) -> str:
        media = self._state.media
        if not media.blocked:
            return ""
        if not media.signed:
            setup = f"{media.path}\\setup.exe"
            raise _PartFailed(
                f"{setup} is marked as downloaded, and its signature is not Microsoft's (HashMismatch): left so"
            )
        media.blocked = False
        return "the mark of the download was taken away; the signature is Microsoft's"

    def _deployment_tools(self) -> str:
        adk = self._state.adk
        if adk.root and adk.deployment_tools:
            return ""
        program = self._layout("KitSource", "adksetup.exe")
        adk.root, adk.version, adk.deployment_tools, adk.wsim_copied = _KIT, program.version, True, False
        return "Deployment Tools installed"

    def _windows_pe(self) -> str:
        adk = self._state.adk
        if adk.root and adk.windows_pe:
            return ""
        program = self._layout("EnvironmentSource", "adkwinpesetup.exe")
        if not adk.root:
            raise _PartFailed("adkwinpesetup.exe ended well, and the kit has no Windows Preinstallation Environment")
        adk.windows_pe = True
        self._state.pending_component_servicing |= program.exit_code == _RESTART
        return "Windows Preinstallation Environment installed"

    def _layout(self, parameter: str, name: str) -> SharedFile:
        source = self._text(parameter)
        files = self._folder(source)
        self._copy(source, files)
        program = next((file for path, file in files.items() if path.casefold() == name), None)
        if program is None:
            raise _PartFailed(f"there is no {name} in {source}")
        self._install(name, program.exit_code)
        return program

    def _image_manager(self) -> str:
        adk = self._state.adk
        if adk.wsim_copied:
            return ""
        adk.wsim_copied = True
        return f"24 files copied to {adk.root}Assessment and Deployment Kit\\Deployment Tools\\WSIM"

    def _package(self, path: str) -> str:
        state, file = self._state, self._one_file(path)
        if file.product in state.products:
            return ""
        self._install(path.rpartition("\\")[2], file.exit_code)
        if file.exit_code == _NEWER_IS_THERE:
            return "a newer one is there"
        state.install_product(file.product)
        return "installed"
