"""Something of which there are few at a time: nobody who is known by name gets all of it."""

import contextlib
from collections import Counter
from collections.abc import Iterator


class Shares:
    """`most` at a time, half of them for one holder. The holder "" is whoever there is."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: Counter[str] = Counter()

    @property
    def taken(self) -> int:
        return self._held.total()

    def full(self, holder: str) -> bool:
        """Whether this holder gets no more now."""
        return self.taken >= self._most or (
            holder != "" and self._held[holder] >= max(1, self._most // 2)
        )

    @contextlib.contextmanager
    def held(self, holder: str) -> Iterator[None]:
        """To be entered as soon as `full` was asked, before anything is awaited."""
        self._held[holder] += 1
        try:
            yield
        finally:
            self._held[holder] -= 1
            self._held += Counter()  # forgets who holds nothing
