"""What can go wrong between us and a node: one type a cause, one sentence each, never a secret."""

from __future__ import annotations

from vmm_wizard.printable import printable


class RemoteError(Exception):
    """Anything that keeps a node from answering. `place` is host:port as the user knows it. The text can be shown as it
    is, whatever the node has said."""

    def __init__(self, place: str, sentence: str) -> None:
        super().__init__(printable(sentence))
        self.place = place


class NodeUnreachable(RemoteError):
    """No connection, or it was lost. `reason` says why in few words: "refused", "timed out"..."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(place, f"could not reach {place}: {reason}")
        self.reason = reason


class DeadlinePassed(NodeUnreachable):
    """The node did not answer within the time that the caller allowed."""

    def __init__(self, place: str) -> None:
        super().__init__(place, "timed out")


class Cancelled(RemoteError):
    """The caller's cancel flag was set while the node was asked."""

    def __init__(self, place: str) -> None:
        super().__init__(place, f"the question to {place} was cancelled")


class LogonRefused(RemoteError):
    """The node refused name or password (HTTP 401 after a proof): it counted as one bad logon, nothing tries again."""

    def __init__(self, place: str, account: str) -> None:
        super().__init__(place, f"{place} refused the logon of {account}")
        self.account = account


class LogonNotOffered(RemoteError):
    """No logon was tried, because node and wizard share no safe way to log on."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(place, f"no safe way to log on to {place}: {why}")


class AccessDenied(RemoteError):
    """The password is right, but the account may not use WinRM on the node (fault 5)."""

    def __init__(self, place: str, account: str) -> None:
        super().__init__(
            place,
            f"{place} denies access to {account}: it is neither a local administrator nor in Remote Management Users",
        )
        self.account = account


class ShellRefused(RemoteError):
    """The node opens no shell: a quota is used up, or policy forbids shells over WinRS and remoting alike."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(place, f"{place} opened no remote shell: {why}")


class CertificateRefused(RemoteError):
    """The node's certificate is not trusted, not for this name, or not the pinned one."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(place, f"the certificate of {place} was refused: {why}")


#: What sets each language mode, and who can say why. Source: about_Language_Modes.
_MODES = {
    "ConstrainedLanguage": (
        "a policy of application control does that (App Control for Business, or AppLocker's script rules): ask "
        "whoever keeps it to let the account that logs on to the nodes run PowerShell in full"
    ),
    "NoLanguage": (
        "the endpoint that answers is a restricted one, as for Just Enough Administration: ask whoever registered it "
        "(Get-PSSessionConfiguration there shows it) for one with LanguageMode FullLanguage, or for WinRS shells"
    ),
}
_OTHER_MODE = (
    "the configuration of its PowerShell endpoint does that: ask whoever registered it "
    "(Get-PSSessionConfiguration there shows it) for LanguageMode FullLanguage"
)


class LanguageModeRefused(RemoteError):
    """PowerShell on the node runs in a restricted language mode, in which the scripts cannot work."""

    def __init__(self, place: str, mode: str) -> None:
        why = _MODES.get(mode, _OTHER_MODE)
        super().__init__(
            place, f"PowerShell on {place} runs in {mode}, and the wizard's scripts need FullLanguage; {why}"
        )
        self.mode = mode


class ScriptFailed(RemoteError):
    """A script of ours ended in an error: PowerShell's `message`, and the `line` of the script from 1 (0: unknown)."""

    def __init__(self, place: str, script: str, message: str, line: int, kind: str = "") -> None:
        where = f"{script}, line {line}" if line else script
        super().__init__(place, f"{place}: {where}: {message}")
        self.script = script
        self.message = message
        self.line = line
        self.kind = kind


class AnswerUnreadable(RemoteError):
    """The node answered with something that is not what a WinRM service or our script says."""

    def __init__(self, place: str, what: str) -> None:
        super().__init__(place, f"{place} gave an answer that cannot be read: {what}")
