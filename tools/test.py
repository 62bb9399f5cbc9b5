"""Runs the tests on two processes; the few that fail there run once more alone, and are named.

Tests start whole systems and kill parts of them while another process does the same: on a busy machine one of four
thousand may meet a deadline of the test itself. A fault of the code fails alone, too; what passes alone is printed,
so that nobody overlooks it. More than MOST failures, or a run that broke off, are not tried again.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TESTS_FAILED = 1
MOST = 5


def main(arguments: list[str]) -> int:
    """The exit code of pytest: of the second run where there was one."""
    pytest = [sys.executable, "-m", "pytest"]
    with tempfile.TemporaryDirectory() as folder:
        names = Path(folder) / "failed"
        beside = [*pytest, "-n", "2", "--dist", "loadscope", *arguments]
        code = subprocess.run(
            beside, cwd=ROOT, env={**os.environ, "HEDGEROW_FAILED_TESTS": str(names)}, check=False
        ).returncode
        failed = names.read_text().splitlines() if names.exists() else []
    if code != TESTS_FAILED or not failed:
        return code
    if len(failed) > MOST:
        print(f"{len(failed)} failures: too many to be the machine's")
        return code
    print(f"\n{len(failed)} failed beside others and run once more alone:", *failed, sep="\n  ", flush=True)
    code = subprocess.run([*pytest, *failed], cwd=ROOT, check=False).returncode
    if not code:
        print("\npassed alone, failed beside others; a test that does so twice is to be mended:", *failed, sep="\n  ")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
