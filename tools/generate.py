"""Regenerates the committed bindings in `libs/hedgerow/api` from `proto/`."""

from __future__ import annotations

import argparse
import filecmp
import importlib.resources
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import google.api
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto"
OUT = ROOT / "libs"
THIRD_PARTY = ROOT / "build" / "proto-third-party"
THIRD_PARTY_FILES = (
    "google/api/annotations.proto",
    "google/api/http.proto",
    "google/rpc/error_details.proto",
    "google/rpc/status.proto",
    "google/type/date.proto",
    "google/type/decimal.proto",
)


def third_party() -> Path:
    """Copies the google protos that buf needs out of the installed package; returns their root."""
    source = Path(google.api.__path__[0]).parent.parent
    for name in THIRD_PARTY_FILES:
        target = THIRD_PARTY / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target)
    return THIRD_PARTY


def generate(out: Path) -> list[Path]:
    """Writes all bindings below `out`; returns the proto files they came from."""
    well_known = importlib.resources.files("grpc_tools") / "_proto"
    files = sorted(PROTO.rglob("*.proto"))
    arguments = [
        "protoc", f"-I{PROTO}", f"-I{third_party()}", f"-I{well_known}",
        f"--python_out={out}", f"--pyi_out={out}", f"--grpc_python_out={out}",
        *map(str, files),
    ]  # fmt: skip
    if protoc.main(arguments) != 0:
        raise SystemExit("protoc failed; its message is above")
    return files


def bindings(root: Path) -> set[Path]:
    """Generated files below `root`, relative to it."""
    return {path.relative_to(root) for path in (root / "hedgerow" / "api").rglob("*_pb2*.py*") if path.suffix != ".pyc"}


def differences() -> list[str]:
    """Committed bindings that regenerating would change, add or remove."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        generate(fresh)
        names = bindings(fresh) | bindings(OUT)
        return sorted(
            str(name)
            for name in names
            if not (fresh / name).is_file()
            or not (OUT / name).is_file()
            or not filecmp.cmp(fresh / name, OUT / name, shallow=False)
        )


def main() -> None:
    """Regenerates, or with --check only compares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when the bindings differ")
    if parser.parse_args().check:
        changed = differences()
        if changed:
            print("bindings differ from proto/, run `make proto`:", *changed, sep="\n  ")
            sys.exit(1)
        return
    for name in bindings(OUT):
        (OUT / name).unlink()
    generate(OUT)
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(OUT / "hedgerow" / "api")], check=True)


if __name__ == "__main__":
    main()
