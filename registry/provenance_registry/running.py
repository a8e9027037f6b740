"""One process with web server, sender and chain, from its start to its end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import sys
import threading

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from provenance.errors import ConfigurationError
from provenance_registry.app import Registry, build
from provenance_registry.settings import Settings

log = logging.getLogger(__name__)

MAX_ENDING = 5.0
"""Seconds that requests on their way have to end in when the registry stops; then their connections are cut."""


async def _serve(registry: Registry, settings: Settings) -> None:
    server = Server(
        registry.web,
        address=settings.bind_host,
        port=settings.bind_port,
        interface=Interfaces.ASGI,
        log_enabled=True,
        log_level=LogLevels.error,
        websockets=False,
    )
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, told.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(told.set))
    if os.environ.get("KILNMARK_STOP_WITH_STDIN"):
        # Whoever started this process holds the other end: when it dies, however it dies, so does the registry.
        threading.Thread(target=_stop_with_stdin, args=(loop, told), daemon=True).start()
    registry.worker.start()
    serving, telling = asyncio.create_task(server.serve()), asyncio.create_task(told.wait())
    await asyncio.wait({serving, telling}, return_when=asyncio.FIRST_COMPLETED)
    if not serving.done():
        loop.call_soon(server.stop)
        await asyncio.wait({serving}, timeout=MAX_ENDING)
    if not serving.done():
        log.warning("requests that did not end are cut off")
        registry.close()
        logging.shutdown()
        os._exit(0)  # The server's own threads would wait for its clients as long as those like.
    await serving


def _stop_with_stdin(loop: asyncio.AbstractEventLoop, told: asyncio.Event) -> None:
    while sys.stdin.buffer.read(4096):
        pass
    with contextlib.suppress(RuntimeError):  # The server has stopped on its own.
        loop.call_soon_threadsafe(told.set)


def _check_port(settings: Settings) -> None:
    """Return if nobody listens where the server will; raise `ConfigurationError` otherwise.

    The server itself shares its port with others, and buyers would be answered by either.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.bind_host, settings.bind_port, type=socket.SOCK_STREAM
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            if sys.platform != "win32":  # There the option would share the port.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except (OSError, OverflowError) as error:
        raise ConfigurationError(
            "cannot-listen",
            "Nothing can listen at {host}:{port}: {reason}.",
            hint="Another program may have the port: choose another with --port.",
            host=settings.bind_host,
            port=settings.bind_port,
            reason=error,
        ) from None


def run() -> int:
    """Run the registry that the environment describes until it is told to stop; return an exit code.

    Raises `ProvenanceError` where it cannot start.
    """
    settings = Settings.from_env(os.environ)
    _check_port(settings)
    registry = build(settings)
    # What is loaded by now stays: the collector need not walk through all of it again each time it looks for garbage.
    gc.collect()
    gc.freeze()
    try:
        print(f"{settings.name} registry at {settings.base_url}", file=sys.stderr, flush=True)
        asyncio.run(_serve(registry, settings))
    except OSError as error:
        print(f"Cannot listen on {settings.bind_host}:{settings.bind_port}: {error.strerror}.", file=sys.stderr)
        return 5
    finally:
        registry.close()
    return 0
