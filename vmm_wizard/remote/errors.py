"""What can go wrong between us and a node: one type a cause, one sentence each, never a secret."""

from __future__ import annotations

from vmm_wizard.printable import printable
from vmm_wizard.texts import text


class RemoteError(Exception):
    """Anything that keeps a node from answering. `place` is host:port as the user knows it. The text can be shown as it
    is, whatever the node has said."""

    def __init__(self, place: str, sentence: str) -> None:
        super().__init__(printable(sentence))
        self.place = place


class NodeUnreachable(RemoteError):
    """No connection, or it was lost. `reason` says why in few words: "refused", "timed out"..."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(place, text("reasons.errors.unreachable", place=place, reason=reason))
        self.reason = reason


class DeadlinePassed(NodeUnreachable):
    """The node did not answer within the time that the caller allowed."""

    def __init__(self, place: str) -> None:
        super().__init__(place, text("reasons.shared.timed_out"))


class Cancelled(RemoteError):
    """The caller's cancel flag was set while the node was asked."""

    def __init__(self, place: str) -> None:
        super().__init__(place, text("reasons.errors.cancelled", place=place))


class LogonRefused(RemoteError):
    """The node refused name or password (HTTP 401 after a proof): it counted as one bad logon, nothing tries again."""

    def __init__(self, place: str, account: str) -> None:
        super().__init__(place, text("reasons.errors.logon_refused", place=place, account=account))
        self.account = account


class LogonNotOffered(RemoteError):
    """No logon was tried, because node and wizard share no safe way to log on."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(place, text("reasons.errors.logon_not_offered", place=place, why=why))


class AccessDenied(RemoteError):
    """The password is right, but the account may not use WinRM on the node (fault 5)."""

    def __init__(self, place: str, account: str) -> None:
        super().__init__(
            place,
            text("reasons.errors.access_denied", place=place, account=account),
        )
        self.account = account


class ShellRefused(RemoteError):
    """The node opens no shell: a quota is used up, or policy forbids shells over WinRS and remoting alike."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(place, text("reasons.errors.shell_refused", place=place, why=why))


class CertificateRefused(RemoteError):
    """The node's certificate is not trusted, not for this name, or not the pinned one."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(place, text("reasons.errors.certificate_refused", place=place, why=why))


#: The language modes of which it is known what sets them, and who can say why. Source: about_Language_Modes.
_MODES = {"ConstrainedLanguage": "constrained", "NoLanguage": "none"}


class LanguageModeRefused(RemoteError):
    """PowerShell on the node runs in a restricted language mode, in which the scripts cannot work."""

    def __init__(self, place: str, mode: str) -> None:
        known = _MODES.get(mode, "other")
        super().__init__(place, text(f"reasons.errors.language_mode.{known}", place=place, mode=mode))
        self.mode = mode


class ScriptFailed(RemoteError):
    """A script of ours ended in an error: PowerShell's `message`, and the `line` of the script from 1 (0: unknown)."""

    def __init__(self, place: str, script: str, message: str, line: int, kind: str = "") -> None:
        said = {"place": place, "script": script, "message": message, "line": line}
        super().__init__(place, text(f"reasons.errors.script_failed.{'line' if line else 'plain'}", **said))
        self.script = script
        self.message = message
        self.line = line
        self.kind = kind


class AnswerUnreadable(RemoteError):
    """The node answered with something that is not what a WinRM service or our script says."""

    def __init__(self, place: str, what: str) -> None:
        super().__init__(place, text("reasons.errors.unreadable", place=place, what=what))
