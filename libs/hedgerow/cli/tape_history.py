"""`hedgerow tape import-ib`: historical bars from the broker, through a running market-data, to tapes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, cast

import grpc
import typer
from google.protobuf.timestamp_pb2 import Timestamp

from hedgerow import state_dir
from hedgerow.api.market_data.v1 import market_data_pb2, market_data_pb2_grpc
from hedgerow.cli import tape_import
from hedgerow.cli.output import JsonFlag, SessionArgument, print_json, progress
from hedgerow.cli.tape import PolicyOption, parse_day, print_quality, tell
from hedgerow.domain.errors import FailedPrecondition, InvalidValue
from hedgerow.domain.instrument import Instrument, parse_instrument_id, stock
from hedgerow.rpc.errors import domain_error, rpc_reason
from hedgerow.settings import Settings
from hedgerow.tape.history import PRINTS, DayOfHistory, HistoryBar, Piece
from hedgerow.tape.info import describe
from hedgerow.tape.quality import Report, policy_of
from hedgerow.tape.sessions import session as session_of

_CALL_S = 60.0
# How often a request that the broker's pacing holds back, or a lost connection, is tried again.
_RETRY_S = 5.0
# A lost connection comes back within seconds or has to be seen to.
_MOST_RETRIES = 6
HISTORY_PACED = "HISTORY_PACED"
_LOST = ("BROKER_DOWN", "REQUEST_TIMEOUT")
_PRICES = {
    "BID": market_data_pb2.BAR_PRICE_BID,
    "ASK": market_data_pb2.BAR_PRICE_ASK,
    PRINTS: market_data_pb2.BAR_PRICE_TRADES,
}
app = tape_import.app
_LENGTHS = {"1s": 1, "5s": 5, "1m": 60, "5m": 300, "1h": 3_600}

Ask = Callable[[Instrument, Piece, int], list[HistoryBar]]


@app.command("import-ib")
def import_ib(
    session: SessionArgument = "live",
    *,
    symbol: Annotated[str, typer.Option("--symbol", help="The stock's ticker symbol.")],
    first: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD.")],
    last: Annotated[str, typer.Option("--to", help="Last day, YYYY-MM-DD; none = the first.")] = "",
    bar_size: Annotated[str, typer.Option("--bar-size", help="1s, 5s, 1m, 5m or 1h.")] = "1m",
    options: Annotated[
        list[str] | None,
        typer.Option("--option", help="An option contract besides, 'GOOG 20160122 750 C'; repeat as needed."),
    ] = None,
    prints: Annotated[bool, typer.Option("--trades/--no-trades", help="Bars of trades too, a third request.")] = False,
    out: Annotated[Path, typer.Option("--out", help="Folder for SYMBOL-DATE.parquet, one a day.")] = Path(),
    policies: PolicyOption = None,
    json_: JsonFlag = False,
) -> None:
    """Downloads bids and asks from the broker through a running market-data; goes on where it was interrupted."""
    length = _LENGTHS.get(bar_size)
    if length is None:
        raise InvalidValue("--bar-size", bar_size, f"one of {', '.join(_LENGTHS)}")
    if not out.is_dir():
        raise InvalidValue("--out", str(out), "a folder that exists")
    begin = parse_day(first, "--from")
    days = sessions_between(begin, parse_day(last, "--to") if last else begin)
    instruments = _instruments(symbol.upper(), options or [])
    policy = policy_of(policies or [])
    work = [DayOfHistory(out, day, instruments, length, prints) for day in days]
    with _market_data(session) as ask, progress() as bar:
        task = bar.add_task(f"{symbol.upper()} history", total=sum(len(day.pieces()) for day in work))
        written: list[tuple[DayOfHistory, Report | None]] = []
        for day in work:
            report = None
            if not day.done:
                download(day, ask, lambda text: bar.update(task, description=text))
                _, report = day.write(f"broker history, {bar_size} bars of bid and ask", policy)
            bar.advance(task, len(day.pieces()))
            written.append((day, report))
    if json_:
        documents = [(describe(day.path), report) for day, report in written]
        print_json({"tapes": [{**told, "report": report and report.to_json()} for told, report in documents]})
        return
    for day, report in written:
        tell(day.path, describe(day.path), False)
        if report is not None:
            print_quality(report)


def sessions_between(first: date, last: date) -> list[date]:
    """The sessions of those days; raises InvalidValue where there are none."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    found = [day for day in days if session_of(day) is not None]
    if not found:
        rule = "days of which one is a session, not ending before it begins"
        raise InvalidValue("--from", f"{first} to {last}", rule)
    for day in found:
        hours = session_of(day)
        if hours is not None and hours[1] > time.time_ns():
            raise InvalidValue("--to", day.isoformat(), "a session that is over: half a day would pass for a whole one")
    return found


def download(
    day: DayOfHistory, ask: Ask, tell_: Callable[[str], None], pause: Callable[[float], None] = time.sleep
) -> None:
    """Asks for every piece of the day that did not come yet.

    Waits as long as the broker's pacing says so, and a while for a connection that is lost; other failures are raised.
    """
    day.begin()
    for piece in day.missing():
        instrument, lost = day.instruments[piece.instrument], 0
        what = f"{day.day} {instrument.instrument_id} {piece.side}"
        tell_(what)
        while True:
            try:
                day.keep(piece, ask(instrument, piece, day.bar_seconds))
                break
            except grpc.RpcError as error:
                reason = rpc_reason(cast(grpc.aio.AioRpcError, error))
                lost += reason in _LOST
                if reason not in (HISTORY_PACED, *_LOST) or lost > _MOST_RETRIES:
                    raise
            tell_(f"{what}: waiting, {reason}")
            pause(_RETRY_S)


def _instruments(symbol: str, options: Sequence[str]) -> list[Instrument]:
    found = [stock(symbol)]
    for text in options:
        each = parse_instrument_id(text)
        if not each.is_option or each.symbol != symbol or each in found:
            raise InvalidValue("--option", text, f"an option on {symbol}, named once", f"as '{symbol} 20160122 750 C'")
        found.append(each)
    return found


@contextmanager
def _market_data(session: str) -> Iterator[Ask]:
    """A function that asks the session's market-data for bars; errors of its calls become domain errors."""
    settings = Settings.read(state_dir.resolve(session).settings_file)
    endpoint = settings.endpoints.get("market-data")
    if endpoint is None:
        raise FailedPrecondition(f"session {session} has no market-data to ask")
    with grpc.insecure_channel(f"{endpoint.host}:{endpoint.port}") as channel:
        stub: Any = market_data_pb2_grpc.MarketDataServiceStub(channel)

        def ask(instrument: Instrument, piece: Piece, bar_seconds: int) -> list[HistoryBar]:
            end = Timestamp()
            end.FromNanoseconds(piece.end_ns)
            request = market_data_pb2.ListBarsRequest(
                instrument_id=instrument.instrument_id, end_time=end, bar_seconds=bar_seconds, max_bars=piece.bars,
                price=_PRICES[piece.side],
            )  # fmt: skip
            bars = stub.ListBars(request, timeout=_CALL_S).bars
            return [HistoryBar(bar.start_time.ToNanoseconds(), bar.close, bar.volume) for bar in bars]

        try:
            yield ask
        except grpc.RpcError as error:
            raise domain_error(cast(grpc.aio.AioRpcError, error), "market-data") from error
