"""Connections to web servers, opened to no address that was not checked and kept no longer than a page may take.

A host's name is looked up once for each connection. Where every address behind it may be asked, one of them is
connected to as a number: between check and connection nothing is looked up again. TLS and the Host header stay by name.
No proxy is used: it would do the looking up, and lead wherever it likes.
"""

from __future__ import annotations

import math
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

from qa import addresses

_ADDRESSES_TRIED = 4  # of a host that has more; each gets its share of the time for connecting


class PrivateAddress(Exception):
    """`host` is at `address`, on this machine or its network, where the request may not go. Nothing was sent."""

    def __init__(self, host: str, address: str) -> None:
        super().__init__(f"{host} is at {address}")
        self.host, self.address = host, address


class OutOfTime(Exception):
    """The seconds that were left for the network are spent."""


class Transport(httpx.BaseTransport):
    """The way of an httpx.Client to the network.

    A request goes to public addresses only, unless its extension "private" is True; the response's says whether it
    came from a private one. Connections of the two kinds are kept apart: one that leads inside serves no request that
    could not have opened it. `seconds` that the network takes are counted down, over all requests; raises OutOfTime
    when none are left, PrivateAddress, and the errors of httpcore.
    """

    def __init__(self) -> None:
        self.seconds = math.inf
        trusted = httpx.create_ssl_context()  # also certificates that SSL_CERT_FILE names
        self._pools = {
            private: httpcore.ConnectionPool(
                ssl_context=trusted, keepalive_expiry=5.0, network_backend=_Backend(self, private=private)
            )
            for private in (False, True)
        }

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._pools[request.extensions.get("private") is True].handle_request(
            httpcore.Request(
                request.method,
                httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        private = answer.extensions["network_stream"].get_extra_info("private")
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Body(answer),
            extensions={**answer.extensions, "private": private},
        )

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()

    @contextmanager
    def spending(self, timeout: float | None) -> Iterator[float]:
        """The seconds that what is done in the block may take, `timeout` at most. They are counted."""
        left = self.seconds
        if left <= 0:
            raise OutOfTime
        began = time.monotonic()
        try:
            yield left if timeout is None else min(timeout, left)
        except httpcore.TimeoutException:
            if time.monotonic() - began < left:
                raise
            raise OutOfTime from None
        finally:
            self.seconds -= time.monotonic() - began


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class _Backend(httpcore.NetworkBackend):
    """Opens connections; to private addresses only where `private`."""

    def __init__(self, transport: Transport, *, private: bool) -> None:
        self._transport, self._private = transport, private
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        with self._transport.spending(timeout) as seconds:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found = list(dict.fromkeys(str(each[4][0]) for each in answers))
            for address in found:
                # All of them: what is out on the web has no address in here, unless somebody means harm by it.
                if not self._private and not addresses.is_public(address):
                    raise PrivateAddress(host, address)
            tried = found[:_ADDRESSES_TRIED]
            failed: Exception = httpcore.ConnectError(f"{host} has no address")
            for address in tried:
                try:
                    stream = self._sockets.connect_tcp(
                        address, port, seconds / len(tried), local_address, socket_options
                    )
                except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                    failed = error
                else:
                    return _Stream(stream, self._transport, private=not addresses.is_public(address))
            raise failed


class _Stream(httpcore.NetworkStream):
    """A connection whose time is counted."""

    def __init__(self, stream: httpcore.NetworkStream, transport: Transport, *, private: bool) -> None:
        self._stream, self._transport, self._private = stream, transport, private

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with self._transport.spending(timeout) as seconds:
            return self._stream.read(max_bytes, seconds)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with self._transport.spending(timeout) as seconds:
            self._stream.write(buffer, seconds)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        with self._transport.spending(timeout) as seconds:
            stream = self._stream.start_tls(ssl_context, server_hostname, seconds)
        return _Stream(stream, self._transport, private=self._private)

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._private if info == "private" else self._stream.get_extra_info(info)
