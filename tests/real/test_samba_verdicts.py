"""What the checks themselves say of a real AD domain controller (Samba): rights on containers, places and names."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.building import a_plan, good_facts
from tests.checks.asking import FAIL, NOT_APPLICABLE, PASS, WARN, finding
from tests.real import samba
from tests.real.samba import BASE, PASSWORD, REALM, SambaDomain
from vmm_wizard.checks.registry import Status
from vmm_wizard.facts.directory import DirectorySession, open_session
from vmm_wizard.facts.model import DomainFacts, Facts, known
from vmm_wizard.facts.passwords import Passwords
from vmm_wizard.facts.questions import PrincipalsQuestion
from vmm_wizard.plan.model import Cluster, DkmContainer, Plan, ServiceAccount
from vmm_wizard.plan.names import AccountName, DistinguishedName, HostName, NetbiosName
from vmm_wizard.plan.secrets import Secret

USERS = f"CN=Users,{BASE}"
ALL = "RPWPCRCCDCLCLORCWOWDSDDTSW"
#: Protected from accidental deletion, and readable by everybody who logs on.
KEPT = "(D;;DTSD;;;WD)(A;;RPLCLORC;;;AU)"


@pytest.fixture(scope="module")
def domain() -> SambaDomain:
    running = samba.samba_domain()
    setup = running.user("v-setup")
    running.user("v-service")
    running.group("V Admins", running.group("V Inner", setup))
    return running


@pytest.fixture(scope="module")
def session(domain: SambaDomain) -> Iterator[DirectorySession]:
    """The directory as the installing account sees it."""
    passwords = Passwords(domain.addresses(), 20)
    yield known(open_session(domain.access("v-setup"), Secret(PASSWORD), passwords))
    passwords.close()


def plan_of(container: str = "CN=none", role: str = "vmm", cluster: str = "vmmclu") -> Plan:
    return a_plan(
        domain=HostName(REALM.lower()),
        installing_account=AccountName("EXAMPLE", "v-setup"),
        service_account=ServiceAccount(AccountName("EXAMPLE", "v-service")),
        dkm=DkmContainer(DistinguishedName.parse(f"{container},{BASE}")),
        cluster=Cluster(HostName(cluster), NetbiosName(role), nodes=(HostName("vmm01"), HostName("vmm02"))),
    )


def seen(session: DirectorySession, plan: Plan) -> Facts:
    """Everything that the directory says for this plan; the rest of the estate is well."""
    domain = known(session.domain())
    assert isinstance(domain, DomainFacts)
    names = (f"SCVMM/{plan.cluster.role_name}", f"SCVMM/{plan.role_fqdn}")
    accounts = (plan.installing_account, plan.service_account.name)
    question = PrincipalsQuestion(
        session.access, accounts, plan.cluster.role_name.text, plan.cluster.name.label, (), names
    )
    found = known(session.principals(question))
    return good_facts(
        plan,
        domain=domain,
        installing_account=found.accounts[accounts[0].key],
        service_account=found.accounts[accounts[1].key],
        role_object=found.role,
        cluster_object=found.cluster,
        principal_names=found.names,
        dkm=session.container(plan.dkm.dn),
    )


@pytest.mark.parametrize(
    ("cn", "holder", "dacl", "installer", "says", "service"),
    [
        ("V direct", "setup", f"(A;CI;{ALL};;;{{sid}})", PASS, "Full Control; it is protected", WARN),
        ("V by group", "V Admins", f"(A;CI;{ALL};;;{{sid}})", PASS, "Full Control; it is protected", WARN),
        ("V here only", "setup", f"(A;;{ALL};;;{{sid}})", WARN, "on descendants: ", WARN),
        ("V read only", "setup", "(A;CI;RPLCLORC;;;{sid})", FAIL, "read permissions", WARN),
        ("V denied", "setup", f"(D;CI;CC;;;{{sid}})(A;CI;{ALL};;;{{sid}})", FAIL, "delete children", WARN),
        ("V service", "service", f"(A;CI;{ALL};;;{{sid}})", FAIL, "v-setup has on", PASS),
        ("V nothing", "setup", "", FAIL, "v-setup has on", WARN),
    ],
    ids=["directly", "by a group", "without inheritance", "read only", "with a deny", "the service alone", "nothing"],
)
def test_each_way_of_granting_has_its_verdict(
    domain: SambaDomain,
    session: DirectorySession,
    cn: str,
    holder: str,
    dacl: str,
    installer: Status,
    says: str,
    service: Status,
) -> None:
    dn = f"CN={holder},{USERS}" if holder.startswith("V") else f"CN=v-{holder},{USERS}"
    domain.container(f"CN={cn},{BASE}", KEPT + dacl.format(sid=domain.sid(dn)))
    plan = plan_of(f"CN={cn}")
    facts = seen(session, plan)
    row = finding("DKM-02", facts, plan)
    assert (row.status, says in row.evidence) == (installer, True), row.evidence
    assert finding("DKM-03", facts, plan).status is service
    opinion = finding("DKM-04", facts, plan).status
    assert opinion is (PASS if installer in (PASS, WARN) else NOT_APPLICABLE)


def test_a_container_without_protection_is_worth_a_word(domain: SambaDomain, session: DirectorySession) -> None:
    sid = domain.sid(f"CN=v-setup,{USERS}")
    domain.container(f"CN=V unprotected,{BASE}", f"(A;CI;{ALL};;;{sid})")
    plan = plan_of("CN=V unprotected")
    row = finding("DKM-02", seen(session, plan), plan)
    assert (row.status, "not protected from accidental deletion" in row.evidence) == (WARN, True)


@pytest.mark.parametrize(
    ("number", "entry", "status"),
    [
        (1, "(OA;CI;CC;bf967a86-0de6-11d0-a285-00aa003049e2;;{sid})", PASS),
        (2, "(OA;CI;CC;bf967aba-0de6-11d0-a285-00aa003049e2;;{sid})", FAIL),
        (3, "(A;CIIO;CC;;;{sid})", FAIL),
        (4, "", FAIL),
    ],
    ids=["computers", "users", "below only", "nothing"],
)
def test_what_is_delegated_to_the_cluster_in_its_place_is_judged(
    domain: SambaDomain, session: DirectorySession, number: int, entry: str, status: Status
) -> None:
    ou = domain.add(f"OU=V{number},{BASE}", "objectClass: organizationalUnit")
    cno = domain.add(
        f"CN=VCLU{number},{ou}", "objectClass: computer", f"sAMAccountName: VCLU{number}$", "userAccountControl: 4096"
    )
    if entry:
        domain.grant(ou, entry.format(sid=domain.sid(cno)))
    plan = plan_of(role=f"vrole{number}", cluster=f"vclu{number}")
    assert finding("CLU-05", seen(session, plan), plan).status is status


def test_a_name_of_the_role_that_another_holds_fails(domain: SambaDomain, session: DirectorySession) -> None:
    domain.add(f"CN=v-holder,{USERS}", "objectClass: user", "servicePrincipalName: SCVMM/vheld")
    plan = plan_of(role="vheld")
    facts = seen(session, plan)
    held = finding("ACC-08", facts, plan, subject="SCVMM/vheld")
    assert (held.status, "CN=v-holder" in held.evidence) == (FAIL, True)
    assert finding("ACC-08", facts, plan, subject=f"SCVMM/{plan.role_fqdn}").status is PASS
    assert finding("ACC-09", facts, plan).status is WARN


def test_three_thousand_accounts_come_in_pages(domain: SambaDomain, session: DirectorySession) -> None:
    parent = domain.container(f"CN=V Many,{BASE}")
    records = "\n".join(f"dn: CN=many{n},{parent}\nobjectClass: user\nsAMAccountName: many{n}\n" for n in range(3000))
    domain._ldb("ldbadd", records)

    def search(view: object) -> int:
        searcher = view.searcher  # type: ignore[attr-defined]
        return len(searcher.search(parent, "subtree", "(objectClass=user)", ("cn",), most=5000))

    assert session.answered("many accounts", search) == 3000
