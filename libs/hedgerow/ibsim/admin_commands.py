"""What the admin socket can command: the clock, quotes, faults, positions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.instrument import parse_instrument_id
from hedgerow.domain.position import Position
from hedgerow.ibsim.contracts import Listing
from hedgerow.ibsim.faults.scenario import read_fault
from hedgerow.ibsim.replay import Replay
from hedgerow.ibsim.session import Session
from hedgerow.ibsim.simulation import Simulation

Arguments = dict[str, Any]


class Commands:
    """The commands by name, in `table`; each takes and gives plain JSON values.

    They raise InvalidValue for a bad argument, KeyError for a missing one, TypeError or ValueError for one
    of the wrong type.
    """

    def __init__(self, simulation: Simulation, replay: Replay, stopping: asyncio.Event) -> None:
        self._simulation = simulation
        self._replay = replay
        self._stopping = stopping
        self.table: dict[str, Callable[[Arguments], Arguments]] = {
            "status": self._status,
            "pause": self._pause,
            "resume": self._resume,
            "speed": self._speed,
            "seek": self._seek,
            "set_quote": self._set_quote,
            "emit_tick": self._set_quote,
            "freeze": self._freeze,
            "drop": self._drop,
            "mute": self._mute,
            "error": self._error,
            "seed_position": self._seed_position,
            "expire": self._expire,
            "exercise": self._exercise,
            "assign": self._assign,
            "fault": self._fault,
            "faults": self._faults,
            "clear_faults": self._clear_faults,
            "shutdown": self._shutdown,
        }

    def _status(self, _: Arguments) -> Arguments:
        simulation, time = self._simulation, self._simulation.time
        return {
            "account": simulation.config.account,
            "date": simulation.day.meta.date.isoformat(),
            "symbol": simulation.day.meta.symbol,
            "session_open_ns": time.hours.open_ns,
            "session_close_ns": time.hours.close_ns,
            "stop_ns": simulation.day.stop,
            "market_now": time.now(),
            "watermark": time.watermark,
            "epoch": time.epoch,
            "speed": time.speed,
            "ended": time.ended,
            "frozen": simulation.frozen,
            "muted": sorted(simulation.muted),
            "clients": [
                {"client_id": s.client_id, "server_version": s.version, "subscriptions": len(s.subscriptions)}
                for s in simulation.hub.sessions.values()
            ],
            "open_orders": len(simulation.desk.working()),
            "executions": len(simulation.book.executions),
            "cash": str(simulation.book.cash),
            "positions": {n: str(p.quantity) for n, p in simulation.book.positions.items() if p.quantity},
        }

    def _pause(self, _: Arguments) -> Arguments:
        return self._set_speed(0.0)

    def _resume(self, arguments: Arguments) -> Arguments:
        return self._set_speed(float(arguments.get("speed") or self._simulation.config.speed))

    def _speed(self, arguments: Arguments) -> Arguments:
        return self._set_speed(float(arguments["speed"]))

    def _set_speed(self, speed: float) -> Arguments:
        if not 0 <= speed <= 100_000:
            raise InvalidValue("speed", speed, "0 (paused) to 100000 market seconds per second")
        self._simulation.time.set_speed(speed)
        self._replay.wake()
        return {"speed": speed, "market_now": self._simulation.time.now()}

    def _seek(self, arguments: Arguments) -> Arguments:
        market_time, day = int(arguments["market_time"]), self._simulation.day
        if not day.start <= market_time <= day.stop:
            raise InvalidValue("market_time", market_time, f"{day.start} to {day.stop}, the day being played")
        self._replay.seek(market_time)
        return {"market_time": market_time}

    def _set_quote(self, arguments: Arguments) -> Arguments:
        listing = self._listing(arguments)
        sizes = float(arguments.get("bid_size", 1000)), float(arguments.get("ask_size", 1000))
        bid, ask = _price(arguments, "bid"), _price(arguments, "ask")
        return {"event_time": self._simulation.emit(listing, bid, ask, *sizes)}

    def _freeze(self, arguments: Arguments) -> Arguments:
        silences = self._simulation.silences
        if arguments.get("on", True):
            silences.add("frozen")
        else:
            silences.discard("frozen")
        return {"frozen": self._simulation.frozen}

    def _drop(self, arguments: Arguments) -> Arguments:
        dropped = [session.client_id for session in self._sessions(arguments)]
        for session in self._sessions(arguments):
            if arguments.get("abort"):
                session.abort("the admin said so")
            else:
                session.close()
        return {"dropped": dropped}

    def _mute(self, arguments: Arguments) -> Arguments:
        self._simulation.muted = {int(message_id) for message_id in arguments.get("ids", [])}
        return {"muted": sorted(self._simulation.muted)}

    def _error(self, arguments: Arguments) -> Arguments:
        sessions = self._sessions(arguments)
        for session in sessions:
            session.error(int(arguments.get("req_id", -1)), int(arguments["code"]), str(arguments["message"]))
            session.flush()
        return {"sent": len(sessions)}

    def _seed_position(self, arguments: Arguments) -> Arguments:
        listing, book = self._listing(arguments), self._simulation.book
        before = book.positions.get(listing.instrument_id, Position())
        position = Position(
            Decimal(str(arguments["quantity"])), Decimal(str(arguments["average_price"])), before.realized_pnl
        )
        book.set_position(listing.instrument, position)
        self._simulation.hub.position_changed(listing.instrument_id)
        self._simulation.hub.account_changed(self._simulation.time.now())
        self._simulation.hub.flush()
        return {"instrument_id": listing.instrument_id, "quantity": str(position.quantity)}

    def _expire(self, arguments: Arguments) -> Arguments:
        return self._simulation.option_events.expire(self._listing(arguments).instrument_id)

    def _exercise(self, arguments: Arguments) -> Arguments:
        name = self._listing(arguments).instrument_id
        return self._simulation.option_events.exercise(name, _contracts(arguments))

    def _assign(self, arguments: Arguments) -> Arguments:
        name = self._listing(arguments).instrument_id
        return self._simulation.option_events.assign(name, _contracts(arguments))

    def _fault(self, arguments: Arguments) -> Arguments:
        run = self._simulation.faults.arm(read_fault(arguments))
        self._simulation.hub.flush()
        return run.as_dict()

    def _faults(self, _: Arguments) -> Arguments:
        return {"faults": [run.as_dict() for run in self._simulation.faults.runs]}

    def _clear_faults(self, arguments: Arguments) -> Arguments:
        return {"cleared": self._simulation.faults.clear(arguments.get("fault"))}

    def _shutdown(self, _: Arguments) -> Arguments:
        self._stopping.set()
        return {}

    def _listing(self, arguments: Arguments) -> Listing:
        name = parse_instrument_id(str(arguments["instrument_id"])).instrument_id
        listing = self._simulation.universe.by_id.get(name)
        if listing is None:
            raise InvalidValue("instrument_id", name, "an instrument of the market")
        return listing

    def _sessions(self, arguments: Arguments) -> list[Session]:
        sessions = self._simulation.hub.sessions
        client_id = arguments.get("client_id")
        if client_id is None:
            return list(sessions.values())
        return [sessions[int(client_id)]] if int(client_id) in sessions else []


def _contracts(arguments: Arguments) -> Decimal | None:
    value = arguments.get("quantity")
    return None if value is None else Decimal(str(value))


def _price(arguments: Arguments, key: str) -> float | None:
    value = arguments.get(key)
    if value is None:
        return None
    price = float(value)
    if not 0 < price < 1e9:
        raise InvalidValue(key, value, "a price above zero, or null for an absent side")
    return price
