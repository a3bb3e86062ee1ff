"""Which network addresses may be connected to, and a connect function that checks them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TypeVar

from intake.errors import BackendError

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]
Connection = TypeVar("Connection")

_NEXT_ADDRESS_AFTER_SECONDS = 5
_NAT64 = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))


def counted_as(host: str) -> str:
    """The key under which a rate limit counts a client: its IPv4 address, or its IPv6 /64."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv4Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((address, 64), strict=False))


async def resolve_name(host: str, port: int) -> list[str]:
    """The addresses of a name from the system's resolver, in its order. Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in found))


def check_networks(networks: Sequence[str]) -> list[str]:
    """Return CIDR blocks in canonical form. Raises ValueError that names the wrong one."""
    out = []
    for text in networks:
        try:
            out.append(str(ip_network(text)))
        except ValueError:
            raise ValueError(
                f"{text!r} is no network; write a CIDR block such as 10.1.2.0/24"
            ) from None
    return out


def is_listed(address: str, networks: Sequence[str]) -> bool:
    """Does an address lie in one of the CIDR blocks?"""
    ip = _inner(ip_address(address))
    return any(ip in ip_network(network) for network in networks)


def is_public(address: str) -> bool:
    """Is it an address of the public internet: not loopback, private, link-local, carrier NAT
    (where some clouds serve their metadata), multicast, reserved, or an IPv6 address that wraps
    one of these?"""
    ip = _inner(ip_address(address))
    return ip.is_global and not ip.is_multicast


async def connect(
    host: str,
    port: int,
    dial: Callable[[str], Awaitable[Connection]],
    *,
    resolve: Resolve,
    allow_networks: Sequence[str],
    only_listed: bool = False,
) -> Connection:
    """Resolve ``host`` once, check all its addresses, and ``dial`` the first that answers.

    If one address is forbidden, none is dialled. ``only_listed``: forbid addresses outside
    ``allow_networks``, because the connection is not encrypted. Raises `BackendError`
    (``backend_unknown_name``, ``address_refused``, ``not_encrypted``) or what ``dial`` raised
    for the last address.
    """
    try:
        addresses = await resolve(host, port)
        listed = [is_listed(address, allow_networks) for address in addresses]
    except (OSError, ValueError):
        addresses, listed = [], []
    if not addresses:
        raise BackendError(f"The name {host} can't be resolved.", code="backend_unknown_name")
    for address, known in zip(addresses, listed, strict=True):
        if not known and not is_public(address):
            raise BackendError(
                f"{host} resolves to {address}, which is not a public address; if that is intended,"
                " list its network in this backend's allow_networks.",
                code="address_refused",
                retryable=False,
            )
        if not known and only_listed:
            raise BackendError(
                f"Residents' data are not sent to {host} unencrypted; use https, or list its"
                " network in this backend's allow_networks.",
                code="not_encrypted",
                retryable=False,
            )
    for address in addresses[:-1]:
        with suppress(Exception):
            async with asyncio.timeout(_NEXT_ADDRESS_AFTER_SECONDS):
                return await dial(address)
    return await dial(addresses[-1])


def _inner(ip: Address) -> Address:
    """The IPv4 address that an IPv6 one wraps (mapped, 6to4, NAT64), else itself."""
    if isinstance(ip, IPv6Address):
        wrapped = ip.ipv4_mapped or ip.sixtofour
        if wrapped is not None:
            return wrapped
        if any(ip in network for network in _NAT64):
            return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip
