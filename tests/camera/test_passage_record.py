"""What is stored of open passages beside their reads: one record each, in the form of the log."""

from uuid import UUID

import msgspec

from platewire.camera.passage_record import PassageRecord, decode, encode
from platewire.model import Image, Images, ListHit

FIRST, SECOND, THIRD = (UUID(int=number) for number in (1, 2, 3))
PICTURES = Images(plate=Image(url="/", sha256="ab" * 32, width=100, height=25, bytes=9))
RESIDENTS = ListHit(name="residents", mode="exact", kind="allow")


def test_records_are_stored_by_passage_and_come_back() -> None:
    records = {
        FIRST: PassageRecord(PICTURES, 7, (RESIDENTS,), "AB123", ("guests", "residents")),
        SECOND: PassageRecord(images=PICTURES),
        THIRD: PassageRecord(hits=(), named=("guests",)),
    }
    stored = encode(b"reads", records)
    plain = msgspec.msgpack.decode(stored)
    assert plain["passages"] == b"reads"
    assert {name: [*plain[name]] for name in ("images", "lists", "texts", "named")} == {
        "images": [str(FIRST), str(SECOND)],
        "lists": [str(FIRST), str(THIRD)],
        "texts": [str(FIRST)],
        "named": [str(FIRST), str(THIRD)],
    }
    records[FIRST].pictured_frame = None
    assert decode(stored) == (b"reads", records), "all but the frame, as frames are counted anew"


def test_a_state_without_the_lists_that_were_named_has_those_last_published() -> None:
    key = str(FIRST)
    stored = msgspec.msgpack.encode(
        {"passages": b"", "images": {}, "lists": {key: [RESIDENTS]}, "texts": {key: "AB123"}}
    )
    _, records = decode(stored)
    assert records[FIRST].named == ("residents",)
    assert records[FIRST].looked_up == "AB123"


def test_a_list_is_withdrawn_while_the_plate_is_known_not_to_be_on_it() -> None:
    named = ("guests", "residents")
    record = PassageRecord(hits=(RESIDENTS,), looked_up="AB123", named=named)
    assert record.withdrawn == ("guests",)
    unknown = PassageRecord(hits=(RESIDENTS,), named=named)
    assert unknown.withdrawn == ()
