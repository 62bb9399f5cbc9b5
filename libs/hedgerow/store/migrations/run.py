"""Runs an owner's migrations inside a transaction the caller holds; the only importer of Alembic."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from hedgerow.domain.errors import FailedPrecondition

FOLDER = Path(__file__).resolve().parent


def config(kind: str, connection: sa.Connection | None = None) -> Config:
    """Alembic's configuration for one kind of owner; no ini file."""
    settings = Config()
    settings.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    settings.set_main_option("path_separator", "newline")
    settings.set_main_option("version_locations", str(FOLDER / kind).replace("%", "%%"))
    settings.attributes["connection"] = connection
    settings.attributes["kind"] = kind
    return settings


def head(kind: str) -> str:
    """The newest revision in the kind's folder."""
    newest = ScriptDirectory.from_config(config(kind)).get_current_head()
    assert newest is not None
    return newest


def upgrade(connection: sa.Connection, kind: str, name: str) -> None:
    """Brings the schema to the newest revision; the caller's transaction commits or undoes all of it.

    Raises FailedPrecondition (STORE_TOO_NEW) when the revision of `name` is not known here.
    """
    try:
        command.upgrade(config(kind, connection), "head")
    except CommandError as error:
        raise FailedPrecondition(
            f"{name} was written by a newer version of this program ({error}); install that version", "STORE_TOO_NEW"
        ) from error
