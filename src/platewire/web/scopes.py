"""Scopes of a token, and the scope that a request requires.

`read` shows events, passages and states; `pictures` shows plates, vehicles and camera views, which
are personal data of their own; `odata` is for BI alone, `metrics` for monitoring; `control` changes
something.
"""

import re
from typing import Literal, get_args

Scope = Literal["read", "pictures", "odata", "metrics", "control"]
ALL: frozenset[Scope] = frozenset(get_args(Scope))

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
OPEN = re.compile(r"/login$|/healthz$|/static/")
"""Open without authentication: contains no vehicle data."""
ANY = re.compile(r"/logout$")
"""Open to every authenticated client, whatever its scopes."""
PICTURES = re.compile(r"/api/v1/images/|/api/v1/cameras/[^/]+/snapshot")
ODATA = re.compile(r"/odata(?:/|$)")
"""Read-only, whatever the method."""
METRICS = re.compile(r"/metrics$")


def needed(method: str, path: str) -> Scope | None:
    """The scope for this request; None where any known caller will do."""
    if ANY.match(path):
        return None
    if ODATA.match(path):
        return "odata"
    if method not in SAFE_METHODS:
        return "control"
    if PICTURES.match(path):
        return "pictures"
    return "metrics" if METRICS.match(path) else "read"
