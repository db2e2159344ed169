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
from vmm_wizard.texts import text

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
        faults.append(text("evidence.NAM-01.too_long", number=len(name), most=NETBIOS_MAX))
    if not re.fullmatch(r"[A-Za-z0-9-]+", name):
        odd = sorted(set(re.sub(r"[A-Za-z0-9-]", "", name)))
        faults.append(text("evidence.NAM-01.odd_characters", characters=" ".join(odd)))
    if re.fullmatch(r"[0-9]+", name):
        faults.append(text("evidence.NAM-01.all_digits"))
    if name.startswith("-") or name.endswith("-"):
        faults.append(text("evidence.NAM-01.hyphen"))
    if faults:
        return failed(
            text("evidence.NAM-01.faults", name=name, faults=text("evidence.NAM-01.and_it").join(faults)),
            in_plan(text("evidence.naming.choose_another")),
        )
    return passed(text("evidence.NAM-01.fits", name=name, number=len(name)))


@check(
    "NAM-02",
    topic="naming",
    source="INST",
    needs=("cluster.role_name", "cluster.name", "cluster.nodes"),
)
def role_name_unique(plan: Plan, facts: Facts) -> Verdict:
    """Not the cluster's, a node's, SQL Server's or the domain's NetBIOS name."""
    taken = {plan.cluster.name.label.casefold(): "cluster"}
    taken |= {node.label.casefold(): "node" for node in plan.nodes}
    if plan.database.target:
        taken[plan.database.target.label.casefold()] = "sql_server"
    if isinstance(facts.domain, DomainFacts):
        taken[facts.domain.netbios_name.casefold()] = "domain"
    name = plan.cluster.role_name
    if name.key in taken:
        evidence = text(f"evidence.NAM-02.name_of.{taken[name.key]}", name=name)
        return failed(evidence, in_plan(text("evidence.naming.choose_another")))
    known(facts.domain)
    return passed(text("evidence.NAM-02.own", name=name))


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
            text("evidence.NAM-03.reserved", names=", ".join(bad), reserved=RESERVED),
            in_plan(text("evidence.NAM-03.rename")),
        )
    near = [name for name in names if RESERVED in name.upper()]
    if near:
        return warned(
            text("evidence.NAM-03.spelled_otherwise", names=", ".join(near), reserved=RESERVED),
            in_plan(text("evidence.NAM-03.safer_without")),
        )
    return passed(text("evidence.NAM-03.free", names=", ".join(filter(None, names)), reserved=RESERVED))


@node_check("NAM-04", topic="naming", source="KB15")
def computer_name(plan: Plan, facts: Facts, node: str) -> Verdict:
    """At most 15 characters, so that NetBIOS and TCP/IP name are the same one; and no rename waits for a restart."""
    del plan
    answer = facts.node(node)
    host = answer.host_name.partition(".")[0]
    if len(host) > NETBIOS_MAX or host.casefold() != answer.computer_name.casefold():
        return failed(
            text("evidence.NAM-04.two_names", host=host, number=len(host), netbios=answer.computer_name),
            on_node(
                node,
                text("evidence.NAM-04.rename", most=NETBIOS_MAX),
            ),
        )
    if answer.pending_computer_name.casefold() != answer.computer_name.casefold():
        return failed(
            text("evidence.NAM-04.will_be_renamed", name=answer.computer_name, new_name=answer.pending_computer_name),
            on_node(node, text("evidence.NAM-04.restart")),
        )
    return passed(text("evidence.NAM-04.whole", name=answer.computer_name, number=len(host)))


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
        return passed(text("evidence.NAM-05.free", name=role.name))
    cluster = known(facts.cluster_object)
    holds = cluster_controls(cluster, role)
    evidence = text("evidence.NAM-05.object", dn=role.dn, story=_story(role))
    if situation(plan, facts).ours:
        if holds:
            return passed(text("evidence.NAM-05.own_object", evidence=evidence, name=cluster.computer.name))
        return failed(
            text("evidence.NAM-05.not_controlled", evidence=evidence, name=cluster.computer.name),
            ask(AD_TEAM, text("evidence.NAM-05.decide_together", show=show_computer(plan.cluster.role_name.text))),
        )
    return _before_install(plan, facts, role, cluster, evidence, holds)


def _before_install(
    plan: Plan, facts: Facts, role: ComputerFacts, cluster: ClusterObjectFacts, evidence: str, holds: bool
) -> Verdict:
    show = show_computer(plan.cluster.role_name.text)
    use = signs_of_use(role)
    if use and holds and _left_by(cluster, role):
        return passed(text("evidence.NAM-05.left_by_cluster", evidence=evidence))
    if use:
        return failed(
            text("evidence.NAM-05.in_use", evidence=evidence, signs=", ".join(use)),
            ask(AD_TEAM, text("evidence.NAM-05.whose", show=show), in_plan(text("evidence.NAM-05.choose_another"))),
        )
    if not holds:
        account = in_domain(f"{plan.cluster.name.label}$", facts)
        grant = f"dsacls {powershell(role.dn)} /G {powershell(account + ':GA')}"
        return failed(
            text("evidence.NAM-05.no_full_control", evidence=evidence, account=account),
            ask(AD_TEAM, text("evidence.NAM-05.grant_if_own", show=show, grant=grant)),
        )
    if not _trusted_maker(facts, role, cluster):
        return warned(
            text("evidence.NAM-05.untrusted_maker", evidence=evidence),
            ask(AD_TEAM, text("evidence.NAM-05.change_owner", show=show)),
        )
    return passed(text("evidence.NAM-05.prestaged", evidence=evidence))


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
        raise NotKnown(NoAnswer(text("evidence.NAM-05.permissions_unread", dn=role.dn), "denied"))
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
        signs.append(text("evidence.NAM-05.sign.logon", day=role.last_logon))
    if role.password_set is not None and role.created is not None and role.password_set - role.created > _MAKING:
        signs.append(text("evidence.NAM-05.sign.password", day=role.password_set))
    if role.service_principal_names:
        signs.append(text("evidence.NAM-05.sign.names", name=role.service_principal_names[0]))
    return signs


def _story(role: ComputerFacts) -> str:
    owner = role.descriptor.owner if role.descriptor else text("evidence.NAM-05.owner_unread")
    made = f"{role.created:%Y-%m-%d}" if role.created else text("evidence.NAM-05.unknown_time")
    return text(f"evidence.NAM-05.story.{'enabled' if role.enabled else 'disabled'}", made=made, owner=owner)


def _trusted_maker(facts: Facts, role: ComputerFacts, cluster: ClusterObjectFacts) -> bool:
    trusted = {cluster.computer.sid, "S-1-5-32-544"}
    owner = role.descriptor.owner if role.descriptor else ""
    if role.creator_sid and role.creator_sid in trusted:
        return True
    domain = known(facts.domain)
    trusted |= {f"{domain.sid}-512", f"{domain.sid}-519"}
    return owner in trusted
