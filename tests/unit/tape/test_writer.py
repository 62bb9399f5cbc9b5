"""A tape is written whole or not at all."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.tape.reader import read_tape
from hedgerow.tape.writer import write_tape
from tests.unit.tape.tapes import columns, meta

ROWS = [(60.0, 0, 10.0, 10.1)]


def test_a_tape_replaces_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_tape(path, meta(), columns(meta(), ROWS))
    write_tape(path, meta(), columns(meta(), ROWS * 2))
    assert len(read_tape(path)) == 2
    assert [each.name for each in tmp_path.iterdir()] == ["t.parquet"]
    assert path.stat().st_mode & 0o044  # readable like any file, not private as a temporary one


def test_bad_rows_leave_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_tape(path, meta(), columns(meta(), ROWS))
    before = path.read_bytes()
    with pytest.raises(InvalidValue, match="row 1 bid"):
        write_tape(path, meta(), columns(meta(), [*ROWS, (120.0, 0, -1.0, 2.0)]))
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["t.parquet"]


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    made = columns(meta(), ROWS)
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    for place in (tmp_path / "absent" / "t", tmp_path / "file" / "t", tmp_path / "folder", Path("/proc/t.parquet")):
        with pytest.raises(InvalidValue, match=r"out: .*can be written"):
            write_tape(place, meta(), made)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "folder"]
    assert list((tmp_path / "folder").iterdir()) == []


def test_a_full_disk_leaves_nothing(tmp_path: Path, repo_root: Path) -> None:
    """The file-size limit of a real process stands for the full disk: the same write error at the same place."""
    script = f"""
import datetime, resource, signal, sys
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from hedgerow.domain.errors import InvalidValue
from hedgerow.tape.writer import write_tape
from hedgerow.tape.synth import synth_tape
meta, columns = synth_tape(1, datetime.date(2015, 12, 24))
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, {resource.RLIM_INFINITY}))
try:
    write_tape(Path({str(tmp_path / "t.parquet")!r}), meta, columns)
except InvalidValue as error:
    print(error)
    sys.exit(2)
"""
    environment = {"PYTHONPATH": str(repo_root / "libs"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2, done.stderr
    assert "File too large" in done.stdout
    assert list(tmp_path.iterdir()) == []
