"""Bytes of any kind into every decoder that meets the outside world, led by coverage (atheris).

    python -m tests.fuzz.decoders NAME -runs=20000 -seed=1

A decoder may refuse, with the errors it is documented to raise; anything else ends the process
with the bytes that did it in a file.
"""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

import atheris

with atheris.instrument_imports(include=["platewire"]):
    import msgspec

    from platewire.country import normalize, understand
    from platewire.sources.network.jpeg_stream import JpegStream
    from platewire.web.odata import grammar
    from platewire.wire import heif, json_lines, native, picture_size, signing
    from platewire.wire.numberok import json_reader as numberok_json_reader
    from platewire.wire.numberok import tcp as numberok_tcp
    from platewire.wire.vms import nx

NOW = datetime(2026, 1, 2, tzinfo=UTC)
BYTES_MAX = 4096
"""Of one input, and of what a decoder may keep."""


class Target(NamedTuple):
    run: Callable[[bytes], object]
    refusals: tuple[type[Exception], ...] = ()


def tcp_packets(data: bytes) -> None:
    """In pieces as in one, and never more kept than one body."""
    whole = fed(numberok_tcp.Decoder(numberok_tcp.SUBSCRIBE, body_bytes_max=BYTES_MAX), [data])
    half = len(data) // 2
    parts = [data[:half], data[half:]]
    split = fed(numberok_tcp.Decoder(numberok_tcp.SUBSCRIBE, body_bytes_max=BYTES_MAX), parts)
    if whole != split:
        raise AssertionError(f"{whole} in one piece, {split} in two")


def fed(decoder: numberok_tcp.Decoder, parts: list[bytes]) -> object:
    found: list[numberok_tcp.Packet] = []
    try:
        for part in parts:
            found += decoder.feed(part)
    except numberok_tcp.FramingError:
        return "refused"
    return found


def requests(data: bytes) -> None:
    for line in json_lines.LineReader().feed(data):
        json_lines.read_request(line)


def signature(data: bytes) -> None:
    head, _, body = data.partition(b"\n")
    text = head.decode("latin-1")
    headers = {"webhook-id": "a", "webhook-timestamp": text[:12], "webhook-signature": text[12:]}
    signing.verify([b"k" * 24], headers, body, now=NOW)


def plate_text(data: bytes) -> None:
    understand(normalize(data.decode("utf-8", "replace"))[:12])


def pictures(data: bytes) -> None:
    """Whatever comes out is a picture, and nothing is kept beyond the limit."""
    stream = JpegStream(BYTES_MAX)
    for start in range(0, len(data), 7):
        for picture in stream.feed(data[start : start + 7]):
            if not (picture.startswith(b"\xff\xd8") and picture.endswith(b"\xff\xd9")):
                raise AssertionError(f"{picture!r} is no JPEG")


def heif_boxes(data: bytes) -> None:
    """As a file of HEIC begins, so that the boxes behind it are looked at."""
    heif.picture_of(b"\x00\x00\x00\x14ftypheic\x00\x00\x00\x00mif1" + data)


def round_trip(data: bytes) -> None:
    event = native.decode(data)
    if native.decode(native.encode(event)) != event:
        raise AssertionError("decoding what was encoded gives another event")


def odata_filter(data: bytes) -> None:
    grammar.parse(data.decode("utf-8", "replace"))


def nx_answers(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    nx.refusal(text)
    nx.devices(text)


TARGETS = {
    "numberok_tcp": Target(tcp_packets),
    "numberok_tcp_event": Target(numberok_tcp.read_event),
    "numberok_json": Target(numberok_json_reader.decode, (numberok_json_reader.PacketError,)),
    "json_lines": Target(requests, (json_lines.RequestError,)),
    "native": Target(round_trip, (msgspec.DecodeError, UnicodeDecodeError)),
    "signature": Target(signature, (signing.SignatureError,)),
    "jpeg_stream": Target(pictures),
    "heif": Target(heif_boxes, (heif.HeifError,)),
    "picture_size": Target(picture_size.size_of),
    "nx": Target(nx_answers, (nx.NotUnderstood,)),
    "odata_filter": Target(odata_filter, (grammar.SyntaxFault,)),
    "plate_text": Target(plate_text),
}


def main(arguments: list[str]) -> None:
    target = TARGETS[arguments[1]]

    def run(data: bytes) -> None:
        try:
            target.run(data)
        except target.refusals:
            return

    atheris.Setup([arguments[0], *arguments[2:]], run)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
