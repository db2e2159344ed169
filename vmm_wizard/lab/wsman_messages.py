"""WS-Management messages as the estate's nodes read and write them: envelopes, faults, encrypted parts, CLIXML."""

from __future__ import annotations

import base64
import binascii
import re
import struct
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
MICROSOFT_WSMAN = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
POWERSHELL = "http://schemas.microsoft.com/powershell"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
IDENTITY = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"

CREATE = f"{TRANSFER}/Create"
DELETE = f"{TRANSFER}/Delete"
COMMAND = f"{SHELL}/Command"
SEND = f"{SHELL}/Send"
RECEIVE = f"{SHELL}/Receive"
SIGNAL = f"{SHELL}/Signal"

NAMESPACES = {"s": SOAP, "a": ADDRESSING, "w": WSMAN, "p": MICROSOFT_WSMAN, "rsp": SHELL, "x": TRANSFER}
_DECLARATIONS = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())

#: Largest envelope that the service takes (MaxEnvelopeSizekb = 500), in bytes.
MAX_ENVELOPE = 512_000
#: What stands around an encrypted envelope at most, in bytes.
ENCRYPTION_OVERHEAD = 1024
#: A request that names no OperationTimeout waits this many seconds.
DEFAULT_OPERATION_TIMEOUT = 60.0

#: Codes of WSManFault (wsmerror.h, winerror.h).
ACCESS_DENIED = 5
BROKEN_PIPE = 0x8007006D
ACTION_NOT_SUPPORTED = 0x80338013
OPERATION_TIMED_OUT = 0x80338029
SCHEMA_VALIDATION = 0x80338041
SHELL_NOT_FOUND = 0x8033805B
UNENCRYPTED_REFUSED = 0x803380DE
RESOURCE_NOT_FOUND = 0x80338000
TOO_MANY_SHELLS = 0x803381A5
SHELLS_NOT_ALLOWED = 0x803381AC
INTERNAL = 1359

_BOUNDARY = b"--Encrypted Boundary"
ENCRYPTED_TYPE = (
    'multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted";boundary="Encrypted Boundary"'
)


class Fault(Exception):
    """A request that the service refuses: `code` for WSManFault, `subcode` for SOAP, one sentence."""

    def __init__(self, code: int, subcode: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.subcode = subcode
        self.reason = reason


def shell_not_found(shell_id: str) -> Fault:
    """The fault for a shell that never was, was deleted, idled out or died with the service."""
    return Fault(
        SHELL_NOT_FOUND,
        "w:InvalidSelectors",
        f"The shell {shell_id} does not exist on this computer; it was closed, it timed out or the service restarted.",
    )


@dataclass(frozen=True)
class Request:
    """One request as read from its envelope. `operation_timeout` is in seconds."""

    action: str
    message_id: str
    resource: str
    shell_id: str
    operation_timeout: float
    options: Mapping[str, str]
    body: ET.Element = field(repr=False)

    def element(self, name: str, namespace: str = SHELL) -> ET.Element:
        """The first (shell) element of that name in the body; raises Fault when there is none."""
        found = self.body.find(f".//{{{namespace}}}{name}")
        if found is None:
            raise Fault(SCHEMA_VALIDATION, "w:SchemaValidationError", f"The request has no {name} element.")
        return found

    def texts(self, name: str) -> list[str]:
        """The text of every shell element of that name, in order."""
        return [node.text or "" for node in self.body.iter(f"{{{SHELL}}}{name}")]


def _seconds(duration: str) -> float:
    """Seconds of an XML duration such as PT60.000S or PT1M30S."""
    parts = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", duration.strip())
    if not parts or not any(parts.groups()):
        raise Fault(SCHEMA_VALIDATION, "w:SchemaValidationError", "A duration in the request cannot be read.")
    days, hours, minutes, seconds = (float(part or 0) for part in parts.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def read_request(data: bytes) -> Request:
    """Read an envelope; raises Fault for anything that is not one. Document types are never expanded."""
    broken = Fault(SCHEMA_VALIDATION, "w:SchemaValidationError", "The message is not a valid SOAP envelope.")
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise broken
    try:
        root = ET.fromstring(data)  # noqa: S314 - document types are refused above
    except (ET.ParseError, ValueError, LookupError):
        raise broken from None
    header, body = root.find(f"{{{SOAP}}}Header"), root.find(f"{{{SOAP}}}Body")
    if root.tag != f"{{{SOAP}}}Envelope" or header is None or body is None:
        raise broken

    def text(path: str) -> str:
        return (header.findtext(path, "", NAMESPACES) or "").strip()

    selectors = {node.get("Name"): node.text or "" for node in header.iter(f"{{{WSMAN}}}Selector")}
    options = {node.get("Name", ""): node.text or "" for node in header.iter(f"{{{WSMAN}}}Option")}
    timeout = text("w:OperationTimeout")
    return Request(
        action=text("a:Action"),
        message_id=text("a:MessageID"),
        resource=text("w:ResourceURI"),
        shell_id=selectors.get("ShellId", "").strip(),
        operation_timeout=_seconds(timeout) if timeout else DEFAULT_OPERATION_TIMEOUT,
        options=options,
        body=body,
    )


def created_answer(request: Request, resource: str, shell_id: str) -> bytes:
    """The envelope that answers a Create: the new shell's id."""
    return answer(
        request,
        f"<x:ResourceCreated><a:Address>{ADDRESSING}/role/anonymous</a:Address><a:ReferenceParameters>"
        f"<w:ResourceURI>{resource}</w:ResourceURI>"
        f'<w:SelectorSet><w:Selector Name="ShellId">{shell_id}</w:Selector></w:SelectorSet>'
        f"</a:ReferenceParameters></x:ResourceCreated><rsp:Shell><rsp:ShellId>{shell_id}</rsp:ShellId></rsp:Shell>",
    )


def decoded(element: ET.Element) -> bytes:
    """The bytes that an element holds in base64. Raises Fault."""
    try:
        return base64.b64decode(element.text or "", validate=True)
    except (binascii.Error, ValueError):
        raise Fault(SCHEMA_VALIDATION, "w:SchemaValidationError", "The stream is not base64.") from None


def idle_timeout(request: Request, default: float) -> float:
    """The IdleTimeOut that a Create asks for in seconds, else `default`."""
    asked = request.texts("IdleTimeOut")
    return _seconds(asked[0]) if asked and asked[0] else default


def _envelope(action: str, relates_to: str, body: str) -> bytes:
    return (
        f'<s:Envelope xml:lang="en-US" {_DECLARATIONS}><s:Header><a:Action>{escape(action)}</a:Action>'
        f"<a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID>"
        f"<a:To>{ADDRESSING}/role/anonymous</a:To><a:RelatesTo>{escape(relates_to)}</a:RelatesTo>"
        f"</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def answer(request: Request, body: str) -> bytes:
    """The envelope that answers `request` with `body` (XML, prefixes as in NAMESPACES)."""
    return _envelope(f"{request.action}Response", request.message_id, body)


def carries_output(envelope: bytes) -> bool:
    """Whether an answer to a Receive holds a piece of what a command wrote."""
    return b"ReceiveResponse" in envelope and re.search(rb"<rsp:Stream [^>]*>[^<]", envelope) is not None


def fault_answer(fault: Fault, machine: str, relates_to: str = "") -> bytes:
    """The envelope that tells of a fault."""
    reason = escape(fault.reason)
    body = (
        "<s:Fault><s:Code><s:Value>s:Receiver</s:Value>"
        f"<s:Subcode><s:Value>{fault.subcode}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="en-US">{reason}</s:Text></s:Reason><s:Detail>'
        '<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" '
        f'Code="{fault.code}" Machine={quoteattr(machine)}><f:Message>{reason}</f:Message></f:WSManFault>'
        "</s:Detail></s:Fault>"
    )
    return _envelope(f"{WSMAN[:-4]}/fault", relates_to, body)


def identify_answer() -> bytes:
    """What the service says about itself to anybody who asks."""
    return (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Header/><s:Body><i:IdentifyResponse xmlns:i="{IDENTITY}">'
        f"<i:ProtocolVersion>{WSMAN}</i:ProtocolVersion><i:ProductVendor>Microsoft Corporation</i:ProductVendor>"
        "<i:ProductVersion>OS: 0.0.0 SP: 0.0 Stack: 3.0</i:ProductVersion>"
        "</i:IdentifyResponse></s:Body></s:Envelope>"
    ).encode()


def read_encrypted(data: bytes) -> tuple[bytes, bytes]:
    """(signature, sealed envelope) of an encrypted part (MS-WSMV 2.2.9.1.1). Raises ValueError."""
    _, mark, rest = data.partition(b"Content-Type: application/octet-stream\r\n")
    end = rest.rfind(_BOUNDARY)
    if not mark or end < 4:
        raise ValueError("not an encrypted message")
    blob = rest[:end]
    (length,) = struct.unpack_from("<I", blob)
    if length > len(blob) - 4:
        raise ValueError("signature longer than the message")
    return blob[4 : 4 + length], blob[4 + length :]


def write_encrypted(signature: bytes, sealed: bytes) -> bytes:
    """An encrypted part that carries a sealed envelope."""
    return (
        _BOUNDARY
        + b"\r\n\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n"
        + b"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length="
        + str(len(sealed)).encode()
        + b"\r\n"
        + _BOUNDARY
        + b"\r\n\tContent-Type: application/octet-stream\r\n"
        + struct.pack("<I", len(signature))
        + signature
        + sealed
        + _BOUNDARY
        + b"--\r\n"
    )


_CLIXML_HEAD = '#< CLIXML\r\n<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'


def clixml_errors(text: str) -> bytes:
    """What powershell.exe writes to a redirected stderr for an error message."""
    lines = text.replace("\r\n", "\n").split("\n")
    records = "".join(f'<S S="Error">{escape(line)}_x000D__x000A_</S>' for line in lines)
    return f"{_CLIXML_HEAD}{records}</Objs>".encode()


def clixml_progress(activity: str = "Preparing modules for first use.") -> bytes:
    """The progress record that powershell.exe writes to a redirected stderr though nothing is wrong."""
    return (
        f'{_CLIXML_HEAD}<Obj S="progress" RefId="0"><TN RefId="0"><T>System.Management.Automation.PSCustomObject</T>'
        '<T>System.Object</T></TN><MS><I64 N="SourceId">1</I64><PR N="Record">'
        f"<AV>{escape(activity)}</AV><AI>0</AI><Nil /><PI>-1</PI><PC>-1</PC><T>Completed</T><SR>-1</SR><SD> </SD>"
        "</PR></MS></Obj></Objs>"
    ).encode()
