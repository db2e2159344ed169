"""One builder for a plan, and the hypothesis strategy for any plan that can be typed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from ipaddress import ip_address
from typing import Any

from hypothesis import strategies as st

from vmm_wizard.plan.model import (
    ASKED_TEAMS,
    Acceptance,
    AccountKind,
    AskedFor,
    Authentication,
    CertificateException,
    Cluster,
    Connection,
    Database,
    DkmContainer,
    Library,
    Media,
    Plan,
    Ports,
    Preparation,
    Registration,
    Release,
    ServiceAccount,
    WinrmTransport,
)
from vmm_wizard.plan.names import UNSEEN, AccountName, DistinguishedName, HostName, NetbiosName, SqlTarget


def contoso(**changes: Any) -> Plan:
    """A complete plan with two nodes; `changes` replace whole fields of it."""
    plan = Plan(
        domain=HostName("contoso.lab"),
        installing_account=AccountName.parse(r"CONTOSO\vmm-setup"),
        registration=Registration(eula_accepted=True),
        service_account=ServiceAccount(AccountName.parse(r"CONTOSO\svc-vmm")),
        dkm=DkmContainer(DistinguishedName.parse("CN=VMMDKM,DC=contoso,DC=lab")),
        database=Database(SqlTarget("sql01.contoso.lab")),
        cluster=Cluster(
            HostName("vmmclu.contoso.lab"),
            NetbiosName("vmm"),
            (ip_address("10.10.0.50"), ip_address("10.20.0.50")),
            (HostName("vmm01.contoso.lab"), HostName("vmm02.contoso.lab")),
        ),
        media=Media(r"C:\VMM\Media"),
    )
    return replace(plan, **changes)


_LETTERS = "abcXYZ089"
_label = st.text(_LETTERS, min_size=1, max_size=12)
hosts = (
    st.lists(st.sampled_from(["vmm", "node", "a-b", "clu_1"]) | _label, min_size=1, max_size=3)
    .map(".".join)
    .filter(lambda text: not text.replace(".", "").isdigit())
)
host_names = hosts.map(HostName.parse)
netbios_names = st.text("ABCdef012-_é", min_size=1, max_size=20).map(NetbiosName.parse)
_user = st.text("abcdXYZ019-_.é ü'$#&%!^`~(){}", min_size=1, max_size=20).map(str.strip).filter(bool)
accounts = st.tuples(hosts, _user, st.booleans()).map(
    lambda parts: AccountName.parse(f"{parts[1]}@{parts[0]}" if parts[2] else f"{parts[0]}\\{parts[1]}")
)
_rdn_value = st.text("VMMdkm 09éß#,+\"\\<>;='", min_size=1, max_size=20)
distinguished_names = st.lists(_rdn_value.map(lambda value: ("CN", value)), min_size=1, max_size=3).map(
    lambda rdns: DistinguishedName((*rdns, ("DC", "contoso"), ("DC", "lab")))
)
sql_targets = st.builds(
    SqlTarget,
    hosts,
    st.just("") | st.text("ABCdef019_$#", min_size=1, max_size=10).map(lambda text: f"I{text}"),
    st.just(0) | st.integers(1, 65535),
)
#: A line that a person may type: nothing that steers a terminal, no blanks at its ends.
lines = st.text(st.characters(blacklist_categories=("Cs",), max_codepoint=0x1FFFF), min_size=1, max_size=40).filter(
    lambda text: text == text.strip() and not UNSEEN.search(text)
)
paths = st.lists(st.text("VMM media(x86)é-", min_size=1, max_size=10).map(str.strip).filter(bool), max_size=4).map(
    lambda parts: "C:\\" + "\\".join(parts)
)
sources = st.lists(
    st.text("VMM media(x86),\u00e9-", min_size=1, max_size=10).map(str.strip).filter(bool), max_size=3
).map(lambda parts: "\\".join([r"\\files01\sources", *parts]))
_packages = st.lists(sources.map(lambda text: f"{text}.msi"), max_size=3, unique_by=lambda text: text.casefold()).map(
    tuple
)
preparations = st.builds(
    Preparation,
    media_source=st.just("") | sources,
    media_sha256=st.just("") | st.text("0123456789abcdef", min_size=64, max_size=64),
    adk_source=st.just("") | sources,
    winpe_source=st.just("") | sources,
    packages=_packages,
)
addresses = st.ip_addresses(v=4) | st.ip_addresses(v=6)
ports = st.integers(1, 65535)
_empty_account = st.just(AccountName())

registrations = st.builds(
    Registration,
    product_key=st.just("") | st.from_regex(r"[A-Z0-9]{5}(-[A-Z0-9]{5}){4}", fullmatch=True),
    user_name=lines,
    company_name=lines,
    telemetry=st.booleans(),
    microsoft_update=st.booleans(),
    eula_accepted=st.booleans(),
)
certificate_exceptions = st.builds(
    CertificateException, host_names, st.text("0123456789abcdef", min_size=64, max_size=64), lines
)
connections = st.builds(
    Connection,
    directory_server=st.just(HostName()) | host_names,
    authentication=st.sampled_from(Authentication),
    directory_account=_empty_account | accounts,
    node_account=_empty_account | accounts,
    sql_account=_empty_account | accounts | st.sampled_from([AccountName("", "sa"), AccountName("", "vmm_reader")]),
    winrm=st.sampled_from(WinrmTransport),
    winrm_port=st.just(0) | ports,
    ca_file=st.just("") | paths,
    certificate_exceptions=st.lists(certificate_exceptions, max_size=2, unique_by=lambda e: e.host.key).map(tuple),
)
databases = st.builds(
    Database, sql_targets, st.booleans(), lines, st.booleans(), admin_account=_empty_account | accounts
)
clusters = st.builds(
    Cluster,
    host_names,
    netbios_names,
    st.lists(addresses, max_size=3, unique=True).map(tuple),
    st.lists(host_names, min_size=1, max_size=4, unique_by=lambda host: host.label.casefold()).map(tuple),
)
_ids = st.sampled_from(["ACC-11", "NOD-02", "POST-01"])
_subjects = st.sampled_from(["", "vmm01.contoso.lab", "SCVMM/vmm"])
_words = st.sampled_from(["", "Jo \u00dc", "CHG-1 \"x\" 'y' \\ #"])
_days = st.sampled_from([None, date(2026, 11, 26), date(1, 1, 1)])
acceptances = st.builds(Acceptance, _ids, _subjects, lines, _words, _days)
requests = st.builds(AskedFor, _ids, _subjects, st.sampled_from(ASKED_TEAMS), _words.filter(bool), _days)
plans = st.builds(
    Plan,
    release=st.sampled_from(Release),
    domain=st.just(HostName()) | host_names,
    installing_account=accounts,
    registration=registrations,
    connection=connections,
    service_account=st.builds(ServiceAccount, accounts, st.sampled_from(AccountKind)),
    dkm=distinguished_names.map(DkmContainer),
    database=databases,
    cluster=clusters,
    ports=st.builds(Ports, ports, ports, ports, ports, ports, ports),
    media=paths.map(Media),
    prepare=preparations,
    library=st.just(Library()) | host_names.map(Library),
    program_files=paths,
    accepted=st.lists(acceptances, max_size=2, unique_by=lambda one: (one.check, one.subject.casefold())).map(tuple),
    asked=st.lists(requests, max_size=2, unique_by=lambda one: (one.check, one.subject.casefold(), one.team)).map(
        tuple
    ),
)
