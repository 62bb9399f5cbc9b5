"""From a spec to market data: tapes read, imported or made, per symbol in order of date, each with its hash."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from hedgerow.backtest.feed import Leg
from hedgerow.backtest.scenarios import overlay
from hedgerow.backtest.spec import History, Scenario, Spec
from hedgerow.backtest.spec import Position as HeldPosition
from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.instrument import Instrument, parse_instrument_id
from hedgerow.strategy.kit.config import StrategyConfig
from hedgerow.tape.format import COLUMN_NAMES, Tape, TapeColumns, TapeMeta
from hedgerow.tape.lean import import_lean
from hedgerow.tape.lean_source import find_day
from hedgerow.tape.reader import read_meta, read_tape
from hedgerow.tape.select import select_straddle
from hedgerow.tape.sessions import session
from hedgerow.tape.synth_model import model_days

Say = Callable[[str], None]


def quiet(words: str) -> None:
    """No one watches."""


def tapes_of(spec: Spec, say: Say = quiet) -> dict[str, tuple[Tape, ...]]:
    """The spec's tapes by symbol, in order of date, the scenario laid over them.

    Raises InvalidValue for data that are absent, damaged or of one symbol and day twice.
    """
    tapes = list(_given(spec, say))
    if spec.scenario is not None:
        say(f"scenario {spec.scenario.name}")
        tapes = [overlay(tape, spec.scenario.name, spec.seed) for tape in tapes] or list(
            _made(spec.scenario, spec.seed)
        )
    found: dict[str, tuple[Tape, ...]] = {}
    for tape in sorted(tapes, key=lambda tape: (tape.meta.symbol, tape.meta.date)):
        earlier = found.get(tape.meta.symbol, ())
        if earlier and earlier[-1].meta.date == tape.meta.date:
            raise InvalidValue("tapes", tape.meta.date.isoformat(), f"each day of {tape.meta.symbol} once")
        found[tape.meta.symbol] = (*earlier, tape)
    return found


def check_symbols(spec: Spec, tapes: dict[str, tuple[Tape, ...]]) -> None:
    """Raises InvalidValue for a strategy without tapes, and for tapes that no strategy runs over."""
    wanted = list(dict.fromkeys(config.underlying.symbol for config in spec.strategies))
    for symbol in wanted:
        if symbol not in tapes:
            rule = f"a symbol the tapes are of: {', '.join(tapes)}"
            raise InvalidValue("underlying.symbol", symbol, rule, f"--set underlying.symbol={next(iter(tapes))}")
    for symbol in tapes:
        if symbol not in wanted:
            rule = f"every tape is run over by a strategy; there are strategies on {', '.join(wanted)} alone"
            raise InvalidValue("tapes", symbol, rule, f"leave the tape out, or add a strategy on {symbol} to the spec")


def _given(spec: Spec, say: Say) -> Iterator[Tape]:
    for path in spec.tapes:
        say(f"reading {path.name}")
        yield read_tape(path)
    if spec.history is not None:
        yield from _from_lean(spec.history, say) if spec.history.lean is not None else _from_tapes(spec.history, say)


def _from_tapes(history: History, say: Say) -> Iterator[Tape]:
    assert history.tapes is not None
    found = 0
    for path in sorted(history.tapes.glob("*.parquet")):
        meta = read_meta(path)
        if meta.symbol == history.symbol and history.start <= meta.date <= history.end:
            say(f"reading {path.name}")
            found += 1
            yield read_tape(path)
    if not found:
        rule = f"a folder with tapes of {history.symbol} from {history.start} to {history.end}"
        raise InvalidValue("history.tapes", history.tapes.name, rule, "`hedgerow tape info` tells what a file is of")


def _from_lean(history: History, say: Say) -> Iterator[Tape]:
    assert history.lean is not None
    days = [day for day in _sessions(history) if _is_there(history.lean, history.symbol, day)]
    if not days:  # says what there is instead
        find_day(history.lean, history.symbol, history.start)
    with TemporaryDirectory() as folder:
        for day in days:
            say(f"importing {history.symbol} {day}")
            import_lean(history.lean, history.symbol, day, Path(folder) / "day.parquet", trades=False)
            yield read_tape(Path(folder) / "day.parquet")


def _sessions(history: History) -> Iterator[date]:
    day = history.start
    while day <= history.end:
        if session(day) is not None:
            yield day
        day += timedelta(days=1)


def _is_there(folder: Path, symbol: str, day: date) -> bool:
    try:
        find_day(folder, symbol, day)
    except InvalidValue as error:
        if error.key == "date":
            return False
        raise
    return True


def _made(scenario: Scenario, seed: int) -> Iterator[Tape]:
    """Days in a row by the generator, the scenario laid over each anew, each beginning where the last one ended."""

    def laid_over(number: int, meta: TapeMeta, columns: TapeColumns) -> tuple[TapeMeta, TapeColumns]:
        tape = overlay(Tape.of(meta, columns), scenario.name, seed + number)
        return tape.meta, tape

    days = model_days(
        seed, scenario.start, scenario.days, scenario.symbol, interval_ms=scenario.interval_ms, change=laid_over
    )
    made = 0
    try:
        for meta, columns in days:
            yield Tape.of(meta, columns)
            made += 1
    except InvalidValue as error:
        if error.key != "spot":
            raise
        rule = f"days that leave the price {error.rule}; after {made} it is {error.value:.2f}"
        raise InvalidValue("scenario.days", scenario.days, rule, f"at most {made}, or another seed") from error


def tape_hash(tape: Tape) -> str:
    """sha256 (hex) over what a tape says: symbol, day, instruments, interval and every row; not the file's bytes."""
    meta = tape.meta
    instruments = [f"{each.instrument_id} {each.multiplier}" for each in meta.instruments]
    session_ns = [str(meta.session_open_ns), str(meta.session_close_ns)]
    said = [meta.symbol, meta.date.isoformat(), str(meta.interval_ms), *session_ns, *instruments]
    digest = hashlib.sha256("\n".join(said).encode())
    for name in COLUMN_NAMES:
        values = np.ascontiguousarray(getattr(tape, name))
        if values.dtype == np.float64:
            values = np.where(np.isnan(values), np.nan, values)  # one NaN, whatever its payload
        digest.update(values.tobytes())
    return digest.hexdigest()


def hash_of(hashes: list[str]) -> str:
    """One hash for several tapes, in order; that of a single one is its own."""
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("\n".join(hashes).encode()).hexdigest()


def legs_of(position: HeldPosition, config: StrategyConfig, tapes: tuple[Tape, ...]) -> tuple[Leg, ...]:
    """The option legs a strategy holds from its first day on; none for one that adopts nothing (`adopt: none`).

    Raises InvalidValue where the data have none such, or stop quoting one before it expires.
    """
    legs = _legs(position, config, tapes)
    for tape in tapes:
        for leg in legs:
            if leg.instrument not in tape.meta.instruments and tape.meta.session_open_ns < leg.expiry_close:
                raise InvalidValue(
                    "position", leg.instrument.instrument_id, f"quoted until it expires; {tape.meta.date} lists none",
                    "run days that list it, or `position: {kind: synthetic_straddle}`",
                )  # fmt: skip
    return legs


def _legs(position: HeldPosition, config: StrategyConfig, tapes: tuple[Tape, ...]) -> tuple[Leg, ...]:
    if position.kind == "none" or config.adopt == "none":
        return ()
    if position.kind == "legs":
        return tuple(
            Leg(
                instrument := parse_instrument_id(leg.instrument),
                leg.contracts,
                _first_mid(tapes, instrument) if leg.average_price is None else leg.average_price,
            )
            for leg in position.legs
            if parse_instrument_id(leg.instrument).symbol == config.underlying.symbol
        )
    if position.kind == "straddle" and len(tapes[0].meta.instruments) == 1:
        raise InvalidValue(
            "position.kind", position.kind, f"a tape with options, and that of {tapes[0].meta.symbol} has none",
            "add --synthetic-straddle, or `position: {kind: synthetic_straddle}` or `{kind: none}` to the spec",
        )  # fmt: skip
    structure = config.gates.strategy.structure
    straddle = select_straddle(tapes[0], structure.min_dte, structure.max_dte)
    return (
        Leg(straddle.call, position.contracts, straddle.call_mid, straddle.as_of_ns),
        Leg(straddle.put, position.contracts, straddle.put_mid, straddle.as_of_ns),
    )


def _first_mid(tapes: tuple[Tape, ...], wanted: Instrument) -> float:
    """The first two-sided mid in session of an instrument."""
    for tape in tapes:
        if wanted in tape.meta.instruments:
            of_it = (tape.instrument == tape.meta.instruments.index(wanted)) & ~tape.extended
            known = np.flatnonzero(of_it & (tape.bid <= tape.ask))
            if len(known):
                return float(tape.bid[known[0]] + tape.ask[known[0]]) * 0.5
    rule = "a contract the tapes quote on both sides, or one with an average_price"
    raise InvalidValue("position.legs", wanted.instrument_id, rule, "`hedgerow tape info FILE` lists expiries")
