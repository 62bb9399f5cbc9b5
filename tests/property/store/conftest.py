"""Places the store's property tests run on."""

from __future__ import annotations

from tests.store_places import fresh_location, store_database

__all__ = ["fresh_location", "store_database"]
