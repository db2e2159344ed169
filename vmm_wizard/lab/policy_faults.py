"""Faults of scenarios that group policy brings: what a GPO defines on a node, whether or not it shows there yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vmm_wizard.lab import contoso
from vmm_wizard.lab.estate import Estate


def _sids(estate: Estate, names: list[str]) -> list[str]:
    """SIDs by name: an account's, `VMM Admins`, or a SID as it is."""
    found = []
    for name in names:
        if name.startswith("S-1-"):
            found.append(name)
        elif name == "VMM Admins":
            found.append(estate.directory.require(contoso.ADMINS_GROUP).sid)
        else:
            found.append(estate.account(name).sid)
    return found


def _policy_right(estate: Estate, fault: Mapping[str, Any]) -> None:
    """A GPO defines a user right on one node: exactly these accounts hold it after the next refresh."""
    policy = estate.nodes[fault["node"]].state.policy
    policy.rights[fault["right"]] = (fault["gpo"], _sids(estate, fault["accounts"]))


def _policy_administrators(estate: Estate, fault: Mapping[str, Any]) -> None:
    """A GPO defines who is in one node's Administrators."""
    policy = estate.nodes[fault["node"]].state.policy
    policy.administrators = (fault["gpo"], _sids(estate, fault["accounts"]))


def _policy_stored_passwords(estate: Estate, fault: Mapping[str, Any]) -> None:
    """A GPO forbids Windows on one node to store passwords of tasks."""
    estate.nodes[fault["node"]].state.policy.disable_domain_creds = (fault["gpo"], "1")


def _right(estate: Estate, fault: Mapping[str, Any]) -> None:
    """Who holds a user right on one node now."""
    estate.nodes[fault["node"]].state.rights[fault["right"]] = _sids(estate, fault["accounts"])


POLICY_FAULTS: Mapping[str, Callable[[Estate, Mapping[str, Any]], None]] = {
    "policy_right": _policy_right,
    "policy_administrators": _policy_administrators,
    "policy_stored_passwords": _policy_stored_passwords,
    "right": _right,
}
