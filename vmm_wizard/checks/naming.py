"""Checks of the role's name: its form, what else bears it, and its computer object (NAM)."""

from __future__ import annotations

import re
from datetime import timedelta

from vmm_wizard.checks.accounts import computer_sids
from vmm_wizard.checks.registry import Verdict, check, failed, node_check, passed, warned
from vmm_wizard.checks.remedies import AD_TEAM, ask, in_domain, in_plan, on_node, powershell, show_computer
from vmm_wizard.checks.rights import FULL_CONTROL, rights_on_object
from vmm_wizard.checks.schedule import situation
from vmm_wizard.facts.model import ClusterObjectFacts, ComputerFacts, DomainFacts, Facts, NoAnswer, NotKnown, known
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import NETBIOS_MAX

#: Setup reserves this for its own use and fails on it, in this spelling (KBSHARE).
RESERVED = "-SCVMM-"

#: Making a computer object may set its password a moment later: that is no sign of use.
_MAKING = timedelta(minutes=5)


@check("NAM-01", topic="naming", source="INST", needs=("cluster.role_name",))
def role_name_form(plan: Plan, facts: Facts) -> Verdict:
    """At most 15 letters, digits and hyphens; not all digits, no hyphen first or last."""
    del facts
    name = plan.cluster.role_name.text
    faults = []
    if len(name) > NETBIOS_MAX:
        faults.append(f"has {len(name)} characters, {NETBIOS_MAX} at most are allowed")
    if not re.fullmatch(r"[A-Za-z0-9-]+", name):
        odd = sorted(set(re.sub(r"[A-Za-z0-9-]", "", name)))
        faults.append(f"holds {' '.join(odd)}, only letters, digits and hyphens are allowed")
    if re.fullmatch(r"[0-9]+", name):
        faults.append("is all digits")
    if name.startswith("-") or name.endswith("-"):
        faults.append("begins or ends with a hyphen")
    if faults:
        return failed(f"{name!r} {'; it '.join(faults)}", in_plan("choose another role name"))
    return passed(f"{name}: {len(name)} characters, all allowed")


@check(
    "NAM-02",
    topic="naming",
    source="INST",
    needs=("cluster.role_name", "cluster.name", "cluster.nodes"),
)
def role_name_unique(plan: Plan, facts: Facts) -> Verdict:
    """Not the cluster's, a node's, SQL Server's or the domain's NetBIOS name."""
    taken = {plan.cluster.name.label.casefold(): "the cluster"}
    taken |= {node.label.casefold(): "a node" for node in plan.nodes}
    if plan.database.target:
        taken[plan.database.target.label.casefold()] = "the SQL server"
    if isinstance(facts.domain, DomainFacts):
        taken[facts.domain.netbios_name.casefold()] = "the domain"
    name = plan.cluster.role_name
    if name.key in taken:
        return failed(f"{name} is the name of {taken[name.key]} too", in_plan("choose another role name"))
    known(facts.domain)
    return passed(f"{name} differs from the names of cluster, nodes, SQL server and domain")


@check(
    "NAM-03",
    topic="naming",
    source="KBSHARE",
    needs=("cluster.role_name", "cluster.nodes"),
)
def no_reserved_part(plan: Plan, facts: Facts) -> Verdict:
    """`-SCVMM-` in capitals breaks setup late (error 2917); other spellings warn."""
    del facts
    names = [plan.cluster.role_name.text, *(node.label for node in plan.nodes), plan.database.target.label]
    bad = [name for name in names if RESERVED in name]
    if bad:
        return failed(
            f"{', '.join(bad)} holds {RESERVED}, which VMM keeps for itself (error 2917)",
            in_plan("rename the server, or choose one without it"),
        )
    near = [name for name in names if RESERVED in name.upper()]
    if near:
        return warned(
            f"{', '.join(near)} holds {RESERVED} in another spelling", in_plan("a name without it is the safer choice")
        )
    return passed(f"none of {', '.join(filter(None, names))} holds {RESERVED}")


@node_check("NAM-04", topic="naming", source="KB15")
def computer_name(plan: Plan, facts: Facts, node: str) -> Verdict:
    """At most 15 characters, so that NetBIOS and TCP/IP name are the same one; and no rename waits for a restart."""
    del plan
    answer = facts.node(node)
    host = answer.host_name.partition(".")[0]
    if len(host) > NETBIOS_MAX or host.casefold() != answer.computer_name.casefold():
        return failed(
            f"the node is called {host} ({len(host)} characters), and {answer.computer_name} by NetBIOS: setup cannot "
            "validate accounts then",
            on_node(
                node,
                f"take it out of the cluster, Rename-Computer -NewName '<{NETBIOS_MAX} characters at most>' -Restart, "
                "and let it join again; or choose another node",
            ),
        )
    if answer.pending_computer_name.casefold() != answer.computer_name.casefold():
        return failed(
            f"{answer.computer_name} will be {answer.pending_computer_name} after the next restart",
            on_node(node, "Restart-Computer, then write the new name into the plan; or undo the rename first"),
        )
    return passed(f"{answer.computer_name}: {len(host)} characters, no rename pending")


@check(
    "NAM-05",
    topic="naming",
    source="PRESTAGE",
    needs=("cluster.role_name", "cluster.name"),
)
def computer_object_free(plan: Plan, facts: Facts) -> Verdict:
    """Absent; or made beforehand for this cluster and unused; or, once the role exists, the role's own."""
    role = known(facts.role_object)
    if not role.found:
        return passed(f"the directory has no computer {role.name}")
    cluster = known(facts.cluster_object)
    holds = cluster_controls(cluster, role)
    evidence = f"{role.dn} {_story(role)}"
    if situation(plan, facts).ours:
        if holds:
            return passed(f"{evidence}; it is the installed role's own, and {cluster.computer.name} controls it")
        return failed(
            f"{evidence}; the role is installed, but {cluster.computer.name} does not control this object",
            ask(AD_TEAM, f"{show_computer(plan.cluster.role_name.text)} shows whose it is; decide together"),
        )
    return _before_install(plan, facts, role, cluster, evidence, holds)


def _before_install(
    plan: Plan, facts: Facts, role: ComputerFacts, cluster: ClusterObjectFacts, evidence: str, holds: bool
) -> Verdict:
    show = show_computer(plan.cluster.role_name.text)
    use = signs_of_use(role)
    if use and holds and _left_by(cluster, role):
        return passed(f"{evidence}; an earlier role of this cluster left it, which takes it again")
    if use:
        return failed(
            f"{evidence}; it is in use: {', '.join(use)}",
            ask(AD_TEAM, f"{show} shows whose it is", in_plan("or choose another role name")),
        )
    if not holds:
        account = in_domain(f"{plan.cluster.name.label}$", facts)
        grant = f"dsacls {powershell(role.dn)} /G {powershell(account + ':GA')}"
        return failed(
            f"{evidence}; {account} has no Full Control of it",
            ask(AD_TEAM, f"{show} shows whose it is; if it was made for this role: {grant}"),
        )
    if not _trusted_maker(facts, role, cluster):
        return warned(
            f"{evidence}; prestaged, but neither made nor owned by the cluster or a domain administrator: "
            "Windows may refuse to reuse it (KB5020276)",
            ask(AD_TEAM, f"{show} shows the owner; let a domain administrator own it"),
        )
    return passed(f"{evidence}; prestaged: the cluster has Full Control, and nothing has used it")


def _left_by(cluster: ClusterObjectFacts, role: ComputerFacts) -> bool:
    """Whether a role of this cluster that was removed left the object: the cluster made it, and has disabled it.

    Names and logons stay on it, and nobody can be using it: a disabled account logs on nowhere.
    """
    sid = cluster.computer.sid
    owner = role.descriptor.owner if role.descriptor is not None else ""
    return not role.enabled and bool(sid) and sid in (role.creator_sid, owner)


def cluster_controls(cluster: ClusterObjectFacts, role: ComputerFacts) -> bool:
    """Whether the cluster's computer account made or owns the role's object, or has Full Control of it.

    Raises NotKnown when the object's permissions or the account's groups could not be read.
    """
    sid = cluster.computer.sid
    if sid and role.creator_sid == sid:
        return True
    if role.descriptor is None:
        raise NotKnown(NoAnswer(f"the permissions of {role.dn} could not be read", "denied"))
    if sid and role.descriptor.owner == sid:
        return True
    if not cluster.computer.found:
        return False
    rights = rights_on_object(role.descriptor, computer_sids(cluster.computer))
    return rights & FULL_CONTROL == FULL_CONTROL


def signs_of_use(role: ComputerFacts) -> list[str]:
    """What shows that some computer uses this object: a logon, a password set later, service principal names."""
    signs = []
    if role.last_logon is not None:
        signs.append(f"last logon {role.last_logon:%Y-%m-%d}")
    if role.password_set is not None and role.created is not None and role.password_set - role.created > _MAKING:
        signs.append(f"password set {role.password_set:%Y-%m-%d}")
    if role.service_principal_names:
        signs.append(f"service principal names such as {role.service_principal_names[0]}")
    return signs


def _story(role: ComputerFacts) -> str:
    owner = role.descriptor.owner if role.descriptor else "not readable"
    made = f"{role.created:%Y-%m-%d}" if role.created else "at an unknown time"
    return f"({'enabled' if role.enabled else 'disabled'}, made {made}, owner {owner})"


def _trusted_maker(facts: Facts, role: ComputerFacts, cluster: ClusterObjectFacts) -> bool:
    trusted = {cluster.computer.sid, "S-1-5-32-544"}
    owner = role.descriptor.owner if role.descriptor else ""
    if role.creator_sid and role.creator_sid in trusted:
        return True
    domain = known(facts.domain)
    trusted |= {f"{domain.sid}-512", f"{domain.sid}-519"}
    return owner in trusted
