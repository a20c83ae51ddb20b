"""The FastAGI servers under test, each a process: `python -m bench.agi.servers KIND` prints its port and serves.

Every one of them sends the same ten commands, five times SET VARIABLE and GET VARIABLE, in the way its own
documentation shows.
"""

import asyncio
import sys

PAIRS = 5


def ours() -> None:
    """As in production: our server on uvloop, which also carries Twisted's reactor."""
    import ivr.reactor

    loop = ivr.reactor.install()
    from twisted.internet import reactor

    from ivr.asterisk.agi import AgiServer, Session
    from ivr.clock import LoopClock

    async def handler(session: Session) -> None:
        if session.path != "/call":
            return
        for _ in range(PAIRS):
            await session.set_variable("X", "1")
            await session.get_variable("X")

    async def start() -> None:
        server = AgiServer(handler, clock=LoopClock())
        await server.start("127.0.0.1", 0)
        print(server.port, flush=True)

    reactor.callWhenRunning(lambda: loop.create_task(start()))
    reactor.run()


async def panoramisk() -> None:
    from panoramisk.fast_agi import Application, Request

    async def handler(request: Request) -> None:
        for _ in range(PAIRS):
            await request.send_command('SET VARIABLE "X" "1"')
            await request.send_command('GET VARIABLE "X"')

    application = Application(loop=asyncio.get_running_loop())
    application.add_route("call", handler)
    server = await asyncio.start_server(application.handler, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def panoramisk_on_uvloop() -> None:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(panoramisk())


def line_receiver() -> None:
    """The obvious Twisted server: a LineReceiver that sends the next command at each reply, on the epoll reactor."""
    from twisted.internet import epollreactor

    epollreactor.install()
    from twisted.internet import protocol, reactor
    from twisted.protocols.basic import LineReceiver

    commands = [b'SET VARIABLE "X" "1"', b'GET VARIABLE "X"'] * PAIRS

    class Agi(LineReceiver):
        delimiter = b"\n"

        def connectionMade(self) -> None:
            self.transport.setTcpNoDelay(True)
            self.environment: dict[str, str] | None = {}
            self.left = iter(commands)

        def lineReceived(self, line: bytes) -> None:
            if self.environment is not None and line:
                name, _, value = line.decode().partition(": ")
                self.environment[name] = value
                return
            if not line:
                self.given, self.environment = self.environment, None
            command = next(self.left, None)
            if command is None:
                self.transport.loseConnection()
            else:
                self.sendLine(command)

    factory = protocol.Factory.forProtocol(Agi)
    factory.noisy = False
    print(reactor.listenTCP(0, factory, backlog=1024, interface="127.0.0.1").getHost().port, flush=True)
    reactor.run()


if __name__ == "__main__":
    match sys.argv[1]:
        case "ours":
            ours()
        case "panoramisk":
            asyncio.run(panoramisk())
        case "panoramisk-uvloop":
            panoramisk_on_uvloop()
        case "line-receiver":
            line_receiver()
        case kind:
            sys.exit(f"no server called {kind}")
