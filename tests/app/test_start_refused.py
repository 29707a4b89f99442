"""What is wrong in one output's settings ends the start, and the message says in which."""

from pathlib import Path

import pytest

from platewire.cli.main import main

HEAD = """
[web]
enabled = false
[recognition]
type = "replay"
path = "reads.jsonl"
[[list]]
name = "staff"
kind = "allow"
[[output]]
name = "good"
type = "json_lines"
listen = "127.0.0.1:0"
[[output]]
name = "bad"
"""
HTTP = 'type = "http"\nurl = "http://192.0.2.1/"\n'
HTTPS = 'type = "http"\nurl = "https://192.0.2.1/"\n'
RELAY = 'type = "relay"\n'
NX = 'type = "nx"\nuser = "anpr"\npassword = "env:PLATEWIRE_ABSENT"\n'
TEMPLATE = 'type = "template"\nurl = "https://192.0.2.1/"\n'
MAIL = 'type = "email"\nhost = "192.0.2.1"\nsender = "a@b"\nrecipients = ["c@d"]\n'
WRONG = {
    "a secret that is not there": HTTP + 'signing_secrets = ["env:PLATEWIRE_ABSENT"]',
    "a password that is not there": HTTP
    + 'auth = { type = "basic", user = "u", password = "env:PLATEWIRE_ABSENT" }',
    "no URL": 'type = "http"\nurl = "ftp://x"',
    "a forbidden address": 'type = "http"\nurl = "http://169.254.169.254/"',
    "no network": HTTP + 'egress = { allow_addresses = ["x"] }',
    "no CA": HTTPS + 'tls = { ca_file = "absent.pem" }',
    "a key alone": HTTPS + 'tls = { client_key = "absent.pem" }',
    "a header of ours": HTTP + 'headers = { Content-Length = "1" }',
    "no certificate": 'type = "json_lines"\nlisten = ":0"\ntls = { certificate = "a.pem" }',
    "no allowed network": 'type = "numberok_tcp"\nlisten = "127.0.0.1:0"\nallow = ["x"]',
    "no port to listen on": 'type = "json_lines"\nlisten = "127.0.0.1:70000"',
    "no token": 'type = "json_lines"\nlisten = "127.0.0.1:0"\ntoken = "env:PLATEWIRE_ABSENT"',
    "no port to push to": 'type = "tcp_push"\naddress = "192.0.2.1:70000"',
    "a password in a database URL": 'type = "postgresql"\nurl = "postgresql://u:secret@h/d"',
    "no database URL": 'type = "postgresql"\nurl = "mysql://h/d"',
    "a relay that opens afterwards": RELAY
    + 'events = ["lost"]\nrelay = { type = "modbus", host = "192.0.2.1" }',
    "a relay without address": RELAY + 'relay = { type = "http", url = "192.0.2.1" }',
    "a relay with two hosts": RELAY
    + 'relay = { type = "http", url = "http://192.0.2.1/", off_url = "http://192.0.2.2/", '
    "pulse_seconds = 1.0 }",
    "a relay without password": RELAY
    + 'relay = { type = "http", url = "http://192.0.2.1/", auth = { type = "basic", '
    'user = "u", password = "env:PLATEWIRE_ABSENT" } }',
    "a user without name": 'type = "mqtt"\nhost = "192.0.2.1"\npassword = "env:PLATEWIRE_ABSENT"',
    "a broker without CA": 'type = "mqtt"\nhost = "192.0.2.1"\ntls = { ca_file = "absent.pem" }',
    "no template": TEMPLATE + 'body = { type = "json", template = "{{ nonsense }}" }',
    "a template that does not end": TEMPLATE + 'body = { type = "text", template = "{{" }',
    "an intercom that opens afterwards": 'type = "two_n"\nurl = "https://192.0.2.1"\n'
    'events = ["lost"]',
    "a generic event without port": 'type = "milestone_generic"\naddress = "192.0.2.1:70000"',
    "no management server": 'type = "milestone"\nurl = "192.0.2.1"',
    "no mediaserver": NX + 'url = "ftp://192.0.2.1:7001"',
    "a mediaserver without password": NX + 'url = "https://192.0.2.1:7001"',
    "no time zone": 'type = "auto_intellect"\nlisten = "127.0.0.1:0"\ntime_zone = "Mars"',
    "a mail without password": MAIL + 'user = "u"\npassword = "env:PLATEWIRE_ABSENT"',
    "a mail without CA": MAIL + 'tls = { ca_file = "absent.pem" }',
    "no subject": MAIL + 'subject = "{{ nonsense }}"',
    "a climbing path": 'type = "ftp"\nhost = "192.0.2.1"\npath = "../x"',
    "files without password": 'type = "ftp"\nhost = "h"\npassword = "env:PLATEWIRE_ABSENT"',
    "no bot": 'type = "telegram"\ntoken = "env:PLATEWIRE_ABSENT"\nchat = "1"',
    "no topic": 'type = "ntfy"\ntopic = "env:PLATEWIRE_ABSENT"',
    "no web service of 1C": 'type = "one_c"\nurl = "192.0.2.1"',
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG.keys())
def test_the_output_is_named(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "platewire.toml"
    (tmp_path / "reads.jsonl").write_text("")
    config.write_text(HEAD + text + "\n")
    assert main(["serve", "--config", str(config)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith('platewire: output "bad": '), said.err
    assert said.err.count('output "bad"') == 1, said.err
    assert len(said.err.splitlines()) == 1, said.err
    assert "secret@" not in said.err
