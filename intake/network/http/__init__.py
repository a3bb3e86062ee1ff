"""HTTP calls to other systems; all of them go through here.

A name is resolved once, each of its addresses is checked, and the connection is made to exactly
a checked address, so that no name can direct us into the internal network ("DNS rebinding").
Host header, SNI and certificate check keep the name. Redirects, proxies from the environment
and compressed answers are refused. Failures become `BackendError`, which says whether a retry may
help (``retryable``) and whether the other side may have got the request (``sent``).

Each call has a connection of its own: on a reused one, a close just before the request was written
and one just after look the same, so we could not tell whether the request must be repeated.
"""

from intake.network.http.client import Outgoing

__all__ = [
    "Outgoing",
]
