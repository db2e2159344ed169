"""setup.exe command lines: which switches, how Windows quotes them, and where a password goes without being there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vmm_wizard.plan.model import AccountKind, Plan
from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.texts import text

#: What stands for a password wherever a command line is shown.
MASK = "***"
#: Longest password in characters (PHX).
PASSWORD_MAX = 255


@dataclass(frozen=True, slots=True)
class SecretOf:
    """The place of an account's password in a command line; the password itself is put in on the node only."""

    account: AccountName


@dataclass(frozen=True, slots=True)
class SetupCommand:
    """A command line of setup.exe: the program's path on the node, and its arguments with places for passwords."""

    program: str
    arguments: tuple[str | SecretOf, ...]

    @property
    def secret_accounts(self) -> tuple[AccountName, ...]:
        """The accounts whose passwords are needed, each once, in the order of the `secret` indices."""
        seen: dict[str, AccountName] = {}
        for argument in self.arguments:
            if isinstance(argument, SecretOf):
                seen.setdefault(argument.account.key, argument.account)
        return tuple(seen.values())

    def masked(self) -> str:
        """The whole command line as a person would type it, with `***` for each password."""
        shown = [MASK if isinstance(argument, SecretOf) else quote(argument) for argument in self.arguments]
        return " ".join([_quote_program(self.program), *shown])

    def argument_template(self) -> list[str | dict[str, int]]:
        """The arguments for JSON: a text as it is (not quoted), a password as `{"secret": index}`.

        The index counts in `secret_accounts`. Whoever fills it in quotes each argument by the rules of `quote`.
        """
        places = {account.key: index for index, account in enumerate(self.secret_accounts)}
        return [
            {"secret": places[argument.account.key]} if isinstance(argument, SecretOf) else argument
            for argument in self.arguments
        ]


def server_install(plan: Plan, answer_file: str) -> SetupCommand:
    """The unattended install of a management server node; `answer_file` is where VMServer.ini lies on the node.

    The same for the first node and an additional one: they differ in the answer file (2.3). Raises ValueError with one
    sentence when the licence terms are not accepted or a value cannot stand behind its switch (1.2).
    """
    switches = ["/server", "/i", *_answer_file(answer_file)]
    return _command(plan, [*switches, *_service_account(plan), *_sql_admin(plan), *_eula(plan)])


def console_install(plan: Plan, answer_file: str) -> SetupCommand:
    """The unattended install of the console alone, by VMClient.ini; raises ValueError as `server_install` does."""
    # The documentation leaves the licence switch out here, a tool that works passes it (CMDTP, AL).
    return _command(plan, ["/client", "/i", *_answer_file(answer_file), *_eula(plan)])


def server_uninstall(plan: Plan, answer_file: str) -> SetupCommand:
    """The removal of a management server node by VMServerUninstall.ini; raises ValueError for a bad value."""
    return _command(plan, ["/server", "/x", *_answer_file(answer_file), *_sql_admin(plan)])


def console_uninstall(plan: Plan) -> SetupCommand:
    """The removal of the console, which takes no answer file and comes after the server's (CMDTP)."""
    return _command(plan, ["/client", "/x"])


def _command(plan: Plan, arguments: Iterable[str | SecretOf]) -> SetupCommand:
    if not plan.media.path:
        raise ValueError(text("setup_files.command.no_media"))
    return SetupCommand(plan.media.path.rstrip("\\/") + r"\setup.exe", tuple(arguments))


def _answer_file(path: str) -> list[str | SecretOf]:
    return ["/f", _switch_value("answer_file", path)]


def _eula(plan: Plan) -> list[str | SecretOf]:
    if not plan.registration.eula_accepted:
        raise ValueError(text("setup_files.command.licence_terms"))
    return ["/IACCEPTSCEULA"]


def _service_account(plan: Plan) -> list[str | SecretOf]:
    account = plan.service_account.name
    domain, user = account.domain, account.user
    if plan.service_account.kind is AccountKind.GMSA:
        # No source shows an unattended gMSA install; the form is that of the documentation's dialog (2.6).
        domain = domain if "." in domain else plan.dns_domain or domain
        user = user if user.endswith("$") else f"{user}$"
    switches: list[str | SecretOf] = [
        "/VmmServiceDomain",
        _switch_value("service_domain", domain),
        "/VmmServiceUserName",
        _switch_value("service_name", user),
    ]
    if plan.service_account.kind is AccountKind.USER:
        switches += ["/VmmServiceUserPassword", SecretOf(account)]
    return switches


def _sql_admin(plan: Plan) -> list[str | SecretOf]:
    if not plan.has_sql_admin:
        return []
    account = plan.database.admin_account
    return [
        "/SqlDBAdminDomain",
        _switch_value("sql_admin_domain", account.domain),
        "/SqlDBAdminName",
        _switch_value("sql_admin_name", account.user),
        "/SqlDBAdminPassword",
        SecretOf(account),
    ]


def _switch_value(what: str, value: str) -> str:
    """`value` when setup's parser takes it for one: a first `/` or `-` would make it a switch (1.2, PHX).

    `what` names the sentences of the catalogue that say what is wrong with it.
    """
    if not value:
        raise ValueError(text(f"setup_files.switch_empty.{what}"))
    if value[0] in "/-":
        raise ValueError(text(f"setup_files.switch_taken.{what}", first=value[0]))
    if any(ord(character) < 32 for character in value):
        raise ValueError(text(f"setup_files.switch_control.{what}"))
    return value


def password_problem(password: Secret) -> str:
    """Why setup cannot be given this password, as a sentence that does not show it; empty when it can (1.2, ACC-07)."""
    written = password.reveal()
    if not written:
        return text("setup_files.command.password_empty")
    if len(written) > PASSWORD_MAX:
        return text("setup_files.command.password_long", most=PASSWORD_MAX)
    if written[0] in "/-":
        return text("setup_files.command.password_switch")
    if any(ord(character) < 32 for character in written):
        return text("setup_files.command.password_control")
    return ""


def quote(argument: str) -> str:
    """`argument` as CommandLineToArgvW reads it back: quotes around it where needed, backslashes before `"` doubled."""
    if argument and not any(character in ' \t\n\v"' for character in argument):
        return argument
    quoted = ['"']
    backslashes = 0
    for character in argument:
        if character == "\\":
            backslashes += 1
            continue
        if character == '"':
            backslashes = 2 * backslashes + 1
        quoted.append("\\" * backslashes + character)
        backslashes = 0
    quoted.append("\\" * (2 * backslashes) + '"')
    return "".join(quoted)


def _quote_program(path: str) -> str:
    # The first word of a command line has no escapes: quotes go around it and nothing else is read (a path has none).
    return f'"{path}"' if " " in path or "\t" in path else path


def split(arguments: str) -> list[str]:
    """The arguments behind the program's name, as CommandLineToArgvW gives them to a program."""
    found: list[str] = []
    current: list[str] | None = None
    in_quotes = False
    position = 0
    while position < len(arguments):
        character = arguments[position]
        if character in " \t" and not in_quotes:
            if current is not None:
                found.append("".join(current))
            current = None
            position += 1
            continue
        current = [] if current is None else current
        backslashes = len(arguments[position:]) - len(arguments[position:].lstrip("\\"))
        position += backslashes
        if arguments[position : position + 1] != '"':
            current.append("\\" * backslashes)
            if not backslashes:
                current.append(character)
                position += 1
            continue
        current.append("\\" * (backslashes // 2))
        if backslashes % 2:
            current.append('"')
        elif in_quotes and arguments[position + 1 : position + 2] == '"':
            # Two quotes inside a quoted part are one quote, and the quoted part ends there.
            current.append('"')
            in_quotes = False
            position += 1
        else:
            in_quotes = not in_quotes
        position += 1
    if current is not None:
        found.append("".join(current))
    return found
