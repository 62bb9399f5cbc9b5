"""The list of criteria is the acceptance document's, id for id."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hedgerow.cli.check.criteria import CRITERIA, PHASES, How, of_phase, parse_phase
from hedgerow.cli.check.registry import CHECKS
from hedgerow.domain.errors import InvalidValue

SERVED = (1, 2, 3, 4, 5)
CELL = re.compile(r"^\| (TC-[^|]+?) \|", re.MULTILINE)


def expand(cell: str) -> list[str]:
    """`TC-2-R-M2-1, -2, -3` and `TC-4-R-B1-1..4` written out."""
    first, *others = [part.strip() for part in cell.split(",")]
    stem, _, end = first.rpartition("-")
    if ".." in end:
        low, high = end.split("..")
        return [f"{stem}-{number}" for number in range(int(low), int(high) + 1)]
    return [first, *(f"{stem}{other}" for other in others)]


@pytest.fixture(scope="module")
def documented(repo_root: Path) -> list[str]:
    """Every id of the acceptance document, in its order; skips where the document is not on this machine."""
    path = repo_root.parent / "shared" / "docs" / "acceptance.md"
    if not path.is_file():
        pytest.skip("the acceptance document is not on this machine: ../shared/docs/acceptance.md")
    return [name for cell in CELL.findall(path.read_text()) for name in expand(cell)]


def test_ids_are_those_of_the_document(documented: list[str]) -> None:
    assert [criterion.id for criterion in CRITERIA] == documented


@pytest.mark.parametrize(
    ("cell", "ids"),
    [
        ("TC-1-R-M1a-1", ["TC-1-R-M1a-1"]),
        ("TC-2-R-M2-1, -2, -3", ["TC-2-R-M2-1", "TC-2-R-M2-2", "TC-2-R-M2-3"]),
        ("TC-4-R-B1-1..4", [f"TC-4-R-B1-{n}" for n in (1, 2, 3, 4)]),
        ("TC-2-DOC", ["TC-2-DOC"]),
    ],
)
def test_abbreviated_ids_are_written_out(cell: str, ids: list[str]) -> None:
    assert expand(cell) == ids


def test_every_id_once_with_its_phase_and_a_text() -> None:
    ids = [criterion.id for criterion in CRITERIA]
    assert len(set(ids)) == len(ids)
    for criterion in CRITERIA:
        assert criterion.id.startswith(f"TC-{criterion.phase}-")
        assert criterion.text


def test_what_is_said_to_be_automated_has_a_check_and_nothing_else_has() -> None:
    assert {criterion.id for criterion in CRITERIA if criterion.how is How.HERE} == set(CHECKS)


@pytest.mark.parametrize("phase", SERVED)
def test_a_served_phase_has_nothing_missing(phase: int) -> None:
    assert not [criterion.id for criterion in of_phase(phase) if criterion.how is How.NOT_SERVED]


@pytest.mark.parametrize("name", [criterion.id for phase in SERVED for criterion in of_phase(phase)])
def test_every_id_of_a_served_phase_is_the_id_of_a_test(repo_root: Path, name: str) -> None:
    """As part of a test's name anywhere, or as a case of a parametrized acceptance test."""
    named = re.compile(rf"^ *(?:async )?def test_\w*{name.replace('-', '_')}(?![0-9])", re.MULTILINE | re.IGNORECASE)
    tests = {path: path.read_text() for path in (repo_root / "tests").rglob("test_*.py") if path != Path(__file__)}
    cases = [text for path, text in tests.items() if path.parent.name == "acceptance"]
    assert any(named.search(text) for text in tests.values()) or any(f'"{name}"' in text for text in cases)


def test_phases_are_named_and_others_refused() -> None:
    assert [parse_phase(f"phase{n}") for n in PHASES] == [1, 2, 3, 4, 5]
    with pytest.raises(InvalidValue, match=r"phase6.*phase1, phase2"):
        parse_phase("phase6")
