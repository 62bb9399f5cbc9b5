"""Writes a migration from the difference between an owner's tables and its chain of revisions.

Usage: python tools/new_migration.py KIND "what changes"   (KIND: execution, strategy, control, risk, portfolio, stats)
"""

from __future__ import annotations

import re
import sys
from typing import Literal

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.autogenerate.api import AutogenContext
from alembic.migration import MigrationContext
from alembic.operations.ops import UpgradeOps
from alembic.script import ScriptDirectory

from hedgerow.store.columns import DecimalText
from hedgerow.store.migrations import run
from hedgerow.store.tables import METADATA

TEMPLATE = '''"""{message}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {down}


def upgrade() -> None:
    """Applies it."""
    {upgrade}
'''


def render_type(kind: str, item: object, _: AutogenContext) -> str | Literal[False]:
    """Revisions are frozen: they name plain column types, not this project's."""
    return "sa.Text()" if kind == "type" and isinstance(item, DecimalText) else False


def main(kind: str, message: str) -> int:
    """Writes the next revision of `kind` and says where."""
    folder = run.FOLDER / kind
    folder.mkdir(exist_ok=True)
    revisions = list(ScriptDirectory.from_config(run.config(kind)).walk_revisions())
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        if revisions:
            run.upgrade(connection, kind, "memory")
        context = MigrationContext.configure(connection, opts={"render_as_batch": True, "compare_server_default": True})
        operations = produce_migrations(context, METADATA[kind]).upgrade_ops
    assert isinstance(operations, UpgradeOps)
    if operations.is_empty():
        print(f"{kind}: tables and revisions agree, nothing to write")
        return 0
    revision = f"{kind}_{len(revisions) + 1:04d}"
    code = render_python_code(operations, migration_context=context, render_item=render_type)
    # A boolean default is spelled differently by each database; Alembic's comments say nothing here.
    code = re.sub(r"\n? *# ###.*", "", code.replace("sa.text('0')", "sa.false()")).strip()
    down = f'"{revisions[0].revision}"' if revisions else "None"
    path = folder / f"{revision}.py"
    path.write_text(TEMPLATE.format(message=message, revision=revision, down=down, upgrade=code))
    print(f"{path}: set HEADS[{kind!r}] = {revision!r} in libs/hedgerow/store/tables.py, then `ruff format` it")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in METADATA:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2]))
