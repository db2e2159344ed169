"""What directory-search.ps1 answers on a simulated node: its own LDAP over TLS to the estate's domain controller."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vmm_wizard.lab import contoso
from vmm_wizard.lab.run_scripts import Answer
from vmm_wizard.lab.script_parameters import ScriptError
from vmm_wizard.lab.shell_sessions import ShellSession
from vmm_wizard.remote.bootstrap import JSON, ScriptRequest

if TYPE_CHECKING:
    from vmm_wizard.lab.node import Node

_SERVER_DOWN = 81
_PAGE = 500
_PAGED_RESULTS = "1.2.840.113556.1.4.319"
_OWNER_GROUP_DACL = 0x7


def directory_search(node: Node, request: ScriptRequest, session: ShellSession) -> Answer:
    """One bind with the secret that came along, and one search, as the account that the script is told."""
    del session
    parameters = request.parameters
    answer: Answer = {
        "server": str(parameters["Server"]) or contoso.DC,
        "bound": False,
        "code": 0,
        "message": "",
        "referral": "",
        "entries": [],
    }
    server = str(answer["server"])
    refused = node.can_connect(server, 636)
    if str(parameters["Domain"]).casefold() != node.estate.domain or refused:
        return answer | {"code": _SERVER_DOWN, "message": "The LDAP server is unavailable."}
    if not request.secrets:
        raise ScriptError('Exception calling "FromBase64String": Value cannot be null.')
    return answer | _asked(node.estate.ldaps_port, parameters, request.secrets[0].reveal())


def _asked(port: int, parameters: Mapping[str, JSON], password: str) -> Answer:
    import ldap3

    # To this very process: there is nobody else whose certificate could be shown.
    tls = ldap3.Tls(validate=ssl.CERT_NONE)
    server = ldap3.Server("127.0.0.1", port, use_ssl=True, tls=tls, get_info=ldap3.NONE)
    connection = ldap3.Connection(
        server, str(parameters["Account"]), password, check_names=False, auto_referrals=False, auto_encode=False
    )
    try:
        if not connection.bind():
            return {"code": connection.result["result"], "message": str(connection.result["message"])}
        return {"bound": True} | _searched(connection, parameters)
    finally:
        connection.unbind()


def _searched(connection: Any, parameters: Mapping[str, JSON]) -> Answer:
    import ldap3
    from ldap3.protocol.microsoft import security_descriptor_control

    scopes = {"Base": ldap3.BASE, "OneLevel": ldap3.LEVEL, "Subtree": ldap3.SUBTREE}
    attributes, most = parameters["Attributes"], parameters["Most"]
    assert isinstance(attributes, list)
    assert isinstance(most, int)
    is_base = parameters["Scope"] == "Base"
    entries: list[JSON] = []
    cookie = None
    while True:
        connection.search(
            parameters["SearchBase"],
            parameters["Filter"],
            scopes[str(parameters["Scope"])],
            attributes=attributes,
            dereference_aliases=ldap3.DEREF_NEVER,
            controls=security_descriptor_control(sdflags=_OWNER_GROUP_DACL) if parameters["Descriptor"] else None,
            paged_size=None if is_base else _PAGE,
            paged_cookie=cookie,
        )
        result = connection.result
        entries += [_entry(row) for row in connection.response or () if row["type"] == "searchResEntry"]
        cookie = ((result.get("controls") or {}).get(_PAGED_RESULTS) or {}).get("value", {}).get("cookie")
        if result["result"] or is_base or not cookie or len(entries) >= most:
            referrals = result.get("referrals") or [""]
            return {
                "code": result["result"],
                "message": str(result["message"]) if result["result"] else "",
                "referral": str(referrals[0]),
                "entries": entries,
            }


def _entry(row: Mapping[str, Any]) -> JSON:
    return {
        "dn": row["dn"],
        "attributes": [
            {"name": name, "values": [base64.b64encode(value).decode() for value in values]}
            for name, values in row["raw_attributes"].items()
        ],
    }
