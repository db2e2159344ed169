"""Faults of scenarios in the directory: names that others hold, rights that are missing, accounts that are special."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from vmm_wizard.lab import contoso
from vmm_wizard.lab.descriptors import (
    CONTAINER_INHERIT,
    CREATE_CHILD,
    FULL_CONTROL,
    GENERIC_ALL,
    NETWORK,
    Descriptor,
    allow,
    deny,
)
from vmm_wizard.lab.estate import Estate
from vmm_wizard.plan.names import DistinguishedName


def _names_not_writable(estate: Estate, fault: Mapping[str, Any]) -> None:  # noqa: ARG001
    """The installing account may write nothing of the service account."""
    service = estate.directory.require(estate.account(contoso.SERVICE).dn)
    sid = estate.account(contoso.INSTALLER).sid
    kept = tuple(ace for ace in service.descriptor.aces if ace.sid != sid and not ace.is_inherited)
    estate.directory.set_descriptor(service.dn, replace(service.descriptor, aces=kept))


def _managed_account(estate: Estate, fault: Mapping[str, Any]) -> None:
    """A group managed service account with all rights of VMM's; `readers` (computers) may retrieve its password."""
    directory = estate.directory
    name = fault["name"]
    readers = [directory.require(f"CN={label.upper()},CN=Computers,{contoso.BASE}").sid for label in fault["readers"]]
    entries = tuple(allow(sid, FULL_CONTROL) for sid in readers)
    admins = directory.sid(512)
    made = directory.add(
        f"CN={name},{contoso.ACCOUNTS_OU}",
        "msDS-GroupManagedServiceAccount",
        {
            "sAMAccountName": f"{name}$",
            "dNSHostName": f"{name}.{contoso.DOMAIN}",
            "msDS-GroupMSAMembership": Descriptor(admins, admins, entries).to_bytes(),
        },
    )
    directory.add_member(contoso.ADMINS_GROUP, made)
    directory.grant(contoso.DKM, allow(directory.require(made).sid, GENERIC_ALL, CONTAINER_INHERIT))


def _known_group(estate: Estate, fault: Mapping[str, Any]) -> None:
    """An account is in one of the domain's groups, which is named by its number: its name differs by language."""
    group = estate.directory.find_by_sid(estate.directory.sid(fault["group"]))
    assert group is not None
    estate.directory.add_member(group.dn, estate.account(fault["account"]).dn)


def _network_denied(estate: Estate, fault: Mapping[str, Any]) -> None:  # noqa: ARG001
    """Nobody who comes over the network may make children in the DKM container: no entry names an account."""
    estate.directory.grant(contoso.DKM, deny(NETWORK, CREATE_CHILD, CONTAINER_INHERIT))


def _old_record(estate: Estate, fault: Mapping[str, Any]) -> None:
    """DNS has the name already, for another machine; an account owns its record."""
    estate.zone.set(f"{fault['name']}.{estate.domain}", "A", [fault["address"]])
    contoso.set_record(estate.directory, fault["name"], estate.account(fault["account"]).sid)


def _record_left(estate: Estate, fault: Mapping[str, Any]) -> None:
    """DNS has deleted a record; its object is still there, and an account's."""
    contoso.set_record(estate.directory, fault["name"], estate.account(fault["account"]).sid)


def _second_controller(estate: Estate, fault: Mapping[str, Any]) -> None:
    """The site has one more domain controller, which clients ask after the first; what it `lags` behind with (DNs) has
    not come to it yet."""
    host = f"{fault['name']}.{estate.domain}"
    contoso.add_controller(estate.directory, host)
    estate.zone.set(host, "A", [fault["address"]])
    srv = f"_ldap._tcp.dc._msdcs.{estate.domain}"
    estate.zone.set(srv, "SRV", [*estate.zone.get(srv, "SRV"), f"10 100 389 {host}."])
    lags = fault.get("lags", ())
    estate.other_controllers[host] = frozenset(DistinguishedName.parse(dn).key for dn in lags)


DIRECTORY_FAULTS: Mapping[str, Callable[[Estate, Mapping[str, Any]], None]] = {
    "names_not_writable": _names_not_writable,
    "managed_account": _managed_account,
    "known_group": _known_group,
    "old_record": _old_record,
    "record_left": _record_left,
    "network_denied": _network_denied,
    "second_controller": _second_controller,
}
