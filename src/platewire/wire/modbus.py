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
"""Of unit and what follows it; a longer message is none."""

EXCEPTIONS = {
    1: "it has no coils that can be written (illegal function)",
    2: "it has no coil of that number (illegal data address)",
    3: "it does not take that value (illegal data value)",
    4: "it failed (server device failure)",
    5: "it is still at it (acknowledge)",
    6: "it is busy (server device busy)",
    10: "the gateway has no way there (gateway path unavailable)",
    11: "nobody answers behind the gateway (gateway target device failed to respond)",
}
STILL_AT_IT = frozenset({5, 11})
"""Exceptions that do not say that nothing was written: it was accepted and takes long; or the
gateway passed it on and got no answer."""


class NotUnderstood(ValueError):
    """What came back is no answer to what was asked."""


def write_coil(transaction: int, unit: int, coil: int, *, on: bool) -> bytes:
    """The whole message. `coil` is the address on the wire, from 0."""
    body = _COIL.pack(WRITE_SINGLE_COIL, coil, ON if on else OFF)
    return _HEADER.pack(transaction, 0, 1 + len(body), unit) + body


def rest_of(header: bytes) -> int:
    """How many bytes follow a header of `HEADER_BYTES`. NotUnderstood where it is none."""
    _, protocol, length, _ = _HEADER.unpack(header)
    if protocol != 0 or not 2 <= length <= LENGTH_MAX:
        raise NotUnderstood(f"this is no Modbus TCP: {header.hex(' ')}")
    return int(length) - 1


def check_answer(asked: bytes, answer: bytes) -> str:
    """Empty where the coil is written, else why it is not. NotUnderstood for anything else."""
    if answer == asked:
        return ""
    header = answer[:HEADER_BYTES]
    body = answer[HEADER_BYTES:]
    same = header[:4] == asked[:4] and header[6:] == asked[6:HEADER_BYTES]
    if same and len(body) == 2 and body[0] == WRITE_SINGLE_COIL | FAILED:
        return EXCEPTIONS.get(body[1], f"exception {body[1]}")
    raise NotUnderstood(f"{asked.hex(' ')} was answered with {answer[:32].hex(' ')}")


def may_write_yet(answer: bytes) -> bool:
    """Whether an exception leaves open whether the coil is written."""
    return answer[-1] in STILL_AT_IT
