"""Quart on inscope, by no line at all: nothing here knows of it.

Run it without, ``python no_line_quart.py``, and with it:
``python -m inscope.dropin no_line_quart.py``.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from quart import Quart, request, stream_with_context

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

app = Quart(__name__)
both_there = asyncio.Barrier(2)


@app.get("/")
async def hello() -> AsyncIterator[bytes]:
    """Greet whoever is asking, by a stream that waits for another in its middle."""

    @stream_with_context
    async def words() -> AsyncIterator[bytes]:
        yield f"hello {request.args['user']}".encode()
        await both_there.wait()
        yield f", still {request.args['user']}".encode()

    return words()


async def ask(user: str) -> str:
    """Return what *user* is told."""
    response = await app.test_client().get(f"/?user={user}")
    return await response.get_data(as_text=True)


async def main() -> None:
    """Have two ask at once."""
    print(f"the proxies are of {type(request).__module__}")
    for answer in await asyncio.gather(ask("ann"), ask("bob")):
        print(answer)


if __name__ == "__main__":
    asyncio.run(main())
