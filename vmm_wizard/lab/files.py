"""The local files of a simulated node that runs touch: paths in any case, folders with the SIDs that may enter."""

from __future__ import annotations

import threading
from collections.abc import Collection


class DiskFull(Exception):
    """Nothing more can be written (ERROR_DISK_FULL). `called` is the text that PowerShell makes of a .NET call."""

    hresult = 0x80070070

    def __init__(self, method: str = "WriteAllText") -> None:
        super().__init__("There is not enough space on the disk.")
        self.called = f'Exception calling "{method}" with "2" argument(s): "{self}"'


class NodeFiles:
    """Files by their Windows path. Thread-safe. A folder is there once it was made or a file was written into it."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        #: The disk has no room left: a new file is made and stays empty.
        self.full = False
        self._files: dict[str, tuple[str, bytes]] = {}
        self._folders: dict[str, tuple[str, frozenset[str] | None]] = {}

    def read(self, path: str) -> bytes | None:
        """A file's bytes, or None when it is not there."""
        with self._lock:
            found = self._files.get(_key(path))
            return found[1] if found else None

    def size(self, path: str) -> int:
        """A file's length in bytes; 0 when it is not there."""
        return len(self.read(path) or b"")

    def exists(self, path: str) -> bool:
        """Whether there is a file of this path."""
        return self.read(path) is not None

    def write(self, path: str, data: bytes) -> None:
        """Write a whole file. Raises DiskFull: then it is there, and empty."""
        with self._lock:
            full = self.full and len(data) > 0
            self._files[_key(path)] = (path, b"" if full else data)
        if full:
            raise DiskFull

    def append(self, path: str, data: bytes) -> None:
        """Add to a file, which is made when it is not there. Raises DiskFull: then it stays as it was."""
        with self._lock:
            if self.full:
                raise DiskFull
            self.write(path, (self.read(path) or b"") + data)

    def move(self, path: str, target: str) -> None:
        """Give a file another name; does nothing when it is not there."""
        with self._lock:
            found = self._files.pop(_key(path), None)
            if found is not None:
                self._files[_key(target)] = (target, found[1])

    def delete(self, path: str) -> None:
        """Delete a file; does nothing when it is not there."""
        with self._lock:
            self._files.pop(_key(path), None)

    def make_folder(self, path: str, trustees: Collection[str] | None = None) -> None:
        """Make a folder that only `trustees` (SIDs) may enter; None: whoever may enter the one above."""
        with self._lock:
            self._folders[_key(path)] = (path, None if trustees is None else frozenset(trustees))

    def has_folder(self, path: str) -> bool:
        """Whether there is such a folder."""
        with self._lock:
            return _key(path) in self._folders or bool(self.inside(path))

    def delete_folder(self, path: str) -> None:
        """Delete a folder and everything in it."""
        with self._lock:
            key = _key(path)
            for known in [name for name in self._files if name.startswith(key + "\\")]:
                del self._files[known]
            for known in [name for name in self._folders if name == key or name.startswith(key + "\\")]:
                del self._folders[known]

    def inside(self, path: str) -> tuple[str, ...]:
        """The paths of all files and folders below a folder."""
        with self._lock:
            start = _key(path) + "\\"
            known = {**self._files, **self._folders}
            return tuple(entry[0] for key, entry in sorted(known.items()) if key.startswith(start))

    def may_enter(self, path: str, sids: Collection[str]) -> bool:
        """Whether a token with `sids` may use what lies at `path`: the nearest folder that says who may decides."""
        with self._lock:
            key = _key(path)
            while key:
                folder = self._folders.get(key)
                if folder is not None and folder[1] is not None:
                    return not folder[1].isdisjoint(sids)
                key = key.rpartition("\\")[0]
            return True

    def holding(self, text: str) -> tuple[str, ...]:
        """The paths of the files whose bytes hold `text`, as UTF-8 or UTF-16: for tests that look for a secret."""
        forms = (text.encode(), text.encode("utf-16-le"))
        with self._lock:
            return tuple(path for path, data in self._files.values() if any(form in data for form in forms))


def _key(path: str) -> str:
    return path.rstrip("\\").casefold()
