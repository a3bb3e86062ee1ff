"""The one way out: every call to another system goes through here.

A name is resolved once, each of its addresses is checked, and the connection goes to exactly
a checked address, so that no name can lead us into the house's own network ("DNS rebinding").
Host header, SNI and certificate check keep the name. Redirects, proxies from the environment
and compressed answers are not taken. Failures become `BackendError`: whether trying again
helps (``retryable``), and whether the other side may have it (``sent``).

Each call has a connection of its own: with a kept one, "closed just before we wrote" and
"closed just after" look alike, and that is the difference between once and twice.
"""

from intake.network.http.client import Outgoing

__all__ = [
    "Outgoing",
]
