"""``python -m provenance_registry``: one process with web server, sender and chain."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from provenance.errors import ProvenanceError
from provenance_registry.app import Registry, build
from provenance_registry.settings import Settings


async def _serve(registry: Registry, settings: Settings) -> None:
    server = Server(
        registry.web,
        address=settings.bind_host,
        port=settings.bind_port,
        interface=Interfaces.ASGI,
        log_enabled=True,
        log_level=LogLevels.warning,
        websockets=False,
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, server.stop)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(server.stop))
    if os.environ.get("KILNMARK_STOP_WITH_STDIN"):
        # Whoever started this process holds the other end: when it dies, however it dies, so does the registry.
        threading.Thread(target=_stop_with_stdin, args=(loop, server), daemon=True).start()
    registry.worker.start()
    await server.serve()


def _stop_with_stdin(loop: asyncio.AbstractEventLoop, server: Server) -> None:
    while sys.stdin.buffer.read(4096):
        pass
    loop.call_soon_threadsafe(server.stop)


def main() -> int:
    """Run the registry until it is told to stop; return an exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    for noisy in ("httpx", "alembic", "eth"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        settings = Settings.from_env(os.environ)
        registry = build(settings)
    except ProvenanceError as error:
        print(f"{error.message}" + (f"\n{error.hint}" if error.hint else ""), file=sys.stderr)
        return 5
    try:
        print(f"{settings.name} registry at {settings.base_url}", file=sys.stderr, flush=True)
        asyncio.run(_serve(registry, settings))
    except OSError as error:
        print(f"Cannot listen on {settings.bind_host}:{settings.bind_port}: {error.strerror}.", file=sys.stderr)
        return 5
    finally:
        registry.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
