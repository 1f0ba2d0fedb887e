"""A line to one broker that loses acknowledgements: what is written arrives and is kept, but its writer is
cut off before it hears of it."""

import asyncio
import contextlib
import itertools
import socket
import threading

PRODUCE = 0  # the number of Kafka's request that writes


class LossyLine:
    """Listens on `port` and passes everything on to the broker's. While `loses` is not 0, of so many answers
    to a write one is withheld, and its connection is cut."""

    def __init__(self, broker_port: int):
        self.broker_port = broker_port
        self.loses = 0
        self.lost = 0
        self.answered = itertools.count(1)
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self) -> None:
        asyncio.set_event_loop(self.loop)
        with contextlib.suppress(RuntimeError):  # it is stopped
            self.loop.run_until_complete(self.serve())

    async def serve(self) -> None:
        server = await asyncio.start_server(self.connected, sock=self.listening)
        async with server:
            await server.serve_forever()

    def end(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)

    async def connected(self, reader, writer) -> None:
        try:
            its_reader, its_writer = await asyncio.open_connection("127.0.0.1", self.broker_port)
        except OSError:
            writer.close()
            return
        writes: set[bytes] = set()  # numbers of requests that write and are not answered
        ways = [
            asyncio.ensure_future(self.requests(reader, its_writer, writes)),
            asyncio.ensure_future(self.answers(its_reader, writer, writes)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        writer.close()
        its_writer.close()

    async def requests(self, reader, writer, writes: set[bytes]) -> None:
        while True:
            head = await reader.readexactly(4)
            body = await reader.readexactly(int.from_bytes(head, "big"))
            if int.from_bytes(body[:2], "big") == PRODUCE:
                writes.add(body[4:8])
            writer.write(head + body)
            await writer.drain()

    async def answers(self, reader, writer, writes: set[bytes]) -> None:
        while True:
            head = await reader.readexactly(4)
            body = await reader.readexactly(int.from_bytes(head, "big"))
            if body[:4] in writes:
                writes.discard(body[:4])
                if self.loses and next(self.answered) % self.loses == 0:
                    self.lost += 1
                    return
            writer.write(head + body)
            await writer.drain()
