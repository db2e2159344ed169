"""The few shapes of BER that LDAP uses (RFC 4511 5.1): definite lengths, one-byte tags, nothing else."""

from __future__ import annotations

BOOLEAN = 0x01
INTEGER = 0x02
OCTETS = 0x04
ENUMERATED = 0x0A
SEQUENCE = 0x30
SET = 0x31

Element = tuple[int, bytes]


class MalformedBer(ValueError):
    """Bytes that are not what LDAP allows."""


def _read_length(data: bytes, offset: int) -> tuple[int, int] | None:
    """The content's length and where it begins, or None when `data` ends before that is known."""
    if len(data) <= offset:
        return None
    first = data[offset]
    if first < 0x80:
        return first, offset + 1
    size = first & 0x7F
    if not 1 <= size <= 4:
        raise MalformedBer("a length that LDAP does not allow")
    if len(data) < offset + 1 + size:
        return None
    return int.from_bytes(data[offset + 1 : offset + 1 + size], "big"), offset + 1 + size


def message_size(data: bytes) -> int | None:
    """Bytes of the first element in `data` with its head, or None when more must be read to know."""
    if data and data[0] != SEQUENCE:
        raise MalformedBer("not an LDAP message")
    head = _read_length(data, 1)
    return None if head is None else head[0] + head[1]


def elements(data: bytes) -> list[Element]:
    """The elements of a constructed value, as (tag, content). Raises MalformedBer."""
    found = []
    offset = 0
    while offset < len(data):
        head = _read_length(data, offset + 1)
        if head is None or len(data) < head[0] + head[1]:
            raise MalformedBer("an element is cut off")
        length, start = head
        found.append((data[offset], data[start : start + length]))
        offset = start + length
    return found


def children(data: bytes, *tags: int) -> list[bytes]:
    """The contents of exactly the elements with these tags, in this order; more may follow. Raises MalformedBer."""
    found = elements(data)
    if [tag for tag, _ in found[: len(tags)]] != list(tags):
        raise MalformedBer("an element is missing or of another kind")
    return [content for _, content in found]


def to_int(content: bytes) -> int:
    """The value of an INTEGER or ENUMERATED. Raises MalformedBer when it is empty or longer than eight bytes."""
    if not 1 <= len(content) <= 8:
        raise MalformedBer("an integer of a wrong length")
    return int.from_bytes(content, "big", signed=True)


def to_text(content: bytes) -> str:
    """The value of an LDAPString. Raises MalformedBer when it is not UTF-8."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise MalformedBer("a string that is not UTF-8") from None


def element(tag: int, *contents: bytes) -> bytes:
    """One element: tag, length, and the contents one after the other."""
    content = b"".join(contents)
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big") + content


def integer(value: int, tag: int = INTEGER) -> bytes:
    """An INTEGER (or, with `tag`, an ENUMERATED)."""
    size = max(1, (value + (value < 0)).bit_length() // 8 + 1)
    return element(tag, value.to_bytes(size, "big", signed=True))


def octets(value: bytes | str, tag: int = OCTETS) -> bytes:
    """An OCTET STRING; text goes as UTF-8."""
    return element(tag, value.encode() if isinstance(value, str) else value)
