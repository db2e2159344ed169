"""What group policy defines on a node of the practice estate, as Windows logs it after a refresh (RSoP).

It is what the log says, not a policy engine: nothing here changes a node. Scenarios make the two differ.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vmm_wizard.remote.bootstrap import JSON


@dataclass
class PolicyState:
    """Settings of GPOs by name: (GPO, SIDs) for user rights and the local Administrators, (GPO, value) for the security
    option on stored passwords. `logged` false: RSoP logging is switched off.

    `added`: SIDs that a GPO puts into Administrators beside whoever is there, with that GPO.
    """

    logged: bool = True
    rights: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    administrators: tuple[str, list[str]] | None = None
    added: dict[str, str] = field(default_factory=dict)
    disable_domain_creds: tuple[str, str] | None = None


def policy_report(policy: PolicyState) -> JSON:
    """What the node's script says of it; None when nothing was logged."""
    if not policy.logged:
        return None
    administrators, storage = policy.administrators, policy.disable_domain_creds
    return {
        "rights": [{"right": right, "gpo": gpo, "sids": list(sids)} for right, (gpo, sids) in policy.rights.items()],
        "administrators": {"gpo": administrators[0], "sids": list(administrators[1])} if administrators else None,
        "added_administrators": [{"gpo": gpo, "sid": sid} for sid, gpo in policy.added.items()],
        "disable_domain_creds": {"gpo": storage[0], "value": storage[1]} if storage else None,
    }
