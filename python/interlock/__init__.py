"""Interlock for Python: a bot of a fleet, with mandatory mutual TLS and per-method scopes.

import interlock

bot = interlock.join("localhost:7443", "python/1", token, manifest="gen/interlock.manifest.json")
server = bot.serve(lambda s: add_VisionServiceServicer_to_server(Vision(), s), port=50051)
stub = ThermometerServiceStub(bot.channel("localhost:50052"))
"""

from ._bot import AioServer, Bot, Server, join
from ._chain import Caller, Denial
from ._context import caller
from ._errors import REASONS, InterlockError, reason_of
from ._manifest import Rate
from ._names import SpiffeId

__all__ = [
    "REASONS",
    "AioServer",
    "Bot",
    "Caller",
    "Denial",
    "InterlockError",
    "Rate",
    "Server",
    "SpiffeId",
    "caller",
    "join",
    "reason_of",
]
