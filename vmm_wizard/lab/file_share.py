"""The file server of the practice estate: what lies on its share, and to whom it is shown."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

MIB = 1024**2

#: The share that `prepare` takes everything from, and where its parts lie on it.
HOST_LABEL = "files01"
SHARE = "sources"


class ShareRefused(Exception):
    """A share cannot be read. The text is what Windows says."""


@dataclass(frozen=True, slots=True)
class SharedFile:
    """A file: its size in bytes, and what its hash is made of.

    `version`: the media that it is the setup.exe of, or extracts. `product`: the name that Windows lists what it
    installs by. `exit_code`: how it ends as an installer. `blocked`: it carries the mark of a download.
    """

    size: int
    content: str
    version: str = ""
    product: str = ""
    exit_code: int = 0
    blocked: bool = False

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content.encode()).hexdigest()


class FileServer:
    """A member of the domain with one share; paths in any case. `readers`: SIDs that may read; None: every account."""

    def __init__(self, host: str, share: str = SHARE) -> None:
        self.host = host
        self.share = share
        self.readers: set[str] | None = None
        self._files: dict[str, tuple[str, SharedFile]] = {}

    @property
    def root(self) -> str:
        """The share's own path."""
        return f"\\\\{self.host}\\{self.share}"

    def put(self, path: str, file: SharedFile) -> None:
        """Lay a file there; `path` is relative to the share."""
        whole = f"{self.root}\\{path}"
        self._files[whole.casefold()] = (whole, file)

    def take(self, path: str) -> None:
        """Take a file away, or a folder with all in it."""
        key = f"{self.root}\\{path}".casefold()
        for known in [name for name in self._files if name == key or name.startswith(f"{key}\\")]:
            del self._files[known]

    def file(self, path: str, sids: Collection[str]) -> SharedFile | None:
        """The file at a UNC path; None where there is none. Raises ShareRefused."""
        self._admit(path, sids)
        found = self._files.get(path.casefold())
        return found[1] if found else None

    def folder(self, path: str, sids: Collection[str]) -> dict[str, SharedFile]:
        """All files below a UNC path, by their path from there. Raises ShareRefused."""
        self._admit(path, sids)
        start = path.rstrip("\\").casefold() + "\\"
        found = {whole[len(start) :]: file for key, (whole, file) in self._files.items() if key.startswith(start)}
        if not found:
            raise ShareRefused(f"Could not find a part of the path '{path}'.")
        return found

    def _admit(self, path: str, sids: Collection[str]) -> None:
        if self.readers is not None and self.readers.isdisjoint(sids):
            raise ShareRefused(f"Access to the path '{path}' is denied.")
        if not f"{path}\\".casefold().startswith(f"{self.root}\\".casefold()):
            raise ShareRefused("The network name cannot be found.")


def practice_share(domain: str) -> FileServer:
    """What an estate's file server has: extracted media and the program that extracts them, both kits, packages."""
    server = FileServer(f"{HOST_LABEL}.{domain}")
    version = "10.22.1287.0"
    server.put(r"VMM2022\setup.exe", SharedFile(1 * MIB, f"setup.exe {version}", version))
    server.put(r"VMM2022\amd64\Setup\msi\Server\vmmServer.msi", SharedFile(900 * MIB, "vmmServer.msi"))
    server.put(r"VMM2022\amd64\Setup\VMServer.ini", SharedFile(4096, "VMServer.ini"))
    server.put("SCVMM_2022.exe", SharedFile(1200 * MIB, f"self-extracting {version}", version, blocked=True))
    server.put(r"ADK\adksetup.exe", SharedFile(2 * MIB, "adksetup.exe", "10.1.22621.1"))
    server.put(r"ADK\Installers\Windows Deployment Tools-x86_en-us.msi", SharedFile(80 * MIB, "deployment tools"))
    server.put(r"WinPE\adkwinpesetup.exe", SharedFile(2 * MIB, "adkwinpesetup.exe", exit_code=3010))
    server.put(r"WinPE\Installers\Windows PE x86 x64 wims.msi", SharedFile(2500 * MIB, "wims"))
    odbc, tools = "Microsoft ODBC Driver 17 for SQL Server", "Microsoft Command Line Utilities 15 for SQL Server"
    runtime = "Microsoft Visual C++ 2015-2022 Redistributable (x64) - 14.38.33130"
    server.put(r"packages\VC_redist.x64.exe", SharedFile(25 * MIB, "VC_redist.x64.exe", product=runtime))
    server.put(r"packages\msodbcsql.msi", SharedFile(5 * MIB, "msodbcsql.msi", product=odbc))
    server.put(r"packages\MsSqlCmdLnUtils.msi", SharedFile(3 * MIB, "MsSqlCmdLnUtils.msi", product=tools))
    return server
