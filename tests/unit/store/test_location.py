"""Where a session's databases are: from its settings, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.settings import Settings, load
from hedgerow.state_dir import StateDir
from hedgerow.store.location import NAME_LIMIT, StoreLocation, location_of, prefix_of, status_location_of

URL = "postgresql://hedgerow@127.0.0.1:5432/hedgerow"


def state_with(root: Path, *sets: str) -> StateDir:
    state = StateDir(root).create()
    load(sets=sets).dump(state.settings_file)
    return state


def test_without_a_url_it_is_the_folder(tmp_path: Path) -> None:
    state = state_with(tmp_path / "live")
    assert location_of(state) == status_location_of(state) == StoreLocation(folder=state.store_dir)
    assert location_of(StateDir(tmp_path / "nothing")) == StoreLocation(folder=tmp_path / "nothing" / "store")


def test_with_a_url_it_is_the_session_s_schemas(tmp_path: Path) -> None:
    state = state_with(tmp_path / "live", f"store.url={URL}")
    location = location_of(state)
    assert location == StoreLocation(url=URL, prefix="live_")
    assert location.schema("strategy-gamma-scalper") == "live_strategy_gamma_scalper"
    assert location_of(state, Settings.read(state.settings_file)) == location
    named = state_with(tmp_path / "other", f"store.url={URL}", "store.prefix=desk_")
    assert location_of(named).schema("execution") == "desk_execution"


def test_the_status_may_be_in_another_database(tmp_path: Path) -> None:
    state = state_with(tmp_path / "live", f"status.sink={URL}")
    assert location_of(state) == StoreLocation(folder=state.store_dir)
    assert status_location_of(state) == StoreLocation(url=URL, prefix="live_")


@pytest.mark.parametrize(
    ("name", "prefix"),
    [("live", "live_"), ("20260102T120000Z-1a2b3c", "s20260102t120000z_1a2b3c_"), ("_", "s__"), ("A b", "a_b_")],
)
def test_a_prefix_is_made_of_the_folder_s_name(tmp_path: Path, name: str, prefix: str) -> None:
    assert prefix_of(StateDir(tmp_path / name), Settings()) == prefix


def test_names_are_short_enough_and_stay_different(tmp_path: Path) -> None:
    prefixes = {prefix_of(StateDir(tmp_path / f"{'long' * 20}{end}"), Settings()) for end in "ab"}
    schemas = {
        StoreLocation(url=URL, prefix=prefix).schema(f"strategy-{'x' * 60}{end}") for prefix in prefixes for end in "ab"
    }
    assert len(prefixes) == 2
    assert len(schemas) == 4
    assert all(len(name) <= NAME_LIMIT for name in schemas)


@pytest.mark.parametrize("key", ["store.url", "status.sink"])
@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://ann:hunter2@db/x", "PGPASSWORD"),
        ("postgresql://db/x?password=hunter2", "PGPASSFILE"),
        ("postgresql://ann:hunter2@db:99999/x", "Port out of range"),
        ("postgresql://db", "postgresql://user@host:port/database"),
        ("postgres://db/x", "postgresql://user@host:port/database"),
        ("mysql://db/x", "postgresql://user@host:port/database"),
    ],
)
def test_a_url_that_cannot_be_is_refused_by_name_and_repeats_no_password(key: str, url: str, told: str) -> None:
    with pytest.raises(InvalidValue, match=told) as refusal:
        load(sets=(f"{key}={url}",))
    assert refusal.value.key == key
    assert refusal.value.fix
    assert "hunter2" not in str(refusal.value)


def test_a_prefix_is_a_plain_word(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=r"store\.prefix"):
        load(sets=("store.prefix=live-",))
