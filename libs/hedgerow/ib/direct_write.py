"""Bytes into the kernel before the call returns: nothing waits in this process to leave later."""

from __future__ import annotations

import asyncio
import os


def write_now(transport: asyncio.WriteTransport, data: bytes) -> None:
    """Writes to a connected socket behind an event loop's transport.

    A transport keeps what it is given until the loop comes round, and for longer while its peer does not read: a
    process stopped meanwhile would send it when it wakes. Raises BlockingIOError when the peer does not read what was
    written before, ConnectionError when the connection is gone: then not one byte left.
    """
    if transport.is_closing():
        raise ConnectionResetError("the connection is closing")
    if transport.get_write_buffer_size():
        raise BlockingIOError("the peer does not read")
    sent = os.write(transport.get_extra_info("socket").fileno(), data)
    if sent < len(data):
        transport.write(data[sent:])  # begun, so it has to be finished
