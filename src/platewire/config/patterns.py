"""Readable rules for settings, instead of regular expressions."""

IN_WORDS = {
    r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}\Z": "use letters A-Z and a-z, digits, `_`, "
    "`.` and `-`, start with a letter or digit, and use at most 63 characters",
    r"^[A-Z]{2}\Z": "use two capital letters, such as XK",
    r"^[A-Za-z0-9_-]+\Z": "use letters A-Z and a-z, digits, `_` and `-`",
    r"^[a-z_][a-z0-9_]{0,40}\Z": "use letters a-z, digits and `_`, do not start "
    "with a digit, and use at most 41 characters",
    r"^(env|file):.+": "refer to a secret: env:NAME for an environment variable, "
    "file:PATH for a file",
    r"^https?://": "use a URL that starts with http:// or https://",
    r"^https?://[^\s]+\Z": "use a URL that starts with http:// or https://, without spaces",
    r"^rtsps?://": "use a URL that starts with rtsp:// or rtsps://",
    r"^(\[[0-9a-fA-F:.%]+\]|[^\s:\[\]]+):\d{1,5}\Z": "write host and port, such as 192.0.2.5:7701 "
    "or [2001:db8::5]:7701",
    r"^(\[[0-9a-fA-F:.%]+\]|[^\s:\[\]]*):\d{1,5}\Z": "write address and port to listen on, such as "
    "127.0.0.1:7701, or :7701 for all addresses",
    r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z": "write a UUID in lower case, such as "
    "0198c4a2-0000-7000-8000-000000000000",
    r"^(([0-9a-fA-F]{2}:?){31}[0-9a-fA-F]{2})?\Z": "write the SHA-256 of the certificate as 64 hex "
    "digits, with or without colons",
    r"^([0-9A-Fa-f]{2}[:-]?){5}[0-9A-Fa-f]{2}\Z": "write 12 hex digits, such as 00:40:8C:12:34:56, "
    "with or without colons",
    r"^[\x21-\x7e]{1,64}\Z": "use 1 to 64 ASCII characters, without spaces",
    r"^[\x20-\x7e]+\Z": "use printable ASCII characters, at least one",
    r"^[\x20-\x7e]*\Z": "use printable ASCII characters",
    r"^[^;\x00-\x1f]+\Z": "remove semicolons and line breaks",
    r"^[^:\x00-\x1f\x7f]+\Z": "remove colons and control characters",
    r"^[^:\x00-\x1f\x7f]*\Z": "remove colons and control characters",
    r"^[^,\s]+\Z": "remove commas and spaces",
    r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z": "use letters A-Z and a-z, digits and `-` in a header name",
    r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*\Z": "use levels of letters A-Z and a-z, digits, `_`, "
    "`.` and `-`, separated by /",
    r"^(-?\d+|@[A-Za-z0-9_]+)\Z": "use a chat id, such as -1001234567890, or @NAME",
    r"^([-_A-Za-z0-9]{1,64}|(env|file):.+)\Z": "use up to 64 letters A-Z and a-z, digits, - and _, "
    "or refer to a secret: env:NAME or file:PATH",
    r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+\Z": "use an address such as "
    "guard@example.org",
}
"""Rules by the pattern of the setting."""
