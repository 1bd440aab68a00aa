"""A reader of strict DER (X.690): parsers that accept more disagree about what they have read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OID = 0x01, 0x02, 0x03, 0x04, 0x06
UTC_TIME, GENERALIZED_TIME, SEQUENCE = 0x17, 0x18, 0x30

_MAXIMUM_DEPTH = 24
_MAXIMUM_OID_LENGTH = 255
T = TypeVar("T")


@dataclass(frozen=True)
class Element:
    """One element. A primitive one has no children."""

    tag: int
    content: bytes
    children: list[Element] = field(default_factory=list)


class Fields:
    """The fields of a SEQUENCE, read one after the other."""

    def __init__(self, elements: list[Element]) -> None:
        self._left = list(elements)

    def next(self, tag: int) -> Element:
        """The next field, which has to have this tag."""
        return expect(self._left.pop(0) if self._left else None, tag)

    def optional(self, tag: int) -> Element | None:
        """The next field, if it has this tag."""
        return self._left.pop(0) if self._left and self._left[0].tag == tag else None

    def end(self) -> None:
        """Raises when a field is left over."""
        if self._left:
            raise ValueError("an ASN.1 sequence has a field that does not belong there")


def read_der(data: bytes) -> Element:
    """Reads exactly one element. Raises `ValueError` when the bytes are not strict DER."""
    elements = _read_elements(data, 0)
    if len(elements) != 1:
        raise ValueError("there is not exactly one ASN.1 element")
    return elements[0]


def expect(element: Element | None, tag: int) -> Element:
    if element is None or element.tag != tag:
        raise ValueError(f"an ASN.1 element of tag {tag} is missing")
    return element


def list_of(element: Element | None) -> list[Element]:
    """The elements of a SEQUENCE OF."""
    return expect(element, SEQUENCE).children


def read_sequence(element: Element | None, read: Callable[[Fields], T]) -> T:
    """Reads a whole SEQUENCE. Raises when a field is left over."""
    fields = Fields(list_of(element))
    result = read(fields)
    fields.end()
    return result


def is_true(element: Element | None) -> bool:
    """A BOOLEAN DEFAULT FALSE. Every byte but 0 counts as true, as other readers have it."""
    if element is None:
        return False
    content = expect(element, BOOLEAN).content
    if len(content) != 1:
        raise ValueError("an ASN.1 boolean is not of one byte")
    return content[0] != 0


def bits_of(element: Element) -> bytes:
    """The bytes of a BIT STRING, whose unused bits have to be 0."""
    content = expect(element, BIT_STRING).content
    unused, data = (content[0], content[1:]) if content else (8, b"")
    last = data[-1] if data else 0xFF
    if unused > 7 or last & ((1 << unused) - 1):
        raise ValueError("an ASN.1 bit string has unused bits in it")
    return data


def oid_of(element: Element) -> str:
    """An OBJECT IDENTIFIER, for example "2.5.29.17"."""
    content = expect(element, OID).content
    if len(content) > _MAXIMUM_OID_LENGTH or not content or content[-1] >= 0x80:
        raise ValueError("an ASN.1 object identifier is too long, or is cut short")
    numbers: list[int] = []
    number = 0
    for byte in content:
        if number == 0 and byte == 0x80:
            raise ValueError("an ASN.1 object identifier has more bytes than it takes")
        number = number * 128 + byte % 0x80
        if byte < 0x80:
            numbers.append(number)
            number = 0
    root = min(numbers[0] // 40, 2)
    return ".".join(str(part) for part in [root, numbers[0] - root * 40, *numbers[1:]])


def _read_elements(data: bytes, depth: int) -> list[Element]:
    found: list[Element] = []
    at = 0
    while at < len(data):
        tag = data[at]
        if depth > _MAXIMUM_DEPTH or tag & 0x1F == 0x1F:
            raise ValueError("an ASN.1 element is nested too deeply, or has a long tag")
        start, length = _read_length(data, at + 1)
        end = start + length
        if end > len(data):
            raise ValueError("an ASN.1 element is longer than what it stands in")
        content = data[start:end]
        found.append(Element(tag, content, _read_elements(content, depth + 1) if tag & 0x20 else []))
        at = end
    return found


def _read_length(data: bytes, at: int) -> tuple[int, int]:
    if at >= len(data):
        raise ValueError("an ASN.1 element has no length")
    if data[at] < 0x80:
        return at + 1, data[at]
    count = data[at] & 0x7F
    if count == 0 or count > 3 or at + count >= len(data):
        raise ValueError("an ASN.1 length is not said, or too long")
    length = int.from_bytes(data[at + 1 : at + 1 + count], "big")
    if length < 0x80 or length < 256 ** (count - 1):
        raise ValueError("an ASN.1 length has more bytes than it takes")
    return at + 1 + count, length
