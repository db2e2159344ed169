"""Estates with a fault to find: one TOML file a scenario, in words that the estate's parts understand."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from importlib import resources
from typing import Any

from vmm_wizard.lab import contoso
from vmm_wizard.lab.answers import practice_answers
from vmm_wizard.lab.cluster_faults import CLUSTER_FAULTS
from vmm_wizard.lab.descriptors import (
    BUILTIN_ADMINISTRATORS,
    CONTAINER_INHERIT,
    CREATE_CHILD,
    EVERYONE,
    GENERIC_READ,
    Ace,
    allow,
    deny,
)
from vmm_wizard.lab.directory_faults import DIRECTORY_FAULTS
from vmm_wizard.lab.estate import Estate
from vmm_wizard.lab.fault_switches import switch_of
from vmm_wizard.lab.policy_faults import POLICY_FAULTS
from vmm_wizard.lab.runtime_faults import FaultError
from vmm_wizard.lab.scenario_faults import FAULTS
from vmm_wizard.lab.schema import class_guid


class ScenarioError(Exception):
    """A scenario cannot be had. The text is one sentence."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario: what it is called, what it teaches, what `check` finds (id, and the node or an empty text), and
    whether that is a `fail` or only a `warn`. `also`: ids of other checks that the same fault shows in. `plan`: answers
    by key that differ from the practice plan's. `unknown`: ids of checks that nobody can judge because of the fault.
    `ends`: where `check` finds nothing, because the fault comes while VMM is being installed, how that ends (the result
    of an install, such as "failed")."""

    name: str
    title: str
    story: str
    finds: tuple[str, ...]
    subject: str
    faults: tuple[Mapping[str, Any], ...]
    status: str = "fail"
    plan: Mapping[str, Any] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    ends: str = ""
    also: tuple[str, ...] = ()


@cache
def all_scenarios() -> tuple[Scenario, ...]:
    """Every scenario that comes with the lab, by name."""
    folder = resources.files("vmm_wizard.lab") / "scenarios"
    found = []
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".toml"):
            document = tomllib.loads(file.read_text(encoding="utf-8"))
            found.append(
                Scenario(
                    file.name.removesuffix(".toml"),
                    document["title"],
                    document["story"].strip(),
                    tuple(document.get("finds", ())),
                    document.get("subject", ""),
                    tuple(document.get("fault", ())),
                    document.get("status", "fail"),
                    document.get("plan", {}),
                    tuple(document.get("unknown", ())),
                    document.get("ends", ""),
                    tuple(document.get("also", ())),
                )
            )
    return tuple(found)


def scenario(name: str) -> Scenario:
    """The scenario of this name. Raises ScenarioError with the known ones."""
    for entry in all_scenarios():
        if entry.name == name:
            return entry
    known = ", ".join(entry.name for entry in all_scenarios())
    raise ScenarioError(f"there is no scenario {name!r}; there are {known}")


def apply(entry: Scenario, estate: Estate) -> None:
    """Put the scenario's faults into an estate, those with a later moment so that they wait for it. Raises
    ScenarioError for a fault or a moment that no part understands."""
    for fault in entry.faults:
        try:
            estate.moments.add(switch_of(estate, fault, _FAULTS))
        except ValueError as wrong:
            raise ScenarioError(f"scenario {entry.name}: {wrong}") from None
        except KeyError as missing:
            raise ScenarioError(f"scenario {entry.name}: {fault['kind']} lacks, or does not find, {missing}") from None
    if entry.plan:
        estate.answers = practice_answers(entry.plan)


def _dkm_rights(estate: Estate, fault: Mapping[str, Any]) -> None:
    """The installing account's rights on the DKM container: "none", "read", "this_object", "denied"."""
    sid = estate.account(contoso.INSTALLER).sid
    container = estate.directory.require(contoso.DKM)
    kept = tuple(ace for ace in container.descriptor.aces if ace.sid != sid and not ace.is_inherited)
    more: dict[str, tuple[Ace, ...]] = {
        "none": (),
        "read": (allow(sid, GENERIC_READ, CONTAINER_INHERIT),),
        "this_object": (allow(sid, 0xF01FF),),
        "denied": (deny(sid, 0x3, CONTAINER_INHERIT), allow(sid, 0x10000000, CONTAINER_INHERIT)),
    }
    estate.directory.set_descriptor(contoso.DKM, replace(container.descriptor, aces=(*more[fault["rights"]], *kept)))


def _dkm_missing(estate: Estate, fault: Mapping[str, Any]) -> None:  # noqa: ARG001
    estate.directory.remove(contoso.DKM)


def _may_make(estate: Estate, fault: Mapping[str, Any]) -> None:
    """No fault: the installing account may create objects of a class right below the domain."""
    sid = estate.account(contoso.INSTALLER).sid
    estate.directory.grant(contoso.BASE, allow(sid, CREATE_CHILD, 0, class_guid(fault["class"])))


def _left_task(estate: Estate, fault: Mapping[str, Any]) -> None:
    """A run of ours was cut off on a node: its task, with the stored password, is still there."""
    account = estate.account(contoso.INSTALLER)
    scheduler = estate.nodes[fault["node"]].scheduler
    scheduler.register(f"vmm-wizard-{fault['run']}", account.account, account.password, "", "PT1H")


def _sql_role(estate: Estate, fault: Mapping[str, Any]) -> None:
    """The installing account loses sysadmin on a SQL Server."""
    server = estate.sql_servers[fault["server"]]
    account = estate.account(contoso.INSTALLER).account
    for login in server.logins:
        if login.name == account:
            login.roles.discard("sysadmin")


def _not_administrator(estate: Estate, fault: Mapping[str, Any]) -> None:
    """The service account is in Administrators of one node no longer, by no group."""
    node = estate.nodes[fault["node"]]
    group = estate.directory.require(contoso.ADMINS_GROUP).sid
    node.state.administrators.discard(group)
    node.state.administrators.add(estate.account(contoso.INSTALLER).sid)


def _cluster_rights(estate: Estate, fault: Mapping[str, Any]) -> None:  # noqa: ARG001
    """The cluster's object may no longer create computer objects where it lives."""
    cno = estate.directory.require(estate.cluster.cno_dn)
    place = estate.directory.require(contoso.CLUSTERS_OU)
    kept = tuple(ace for ace in place.descriptor.aces if ace.sid != cno.sid and not ace.is_inherited)
    estate.directory.set_descriptor(contoso.CLUSTERS_OU, replace(place.descriptor, aces=kept))


def _computer_taken(estate: Estate, fault: Mapping[str, Any]) -> None:
    """A computer of the role's name is in use already, in another place."""
    name = fault["name"].upper()
    estate.directory.add(
        f"CN={name},CN=Computers,{contoso.BASE}",
        "computer",
        {
            "sAMAccountName": f"{name}$",
            "dNSHostName": f"{name.lower()}.{contoso.DOMAIN}",
            "servicePrincipalName": [f"HOST/{name}", f"HOST/{name.lower()}.{contoso.DOMAIN}"],
            "lastLogonTimestamp": 133_500_000_000_000_000,
        },
    )


def _foreign_role(estate: Estate, fault: Mapping[str, Any]) -> None:
    """Another highly available VMM lives on the cluster already."""
    estate.cluster.create_vmm_role(fault["name"], ["10.10.0.99", "10.20.0.99"], "vmm03.contoso.lab")


def _node_state(estate: Estate, fault: Mapping[str, Any]) -> None:
    """Any field of a node's state, those of `adk.`, `media.` and `settings.` included."""
    state = estate.nodes[fault["node"]].state
    for key, value in fault["set"].items():
        target, _, name = f".{key}".rpartition(".")
        holder = getattr(state, target.strip(".")) if target.strip(".") else state
        if name not in {row.name for row in fields(holder)}:
            raise FaultError(f"a node has no {key!r}")
        # A scenario is read once, and its estates change what they hold.
        setattr(holder, name, list(value) if isinstance(value, list) else value)


def _disk(estate: Estate, fault: Mapping[str, Any]) -> None:
    """So many GiB are left on a node's system disk."""
    estate.nodes[fault["node"]].state.disks[0].free = fault["free_gib"] * 1024**3


def _no_batch_logon(estate: Estate, fault: Mapping[str, Any]) -> None:
    """A policy denies batch logon to Administrators on one node."""
    rights = estate.nodes[fault["node"]].state.rights
    rights["SeDenyBatchLogonRight"] = [BUILTIN_ADMINISTRATORS]


def _deny_everyone(estate: Estate, fault: Mapping[str, Any]) -> None:
    """Everybody is denied something on the DKM container: a real deny, not the protection from deletion."""
    estate.directory.grant(contoso.DKM, deny(EVERYONE, fault["mask"], CONTAINER_INHERIT))


def _account_state(estate: Estate, fault: Mapping[str, Any]) -> None:
    """The state of an account: locked, disabled, expired, must_change."""
    credential = estate.account(fault["account"])
    credential.state = fault["state"]
    if fault["state"] == "disabled":
        estate.directory.modify(credential.dn, {"userAccountControl": 0x202})


def _firewall(estate: Estate, fault: Mapping[str, Any]) -> None:
    """A node cannot reach a host."""
    estate.nodes[fault["node"]].state.blocked_targets.add(fault["host"])


def _hidden(estate: Estate, fault: Mapping[str, Any]) -> None:
    """The wizard's computer does not reach a host; the nodes do."""
    estate.hidden.add(fault["host"])


def _existing_database(estate: Estate, fault: Mapping[str, Any]) -> None:
    """A database that somebody has made. `owners` are accounts by logon name, `vmm` puts VMM's tables into it, with
    `settings`; `open_on` is a computer that has it open."""
    from vmm_wizard.lab.sql import VMM_TABLES, ClientSession, Database

    server = estate.sql_servers[fault["server"]]
    made = Database(fault["name"], server.collation)
    made.owners = [estate.account(name).account for name in fault.get("owners", ())]
    made.tables = list(VMM_TABLES) if fault.get("vmm") else []
    made.settings = dict(fault.get("settings", {}))
    made.state = fault.get("state", made.state)
    if "open_on" in fault:
        server.clients.append(ClientSession(fault["open_on"], "VMM", "CONTOSO\\svc-oldvmm", made.name))
    server.databases.append(made)


def _sql_state(estate: Estate, fault: Mapping[str, Any]) -> None:
    """Any field of a SQL Server's state; `free_gib` is what its volume for data has left."""
    server = estate.sql_servers[fault["server"]]
    for key, value in fault["set"].items():
        name, value = ("free_bytes", value * 1024**3) if key == "free_gib" else (key, value)
        if name not in {row.name for row in fields(server)}:
            raise FaultError(f"a SQL Server has no {key!r}")
        setattr(server, name, value)


def _sql_file(estate: Estate, fault: Mapping[str, Any]) -> None:
    """A file lies in a folder of a SQL Server: logs in that for logs, anything else in that for data."""
    server = estate.sql_servers[fault["server"]]
    folder = server.log_path if fault["file"].endswith(".ldf") else server.data_path
    server.files.add(folder + fault["file"])


def _hold(estate: Estate, dn: str, name: str) -> None:
    """An object gets one more service principal name."""
    held = [value.decode() for value in estate.directory.require(dn).values("servicePrincipalName")]
    estate.directory.modify(dn, {"servicePrincipalName": [*held, name]})


def _principal_name(estate: Estate, fault: Mapping[str, Any]) -> None:
    """A service principal name is taken from the account `of`, given to the account `to` or to `to_computer`."""
    if "to" in fault:
        _hold(estate, estate.account(fault["to"]).dn, fault["name"])
    if "to_computer" in fault:
        computer = estate.directory.find_by_sam(f"{fault['to_computer']}$")
        assert computer is not None
        _hold(estate, computer.dn, fault["name"])
    if "of" in fault:
        dn = estate.account(fault["of"]).dn
        held = [value.decode() for value in estate.directory.require(dn).values("servicePrincipalName")]
        kept = [name for name in held if name.casefold() != fault["name"].casefold()]
        estate.directory.modify(dn, {"servicePrincipalName": kept})


def _trust(estate: Estate, fault: Mapping[str, Any]) -> None:
    """The domain has a trust: `direction` 1 inbound, 2 outbound, 3 both."""
    values = {"trustPartner": fault["domain"], "flatName": fault["netbios"], "trustDirection": fault["direction"]}
    estate.directory.add(f"CN={fault['domain']},CN=System,{contoso.BASE}", "trustedDomain", values)


def _availability_group(estate: Estate, fault: Mapping[str, Any]) -> None:
    """A SQL Server is a replica of an availability group: `role` there, `databases`, and a `listener`'s name."""
    from vmm_wizard.lab.sql import AvailabilityGroup, Listener, Replica

    server = estate.sql_servers[fault["server"]]
    role = fault.get("role", "PRIMARY")
    other = "SECONDARY" if role == "PRIMARY" else "PRIMARY"
    replicas = [Replica(server.server_name, role), *(Replica(name, other) for name in fault.get("others", ()))]
    listeners = [Listener(fault["listener"], 1433)] if "listener" in fault else []
    for row in listeners:
        host = f"{row.dns_name}.{contoso.DOMAIN}"
        estate.zone.set(host, "A", ["10.10.0.28"])
        _hold(estate, estate.account(contoso.SQL_SERVICE).dn, f"MSSQLSvc/{host}:1433")
    server.groups.append(AvailabilityGroup(fault["name"], replicas, listeners, list(fault.get("databases", ()))))
    server.hadr_enabled = True


def _run_file(estate: Estate, fault: Mapping[str, Any]) -> None:
    """A file of an earlier run lies on a node; `text` is written as UTF-8."""
    estate.nodes[fault["node"]].files.write(fault["path"], fault["text"].encode())


def _library(estate: Estate, fault: Mapping[str, Any]) -> None:
    """A file server for the library: `type` of its cluster group (empty: none), and who has full access to its share:
    "system", "administrators", or an account."""
    from vmm_wizard.lab.library_report import LibraryState

    known = {"system": "S-1-5-18", "administrators": BUILTIN_ADMINISTRATORS}
    full = [known.get(name) or estate.account(name).sid for name in fault["full"]]
    estate.add_file_server(fault["server"], LibraryState(fault["type"], shares={"VMMLibrary": full}), "10.10.0.29")


_FAULTS: Mapping[str, Callable[[Estate, Mapping[str, Any]], None]] = {
    **POLICY_FAULTS,
    **FAULTS,
    **CLUSTER_FAULTS,
    **DIRECTORY_FAULTS,
    "dkm_rights": _dkm_rights,
    "dkm_missing": _dkm_missing,
    "dkm_deny": _deny_everyone,
    "may_make": _may_make,
    "left_task": _left_task,
    "sql_role": _sql_role,
    "existing_database": _existing_database,
    "sql_server": _sql_state,
    "sql_file": _sql_file,
    "principal_name": _principal_name,
    "trust": _trust,
    "library": _library,
    "availability_group": _availability_group,
    "not_administrator": _not_administrator,
    "no_batch_logon": _no_batch_logon,
    "cluster_rights": _cluster_rights,
    "computer_taken": _computer_taken,
    "foreign_role": _foreign_role,
    "node": _node_state,
    "disk": _disk,
    "account_state": _account_state,
    "firewall": _firewall,
    "run_file": _run_file,
    "hidden": _hidden,
}
