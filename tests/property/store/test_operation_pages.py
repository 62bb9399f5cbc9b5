"""Paging through operations of several owners: every record once, newest first, at any page size."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hedgerow.store.engine import open_store
from hedgerow.store.operations import OperationType, operation_row
from hedgerow.store.read import read_operations
from hedgerow.store.writes import WriteCompiler
from tests.store_places import FreshLocation

OWNERS = ("control", "execution", "strategy-goog")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    records=st.lists(st.tuples(st.sampled_from(OWNERS), st.integers(0, 6)), max_size=25),
    limit=st.integers(1, 12),
)
def test_pages_join_to_the_whole(fresh_location: FreshLocation, records: list[tuple[str, int]], limit: int) -> None:
    place = fresh_location()
    for owner in OWNERS:
        with open_store(place, owner) as store:
            session = store.session()
            for _, wall_ns in (record for record in records if record[0] == owner):
                write = operation_row(OperationType.STATE, wall_ns=wall_ns, market_ns=0)
                WriteCompiler(store).prepare(write).execute(session.cursor)
            session.close()
    rows, token = [], ""
    while True:
        page = read_operations(place, limit=limit, page_token=token)
        rows += page.rows
        token = page.next_page_token
        if not token:
            break
    assert sorted((row["owner"], row["wall_ns"]) for row in rows) == sorted(records)
    assert len({row["operation_id"] for row in rows}) == len(records)
    assert [row["wall_ns"] for row in rows] == sorted((row["wall_ns"] for row in rows), reverse=True)
