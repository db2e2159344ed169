"""The directory probe and the proof of passwords against a real AD domain controller (Samba)."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.facts.asking_directory import account_of, cluster_of, names_of, role_of
from tests.real import samba
from tests.real.samba import BASE, HOST, PASSWORD, REALM, SambaDomain, file_time
from vmm_wizard.facts.directory import DirectorySession, open_session
from vmm_wizard.facts.directory_accounts import ask_accounts
from vmm_wizard.facts.directory_channel import Channel, fingerprint
from vmm_wizard.facts.directory_tree import ask_children, ask_containers
from vmm_wizard.facts.discovery_model import Containers
from vmm_wizard.facts.model import AccountFacts, Ace, ContainerFacts, NoAnswer, PasswordFacts, known
from vmm_wizard.facts.passwords import Passwords, prove_password
from vmm_wizard.facts.questions import Trust
from vmm_wizard.plan.model import Authentication, CertificateException
from vmm_wizard.plan.names import AccountName, DistinguishedName, HostName
from vmm_wizard.plan.secrets import Secret

FULL_CONTROL = 0xF01FF
GENERIC_ALL = 0x10000000
CONTAINER_INHERIT = 0x2
DELETE_AND_DELETE_TREE = 0x10040
DISABLED = 514
DAY = 86400

USERS = f"CN=Users,{BASE}"


@pytest.fixture(scope="module")
def domain() -> SambaDomain:
    """The domain, with the accounts and groups that these tests read."""
    running = samba.samba_domain()
    reader = running.user("reader")
    inner = running.group("Inner", reader)
    running.group("Outer", inner)
    return running


@pytest.fixture(scope="module")
def session(domain: SambaDomain) -> Iterator[DirectorySession]:
    """The directory as the account `reader` sees it."""
    passwords = Passwords(domain.addresses(), 20)
    opened = open_session(domain.access("reader"), Secret(PASSWORD), passwords)
    assert isinstance(opened, DirectorySession), opened
    yield opened
    passwords.close()


def prove(
    domain: SambaDomain,
    account: str,
    password: str = PASSWORD,
    authentication: Authentication = Authentication.AUTO,
) -> PasswordFacts:
    access = domain.access(account, authentication)
    return known(prove_password(access.account, Secret(password), access, domain.addresses(), 20))


def refused(domain: SambaDomain, trust: Trust, *, ca_file: str | None = "ca.pem") -> NoAnswer:
    """Why an account with the right password is not even asked for it."""
    access = domain.access("reader", trust=trust)
    answer = prove_password(access.account, Secret(PASSWORD), access, domain.addresses(ca_file=ca_file), 20)
    assert isinstance(answer, NoAnswer)
    return answer


class TestPasswords:
    @pytest.mark.parametrize("authentication", [Authentication.AUTO, Authentication.NTLM])
    @pytest.mark.parametrize("account", ["reader", f"reader@{REALM}", f"{REALM}\\reader"])
    def test_the_right_one_is_accepted_in_every_spelling(
        self, domain: SambaDomain, account: str, authentication: Authentication
    ) -> None:
        assert prove(domain, account, authentication=authentication).accepted

    @pytest.mark.parametrize("authentication", [Authentication.AUTO, Authentication.NTLM])
    def test_a_wrong_one_counts_once(self, domain: SambaDomain, authentication: Authentication) -> None:
        dn = domain.user(f"typo-{authentication}")
        proof = prove(domain, f"typo-{authentication}", "not this one", authentication=authentication)
        assert (proof.accepted, proof.refusal) == (False, "52e")
        assert domain.value(dn, "badPwdCount") == "1"

    def test_states_of_accounts_are_told_apart(self, domain: SambaDomain) -> None:
        now = time.time()
        domain.user("disabled", control=DISABLED)
        domain.user("expired", f"accountExpires: {file_time(now - DAY)}")
        must_change = domain.user("must-change")
        domain.modify(must_change, "pwdLastSet", "0")
        old = domain.user("old-password")
        domain.modify(old, "pwdLastSet", file_time(now - 400 * DAY), as_it_is=True)
        domain.user("locked")
        for wrong in ("one", "two", "three"):
            prove(domain, "locked", wrong)
        expected = {"disabled": "533", "expired": "701", "must-change": "773", "old-password": "532", "locked": "775"}
        proofs = {name: prove(domain, name) for name in expected}
        assert {name: proof.refusal for name, proof in proofs.items()} == expected
        assert not any(proof.accepted for proof in proofs.values())
        assert proofs["locked"].meaning == "the account is locked out"

    def test_nobody_is_refused_as_nobody(self, domain: SambaDomain) -> None:
        assert prove(domain, "nobody-of-this-name").refusal in ("525", "52e")


class TestChoices:
    def test_accounts_are_found_by_the_letters_of_a_name(self, domain: SambaDomain, session: DirectorySession) -> None:
        domain.user("svc-choice", control=DISABLED)
        domain.user("choice-setup")
        rows = session.answered("accounts", lambda view: ask_accounts(view, "CHOICE"))
        assert not isinstance(rows, NoAnswer), rows
        found = {row.name.partition("\\")[2]: row.state for row in rows}
        assert list(found) == ["choice-setup", "svc-choice"]
        assert found["svc-choice"] == ("disabled",)
        assert session.answered("accounts", lambda view: ask_accounts(view, "*)(cn=*")) == ()

    def test_the_tree_is_read_level_by_level(self, session: DirectorySession) -> None:
        read = session.answered("containers", ask_containers)
        assert isinstance(read, Containers), read
        assert read.base == BASE
        assert f"OU=Domain Controllers,{BASE}" in [row.dn for row in read.top if row.kind == "unit"]
        below = session.answered("System", lambda view: ask_children(view, f"CN=System,{BASE}"))
        assert not isinstance(below, NoAnswer), below
        assert f"CN=Policies,CN=System,{BASE}" in [row.dn for row in below]


class TestChannel:
    def test_where_ldaps_is_closed_starttls_carries_the_password(self, domain: SambaDomain) -> None:
        access = domain.access("reader")
        proof = prove_password(access.account, Secret(PASSWORD), access, domain.addresses(ldaps=1), 20)
        assert known(proof).accepted

    @pytest.mark.parametrize("ldaps", [636, 1])
    def test_a_certificate_of_an_unknown_authority_ends_it(self, domain: SambaDomain, ldaps: int) -> None:
        access = domain.access("reader", trust=Trust(str(domain.place / "other-ca.pem")))
        answer = prove_password(access.account, Secret(PASSWORD), access, domain.addresses(ldaps=ldaps), 20)
        assert isinstance(answer, NoAnswer)
        assert answer.code == "certificate"
        assert "is not trusted" in answer.reason
        assert "connection.ca_file" in answer.reason

    def test_the_message_holds_the_fingerprint_that_an_exception_needs(self, domain: SambaDomain) -> None:
        import re

        untrusted = Trust(str(domain.place / "other-ca.pem"))
        shown = re.search(r"SHA-256 ([0-9a-f]{64})", refused(domain, untrusted).reason)
        assert shown is not None
        exception = CertificateException(HostName(HOST), shown[1], "test")
        access = domain.access("reader", trust=Trust(untrusted.ca_file, (exception,)))
        assert known(prove_password(access.account, Secret(PASSWORD), access, domain.addresses(), 20)).accepted

    def test_an_exception_for_another_certificate_lets_nothing_through(self, domain: SambaDomain) -> None:
        exception = CertificateException(HostName(HOST), fingerprint(b"another"), "test")
        answer = refused(domain, Trust("", (exception,)))
        assert answer.code == "certificate"
        assert "another certificate" in answer.reason


class TestDomain:
    def test_it_says_how_it_is_called(self, domain: SambaDomain, session: DirectorySession) -> None:
        facts = known(session.domain())
        assert (facts.server, facts.base, facts.dns_name, facts.netbios_name) == (HOST, BASE, REALM, "EXAMPLE")
        assert facts.sid == domain.sid(BASE)
        assert facts.machine_account_quota == 10
        assert facts.time is not None
        assert facts.time.utcoffset() is not None


class TestAccounts:
    def account(self, session: DirectorySession, name: str) -> AccountFacts:
        return known(account_of(session, AccountName.parse(name)))

    def test_nested_groups_are_in_the_token(self, domain: SambaDomain, session: DirectorySession) -> None:
        facts = self.account(session, "EXAMPLE\\reader")
        assert facts.token_groups is not None
        assert {domain.sid(f"CN=Inner,{USERS}"), domain.sid(f"CN=Outer,{USERS}")} <= set(facts.token_groups)
        assert f"{domain.sid(BASE)}-513" in facts.token_groups

    @pytest.mark.parametrize("name", ["example\\READER", f"{REALM}\\reader", f"Reader@{REALM}"])
    def test_every_spelling_finds_the_same(self, domain: SambaDomain, session: DirectorySession, name: str) -> None:
        facts = self.account(session, name)
        assert (facts.sam, facts.sid, facts.domain_dns) == ("reader", domain.sid(f"CN=reader,{USERS}"), REALM)

    def test_dates_that_never_come_are_none(self, domain: SambaDomain, session: DirectorySession) -> None:
        domain.user("for-ever", control=0x10200)
        facts = self.account(session, "EXAMPLE\\for-ever")
        assert (facts.expires, facts.password_expires, facts.must_change_password) == (None, None, False)

    def test_dates_that_come_are_in_utc(self, domain: SambaDomain, session: DirectorySession) -> None:
        domain.user("leaver", f"accountExpires: {file_time(2_000_000_000)}")
        facts = self.account(session, "EXAMPLE\\leaver")
        assert facts.expires is not None
        assert facts.expires.timestamp() == 2_000_000_000
        assert facts.password_expires is not None
        assert facts.password_expires.utcoffset() is not None

    def test_a_password_to_be_changed_is_seen(self, domain: SambaDomain, session: DirectorySession) -> None:
        domain.modify(domain.user("newcomer"), "pwdLastSet", "0")
        assert self.account(session, "EXAMPLE\\newcomer").must_change_password

    @pytest.mark.parametrize("cn", ["Jörg (Bär)", "Müller, Ängla", "a\\b", "#sharp", 'q"uote+plus'])
    def test_names_with_special_characters_are_found(
        self, domain: SambaDomain, session: DirectorySession, cn: str
    ) -> None:
        sam = f"s{cn.encode().hex()}"[:20]
        dn = str(DistinguishedName((("CN", cn), *DistinguishedName.parse(USERS).rdns)))
        domain.add(dn, "objectClass: user", f"sAMAccountName: {sam}")
        facts = self.account(session, f"EXAMPLE\\{sam}")
        assert DistinguishedName.parse(facts.dn).rdns[0] == ("CN", cn)
        assert facts.token_groups

    @pytest.mark.parametrize("name", ["EXAMPLE\\(cn", "EXAMPLE\\nobody)(sAMAccountName", "EXAMPLE\\ünbekannt"])
    def test_what_looks_like_a_filter_is_a_name_that_nobody_has(self, session: DirectorySession, name: str) -> None:
        domain, _, user = name.partition("\\")
        facts = known(account_of(session, AccountName(domain, user)))
        assert not facts.found

    def test_an_account_of_another_domain_is_not_said_to_be_missing(self, session: DirectorySession) -> None:
        answer = account_of(session, AccountName.parse("OTHER\\reader"))
        assert isinstance(answer, NoAnswer)
        assert "OTHER" in answer.reason


class TestContainers:
    def made(self, domain: SambaDomain, session: DirectorySession, cn: str, dacl: str = "") -> ContainerFacts:
        dn = DistinguishedName((("CN", cn), *DistinguishedName.parse(BASE).rdns))
        domain.container(str(dn), dacl)
        return known(session.container(dn))

    def entries(self, facts: ContainerFacts) -> tuple[Ace, ...]:
        assert facts.descriptor is not None
        assert facts.descriptor.dacl is not None
        return facts.descriptor.dacl

    def test_full_control_given_directly(self, domain: SambaDomain, session: DirectorySession) -> None:
        sid = domain.sid(f"CN=reader,{USERS}")
        facts = self.made(domain, session, "DKM direct", f"(A;CI;GA;;;{sid})")
        own = [ace for ace in self.entries(facts) if ace.sid == sid and ace.allow]
        on_object = [ace for ace in own if not ace.flags & 0x8]
        assert any(ace.mask & FULL_CONTROL == FULL_CONTROL or ace.mask & GENERIC_ALL for ace in on_object)
        assert any(ace.flags & CONTAINER_INHERIT for ace in own)
        assert "container" in (facts.allowed_child_classes_effective or ())
        assert (facts.sd_rights_effective or 0) & 4
        assert facts.asked_as == "EXAMPLE\\reader"
        assert facts.object_classes == ("top", "container")

    def test_full_control_by_a_nested_group(self, domain: SambaDomain, session: DirectorySession) -> None:
        sid = domain.sid(f"CN=Outer,{USERS}")
        facts = self.made(domain, session, "DKM by group", f"(A;CI;RPWPCRCCDCLCLORCWOWDSDDTSW;;;{sid})")
        assert Ace(True, sid, FULL_CONTROL, CONTAINER_INHERIT) in self.entries(facts)
        assert (facts.sd_rights_effective or 0) & 4

    def test_full_control_that_is_not_inherited(self, domain: SambaDomain, session: DirectorySession) -> None:
        sid = domain.sid(f"CN=reader,{USERS}")
        facts = self.made(domain, session, "DKM here only", f"(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;{sid})")
        assert Ace(True, sid, FULL_CONTROL, 0) in self.entries(facts)

    def test_reading_alone(self, domain: SambaDomain, session: DirectorySession) -> None:
        sid = domain.sid(f"CN=reader,{USERS}")
        facts = self.made(domain, session, "DKM read only", f"(A;CI;RPLCLORC;;;{sid})")
        assert [ace.mask for ace in self.entries(facts) if ace.sid == sid] == [0x20094]
        assert facts.allowed_child_classes_effective == ()
        assert facts.sd_rights_effective == 0

    def test_a_denial_comes_before_what_it_denies(self, domain: SambaDomain, session: DirectorySession) -> None:
        sid = domain.sid(f"CN=reader,{USERS}")
        facts = self.made(domain, session, "DKM denied", f"(D;CI;CC;;;{sid})(A;CI;RPWPCRCCDCLCLORCWOWDSDDTSW;;;{sid})")
        own = [ace for ace in self.entries(facts) if ace.sid == sid]
        assert [ace.allow for ace in own] == [False, True]
        assert "container" not in (facts.allowed_child_classes_effective or ())

    def test_protection_from_deletion_is_one_denial_for_everyone(
        self, domain: SambaDomain, session: DirectorySession
    ) -> None:
        sid = domain.sid(f"CN=reader,{USERS}")
        facts = self.made(domain, session, "DKM protected", f"(D;;DTSD;;;WD)(A;CI;RPWPCRCCDCLCLORCWOWDSDDTSW;;;{sid})")
        assert Ace(False, "S-1-1-0", DELETE_AND_DELETE_TREE, 0) in self.entries(facts)
        assert Ace(True, sid, FULL_CONTROL, CONTAINER_INHERIT) in self.entries(facts)

    def test_what_nobody_granted_is_not_there(self, domain: SambaDomain, session: DirectorySession) -> None:
        sid = domain.sid(f"CN=reader,{USERS}")
        facts = self.made(domain, session, "DKM plain")
        assert not [ace for ace in self.entries(facts) if ace.sid == sid]
        assert (facts.allowed_child_classes_effective, facts.sd_rights_effective) == ((), 0)

    @pytest.mark.parametrize("cn", ["Schlüssel", "Keys, all of them", "Keys (VMM)", "back\\slash", "a=b", " lead"])
    def test_names_with_special_characters_are_found(
        self, domain: SambaDomain, session: DirectorySession, cn: str
    ) -> None:
        assert self.made(domain, session, cn).found

    def test_children_are_listed_over_several_pages(self, domain: SambaDomain, session: DirectorySession) -> None:
        parent = domain.container(f"CN=Many,{BASE}")
        records = "\n".join(f"dn: CN=key{n},{parent}\nobjectClass: container\n" for n in range(520))
        domain._ldb("ldbadd", records)
        assert len(known(session.container(DistinguishedName.parse(parent))).children) == 520

    def test_a_missing_one_is_missing(self, session: DirectorySession) -> None:
        facts = known(session.container(DistinguishedName.parse(f"CN=no such thing,{BASE}")))
        assert (facts.found, facts.referral) == (False, "")


class TestComputers:
    def test_a_role_and_its_cluster_are_read(self, domain: SambaDomain, session: DirectorySession) -> None:
        ou = domain.add(f"OU=Clusters,{BASE}", "objectClass: organizationalUnit")
        cluster = domain.add(
            f"CN=CLU1,{ou}",
            "objectClass: computer",
            "sAMAccountName: CLU1$",
            "userAccountControl: 4096",
            "servicePrincipalName: MSClusterVirtualServer/CLU1",
        )
        sid = domain.sid(cluster)
        role = domain.add(
            f"CN=VMM1,{ou}",
            "objectClass: computer",
            "sAMAccountName: VMM1$",
            "userAccountControl: 4098",
            "description: prestaged",
            "servicePrincipalName: SCVMM/vmm1",
            f"nTSecurityDescriptor: O:DAG:DAD:(A;;GA;;;{sid})(A;;RPLCLORC;;;AU)",
        )
        domain.add(f"CN=SCVMM,{role}", "objectClass: serviceConnectionPoint")
        domain.add(f"CN=reader2,{USERS}", "objectClass: user", "servicePrincipalName: SCVMM/vmm1.ad.example")

        computer = known(role_of(session, "vmm1"))
        assert (computer.found, computer.enabled, computer.description) == (True, False, "prestaged")
        assert computer.last_logon is None
        assert computer.descriptor is not None
        assert any(ace.sid == sid for ace in computer.descriptor.dacl or ())

        found = known(cluster_of(session, "clu1"))
        assert (found.computer.dn, found.computer.sid, found.parent_dn) == (cluster, sid, ou)
        assert (found.parent_is_computers, found.created_count) == (False, None)
        assert found.parent_descriptor is not None
        assert found.computer.token_groups

        names = known(names_of(session, ("SCVMM/vmm1", "SCVMM/vmm1.ad.example"), "vmm1"))
        assert names.holders == {"SCVMM/vmm1": (role,), "SCVMM/vmm1.ad.example": (f"CN=reader2,{USERS}",)}
        assert names.connection_points == (f"CN=SCVMM,{role}",)

    def test_a_cluster_in_the_computers_container_is_told(self, domain: SambaDomain, session: DirectorySession) -> None:
        domain.add(f"CN=CLU2,CN=Computers,{BASE}", "objectClass: computer", "sAMAccountName: CLU2$")
        assert known(cluster_of(session, "clu2")).parent_is_computers

    def test_a_name_that_nobody_has_is_free(self, session: DirectorySession) -> None:
        assert not known(role_of(session, "vmm9")).found
        assert not known(cluster_of(session, "clu9")).computer.found
        assert known(names_of(session, ("SCVMM/vmm9",), "vmm9")).holders == {"SCVMM/vmm9": ()}


class TestForest:
    def test_where_there_are_more_domains_the_global_catalog_is_asked(self, domain: SambaDomain) -> None:
        domain.add(f"CN=holder,{USERS}", "objectClass: user", "servicePrincipalName: SCVMM/vmmgc")
        asked = []
        passwords = Passwords(domain.addresses(), 20)
        session = known(open_session(domain.access("reader"), Secret(PASSWORD), passwords))
        open_catalog = session._view.open_catalog
        assert open_catalog is not None

        def watched() -> Channel:
            channel = open_catalog()
            asked.append(str(channel.endpoint))
            return channel

        session._view.open_catalog = watched
        with domain.second_domain():
            names = known(names_of(session, ("SCVMM/vmmgc", "SCVMM/vmmgc.ad.example"), "vmmgc"))
        passwords.close()
        assert asked == [f"{HOST}:3269"]
        assert names.forest_wide
        assert names.holders == {"SCVMM/vmmgc": (f"CN=holder,{USERS}",), "SCVMM/vmmgc.ad.example": ()}
