"""What `tools/generate.py` writes beside the bindings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hedgerow.api.control.v1.ControlService.GetStatus", "Returns the whole status. Idempotent."),
        ("hedgerow.api.common.v1.Side", "Direction of an intent, order or fill."),
        ("hedgerow.api.common.v1.SIDE_BUY", "Buy."),
        ("hedgerow.api.common.v1.Operator.actor", "Person or system that asks."),
        ("hedgerow.api.control.v1.WatchStatusResponse.event", "What this message carries."),
    ],
)
def test_comments_are_kept_by_full_name(repo_root: Path, name: str, text: str) -> None:
    assert json.loads((repo_root / "libs/hedgerow/api/comments.json").read_text())[name] == text
