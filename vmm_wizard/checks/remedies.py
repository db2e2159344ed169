"""Commands for the admin, with names quoted for PowerShell and T-SQL, and the person to ask in front.

A remedy is one step that an admin can paste: `<who>: <command>`. None lowers security as its first advice, and none
deletes anything. Whose it is stands in it as a value, so that it can be sent to the right team.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from vmm_wizard.facts.model import AccountFacts, DomainFacts, Facts
from vmm_wizard.plan.names import AccountName
from vmm_wizard.texts import text


class Team(StrEnum):
    """Who carries a remedy out. The values are those of the JSON report and of `request --for`.

    `NODES`: a local administrator of the nodes. `PLAN`: whoever writes the answers.
    """

    AD = "ad"
    SQL = "sql"
    NETWORK = "network"
    NODES = "nodes"
    PLAN = "plan"


@dataclass(frozen=True, slots=True)
class Whom:
    """A team and what it is called at the beginning of a remedy."""

    team: Team
    words: str


@dataclass(frozen=True, slots=True)
class Contact:
    """A team by the key, in table `remedies` of the catalogue, of what it is called."""

    team: Team
    key: str

    def called(self, **values: object) -> Whom:
        """The team with its words, which are read only now."""
        return Whom(self.team, text(f"evidence.remedies.{self.key}", **values))


AD_TEAM = Contact(Team.AD, "ad")
DBA = Contact(Team.SQL, "dba")
NETWORK = Contact(Team.NETWORK, "network")
_NODE_ADMIN = Contact(Team.NODES, "node_admin")
_YOU = Contact(Team.PLAN, "you")
_POLICY_OWNER = Contact(Team.AD, "policy_owner")


@dataclass(frozen=True, slots=True)
class Remedy:
    """One step (a command to paste, or what to do) and whom to ask for it. `str()` is both in one line.

    `others`: what further teams must do for the same fault.
    """

    whom: Whom
    step: str
    others: tuple[Remedy, ...] = ()

    @property
    def steps(self) -> tuple[Remedy, ...]:
        """This step and those of the other teams, each by itself."""
        return (replace(self, others=()), *(step for other in self.others for step in other.steps))

    def __str__(self) -> str:
        return ". ".join(f"{one.whom.words}: {one.step}" for one in self.steps)


#: PowerShell takes these for a single quotation mark too (U+2018 to U+201B).
_QUOTES = "'\u2018\u2019\u201a\u201b"


def powershell(value: str) -> str:
    """`value` as a single-quoted PowerShell string: nothing in it is expanded or run."""
    return "'" + "".join(c * 2 if c in _QUOTES else c for c in value) + "'"


def sql_name(name: str) -> str:
    """`name` as a T-SQL identifier, quoted as QUOTENAME does."""
    return "[" + name.replace("]", "]]") + "]"


def sql_text(value: str) -> str:
    """`value` as a T-SQL string."""
    return "N'" + value.replace("'", "''") + "'"


def ask(whom: Whom | Contact, command: str, *others: Remedy) -> Remedy:
    """A remedy: whom to ask, and the command or step; `others` are what further teams must do for the same fault."""
    return Remedy(whom.called() if isinstance(whom, Contact) else whom, command, others)


def on_node(node: str, command: str, *others: Remedy) -> Remedy:
    """A remedy that a local administrator runs in PowerShell on `node`."""
    return Remedy(_NODE_ADMIN.called(node=node), command, others)


def on_any_node(command: str, *others: Remedy) -> Remedy:
    """A remedy that a local administrator runs in PowerShell on any node of the cluster."""
    return on_node(text("evidence.remedies.any_node"), command, *others)


def in_plan(step: str, *others: Remedy) -> Remedy:
    """A remedy that changes an answer, not the estate."""
    return Remedy(_YOU.called(), step, others)


def by_policy(node: str, setting: str, step: str) -> Remedy:
    """A remedy for what a policy sets: which GPO it is can be seen on `node`, and only who owns that GPO changes it."""
    command = r"gpresult /scope computer /h $env:TEMP\gpresult.html"
    show = text("evidence.remedies.which_gpo", command=command, setting=setting)
    return on_node(node, show, ask(_POLICY_OWNER, step))


def down_level(account: AccountName, facts: Facts) -> str:
    """`account` as `DOMAIN\\user`, the form that dsacls, setspn, SQL Server and local groups take.

    The NetBIOS name comes from the directory where it is known; else the account is printed as it was typed.
    """
    domain = facts.domain if isinstance(facts.domain, DomainFacts) else None
    if domain and account.domain.casefold() in (domain.dns_name.casefold(), domain.netbios_name.casefold()):
        return f"{domain.netbios_name}\\{logon_name(account, facts)}"
    return str(account)


def logon_name(account: AccountName, facts: Facts) -> str:
    """The sAMAccountName: as the directory has it, else the user part as typed."""
    for known in (facts.installing_account, facts.service_account):
        if isinstance(known, AccountFacts) and known.found and known.sam and account.key == known.name.casefold():
            return known.sam
    return account.user


def same_account(name: str, account: AccountName, facts: Facts) -> bool:
    """Whether `name` (`DOMAIN\\user` or `user@domain`) is `account`. Forms that cannot be compared are different."""
    try:
        other = AccountName.parse(name)
    except ValueError:
        return False
    if not other or not account:
        return False
    if other.key == account.key:
        return True
    if logon_name(other, facts).casefold() != logon_name(account, facts).casefold():
        return False
    left, right = other.domain.casefold(), account.domain.casefold()
    if left == right:
        return True
    if isinstance(facts.domain, DomainFacts):
        return {left, right} == {facts.domain.dns_name.casefold(), facts.domain.netbios_name.casefold()}
    return False


def in_domain(name: str, facts: Facts) -> str:
    """`name` (a sAMAccountName) as `DOMAIN\\name`; alone while the domain's NetBIOS name is not known."""
    return f"{facts.domain.netbios_name}\\{name}" if isinstance(facts.domain, DomainFacts) else name


def full_control(dn: str, holder: str) -> str:
    """The command that grants Full Control on an object and all its descendants."""
    return f"dsacls {powershell(dn)} /I:T /G {powershell(holder + ':GA')}"


def show_descriptor(dn: str) -> str:
    """The command that shows owner and every entry of an object's access list."""
    return f"dsacls {powershell(dn)}"


def show_computer(name: str) -> str:
    """The command that shows who owns a computer object, how old it is and whether it is in use."""
    wanted = "whenCreated,lastLogonDate,passwordLastSet,servicePrincipalName,description,nTSecurityDescriptor"
    return (
        f"Get-ADComputer {powershell(name)} -Properties {wanted} | Format-List *, "
        "@{n='Owner';e={$_.nTSecurityDescriptor.Owner}}"
    )
