"""Multipart bodies, read back by the standard library's mail parser."""

import email
import email.policy
from email.message import MIMEPart

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from platewire.wire.multipart import Part, encode

names = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters='"\\'), min_size=1
).filter(lambda name: name == name.strip())
contents = st.binary(max_size=300) | st.sampled_from([b"", b"\r\n", b"--", b"\r\n--", b"\n--x--"])


def parts(count: int) -> st.SearchStrategy[list[Part]]:
    part = st.builds(
        Part, names, names, st.sampled_from(["application/json", "image/jpeg"]), contents
    )
    return st.lists(part, min_size=1, max_size=count)


def read_back(content_type: str, body: bytes) -> list[Part]:
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = email.message_from_bytes(head + body, policy=email.policy.HTTP)
    assert not message.defects
    return [_part(part) for part in message.iter_parts()]


def _part(part: MIMEPart) -> Part:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    name = str(part.get_param("name", header="content-disposition"))
    return Part(name, part.get_filename() or "", part.get_content_type(), content)


@given(parts(4))
@example(
    [
        Part("event", "a.json", "application/json", b"{}"),
        Part("image", "alp.jpg", "image/jpeg", b""),
    ]
)
def test_what_is_written_is_read(written: list[Part]) -> None:
    assert read_back(*encode(written)) == written


@given(parts(3))
def test_the_same_parts_give_the_same_bytes(written: list[Part]) -> None:
    assert encode(written) == encode(list(written))


def test_the_bytes() -> None:
    content_type, body = encode([Part("event", "1.json", "application/json", b'{"a":1}')])
    boundary = content_type.removeprefix("multipart/form-data; boundary=").encode()
    assert body == (
        b"--" + boundary + b"\r\n"
        b'Content-Disposition: form-data; name="event"; filename="1.json"\r\n'
        b"Content-Type: application/json\r\n\r\n"
        b'{"a":1}\r\n'
        b"--" + boundary + b"--\r\n"
    )


@pytest.mark.parametrize("bad", ["", 'a"b', "a\r\nX: y", "a\\b", "ü", "a\x00"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_names_that_would_break_the_header(bad: str, place: int) -> None:
    texts = ["event", "1.json", "application/json"]
    texts[place] = bad
    with pytest.raises(ValueError, match="is not allowed in a multipart header"):
        encode([Part(texts[0], texts[1], texts[2], b"")])
