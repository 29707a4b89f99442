"""Writing one coil over Modbus TCP. Pure.

MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3 (the header: transaction, protocol 0,
length of what follows, unit; big-endian) and MODBUS Application Protocol V1.1b3, 6.5 (function 5:
address, FF00 for on and 0000 for off; answered with the same bytes) and 7 (exceptions).
"""

import struct

WRITE_SINGLE_COIL = 5
"""The function code (Modbus Application Protocol 1.1b3, 6.5)."""
ON, OFF = 0xFF00, 0x0000
"""The values of a coil that is written (the same, 6.5)."""
FAILED = 0x80
"""Set in the function of an answer that is an exception."""
_HEADER = struct.Struct(">HHHB")
_COIL = struct.Struct(">BHH")
HEADER_BYTES = _HEADER.size
LENGTH_MAX = 254
"""Maximum bytes from the unit id on, by the specification."""

EXCEPTIONS = {
    1: "the device has no writable coils (illegal function)",
    2: "the device has no coil with that number (illegal data address)",
    3: "the device does not accept that value (illegal data value)",
    4: "the device failed (server device failure)",
    5: "the device is still processing the request (acknowledge)",
    6: "the device is busy (server device busy)",
    10: "the gateway has no route to the device (gateway path unavailable)",
    11: "no device answers behind the gateway (gateway target device failed to respond)",
}
STILL_AT_IT = frozenset({5, 11})
"""Exceptions after which the coil may be written: the request was accepted and takes long, or the
gateway forwarded it and got no answer."""


class NotUnderstood(ValueError):
    """The response does not match the request."""


def write_coil(transaction: int, unit: int, coil: int, *, on: bool) -> bytes:
    """The whole message. `coil` is the address on the wire, from 0."""
    body = _COIL.pack(WRITE_SINGLE_COIL, coil, ON if on else OFF)
    return _HEADER.pack(transaction, 0, 1 + len(body), unit) + body


def rest_of(header: bytes) -> int:
    """How many bytes follow a header of `HEADER_BYTES`. Raises NotUnderstood for another
    protocol."""
    _, protocol, length, _ = _HEADER.unpack(header)
    if protocol != 0 or not 2 <= length <= LENGTH_MAX:
        raise NotUnderstood(f"the response is not Modbus TCP: {header.hex(' ')}")
    return int(length) - 1


def check_answer(request: bytes, answer: bytes) -> str:
    """Why the coil was not written; empty if it was. Raises NotUnderstood for other responses."""
    if answer == request:
        return ""
    header = answer[:HEADER_BYTES]
    body = answer[HEADER_BYTES:]
    same = header[:4] == request[:4] and header[6:] == request[6:HEADER_BYTES]
    if same and len(body) == 2 and body[0] == WRITE_SINGLE_COIL | FAILED:
        return EXCEPTIONS.get(body[1], f"exception {body[1]}")
    seen = answer[:32].hex(" ")
    raise NotUnderstood(f"unexpected response {seen} to the request {request.hex(' ')}")


def may_write_yet(answer: bytes) -> bool:
    """Whether the coil may be written although the device answered with an exception."""
    return answer[-1] in STILL_AT_IT
