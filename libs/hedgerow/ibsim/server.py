"""The server: the gateway's socket, the admin socket and the replay, started and stopped together."""

from __future__ import annotations

import asyncio
import itertools

from hedgerow.domain.errors import InvalidValue
from hedgerow.ibsim.admin import AdminServer
from hedgerow.ibsim.config import IbsimConfig
from hedgerow.ibsim.faults.model import Fault
from hedgerow.ibsim.faults.scenario import read_scenario
from hedgerow.ibsim.replay import Replay
from hedgerow.ibsim.requests.dispatch import dispatch
from hedgerow.ibsim.session import Session
from hedgerow.ibsim.simulation import Simulation
from hedgerow.telemetry.logs import get_logger

_LOG = get_logger(part="server")
_PORT_RETRY_S = 0.05


class IbsimServer:
    """One simulated gateway; `port` and `admin_port` are known once it has started."""

    def __init__(self, config: IbsimConfig) -> None:
        self.config = config
        self.port = config.port
        self.admin_port = config.admin_port
        self.stopping = asyncio.Event()
        self._connection_ids = itertools.count(1)
        self._server: asyncio.Server | None = None
        self._admin: AdminServer | None = None
        self._replay_task: asyncio.Task[None] | None = None
        self._simulation: Simulation | None = None
        self._stopped = False
        self._faults: tuple[Fault, ...] = ()
        self._outage: asyncio.Task[None] | None = None

    @property
    def simulation(self) -> Simulation:
        """What is behind the socket; only after `start`."""
        assert self._simulation is not None, "the server has not been started"
        return self._simulation

    async def start(self) -> None:
        """Listen and begin to replay. Raises InvalidValue when a port is taken or a file unusable."""
        config = self.config
        self._faults = read_scenario(config.scenario) if config.scenario is not None else ()
        try:
            # The port first: a second gateway must not touch the files of the one that has it.
            self._server = await self._listen(config.port)
        except OSError as error:
            raise InvalidValue("port", config.port, f"a free port ({error.strerror})", "choose another port") from error
        try:
            await self._start_simulation()
            await self._server.start_serving()
        except BaseException:
            await self.stop()
            raise
        _LOG.info("listening", account=config.account, host=config.host, port=self.port, admin_port=self.admin_port)

    async def _listen(self, port: int) -> asyncio.Server:
        return await asyncio.get_running_loop().create_server(
            lambda: Session(self.simulation, dispatch, next(self._connection_ids)),
            self.config.host,
            port,
            start_serving=False,
        )

    def _go_away(self, down_s: float) -> None:
        """Stop listening, and listen again on the same port after `down_s`."""
        assert self._server is not None
        self._server.close()
        if self._outage is not None:
            self._outage.cancel()
        self._outage = asyncio.create_task(self._come_back(down_s), name="ibsim-outage")

    async def _come_back(self, down_s: float) -> None:
        await asyncio.sleep(down_s)
        while True:
            try:
                self._server = await self._listen(self.port)
                break
            except OSError:
                # The port may be somebody's outgoing one for a moment.
                await asyncio.sleep(_PORT_RETRY_S)
        await self._server.start_serving()

    async def _start_simulation(self) -> None:
        assert self._server is not None
        config = self.config
        simulation = self._simulation = Simulation(config)
        replay = Replay(simulation)
        self.port = self._server.sockets[0].getsockname()[1]
        self._admin = AdminServer(simulation, replay, self.stopping)
        try:
            self.admin_port = await self._admin.start(config.host, config.admin_port)
        except OSError as error:
            raise InvalidValue("admin_port", config.admin_port, f"a free port ({error.strerror})") from error
        speed = config.speed if config.autostart else simulation.resumed_speed
        if speed:
            simulation.time.set_speed(speed)
        simulation.faults.outage = self._go_away
        for fault in self._faults:
            simulation.faults.arm(fault)
        self._replay_task = asyncio.create_task(replay.run(), name="ibsim-replay")
        self._replay_task.add_done_callback(self._replay_ended)

    def _replay_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            _LOG.critical("replay_failed", exc_info=task.exception())
            self.stopping.set()

    async def stop(self) -> None:
        """Close every connection and save the book; once is enough."""
        if self._stopped:
            return
        self._stopped = True
        if self._replay_task is not None:
            self._replay_task.cancel()
            await asyncio.gather(self._replay_task, return_exceptions=True)
        if self._outage is not None:
            self._outage.cancel()
            await asyncio.gather(self._outage, return_exceptions=True)
        if self._admin is not None:
            await self._admin.stop()
        if self._server is not None:
            self._server.close()
        if self._simulation is not None:
            for session in list(self._simulation.connections.values()):
                session.close()
            self._simulation.close()

    def raise_if_failed(self) -> None:
        """Raises RuntimeError when the replay ended by a fault of its own."""
        task = self._replay_task
        if task is not None and task.done() and not task.cancelled() and task.exception() is not None:
            raise RuntimeError("the replay failed") from task.exception()
