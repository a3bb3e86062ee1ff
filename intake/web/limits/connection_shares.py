"""How many connections one address may hold, and which one goes when there are too many.

A connection with half a request, or none, does no work: it is closed in favour of a new one. So
nobody keeps a resident out by holding connections open.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol

from intake.network.addresses import counted_as, is_listed


class Held(Protocol):
    """One open connection."""

    host: str

    @property
    def works(self) -> bool: ...

    def close_for_another(self) -> None: ...


class ConnectionShares:
    """The open connections of this process.

    ``most``: connections in all; addresses with less than an even share of them may exceed it, up
    to twice as many. ``per_address``: of one address (an IPv6 /64 counts as one);
    the addresses in ``proxies`` (CIDR blocks) hold those of many people and have no share.
    """

    def __init__(self, most: int, per_address: int, proxies: Sequence[str] = ()) -> None:
        self.most, self.per_address, self.proxies = most, per_address, proxies
        self._held: dict[str, dict[Held, None]] = defaultdict(dict)  # by address, oldest first
        self._count = 0

    def enter(self, connection: Held) -> bool:
        """Count a new connection; False when there is no room for it.

        A full share closes the oldest connection of the same address that does no work; a full
        house closes one of the address that holds the most of those.
        """
        key = counted_as(connection.host)
        mine = self._held.get(key, {})
        is_proxy = self._is_proxy(connection.host)
        if not is_proxy and len(mine) >= self.per_address and not self._close_oldest(key):
            return False
        if self._count >= self.most and not self._close_of_noisiest():
            even = self._count / (len(self._held) + 1)
            if len(mine) >= even or self._count >= 2 * self.most:
                return False
        self._held[key][connection] = None
        self._count += 1
        return True

    def leave(self, connection: Held) -> None:
        """Forget a connection that has ended; one that was not counted is ignored."""
        key = counted_as(connection.host)
        if key not in self._held or connection not in self._held[key]:
            return
        del self._held[key][connection]
        self._count -= 1
        if not self._held[key]:
            del self._held[key]

    def _is_proxy(self, host: str) -> bool:
        try:
            return is_listed(host, self.proxies)
        except ValueError:  # a local socket has no address
            return False

    def _close_of_noisiest(self) -> bool:
        by_number = sorted(self._held, key=lambda key: len(self._held[key]), reverse=True)
        return any(self._close_oldest(key) for key in by_number)

    def _close_oldest(self, key: str) -> bool:
        for connection in self._held[key]:
            if not connection.works:
                self.leave(connection)
                connection.close_for_another()
                return True
        return False
