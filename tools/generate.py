"""Regenerates the committed bindings in `libs/hedgerow/api` from `proto/`, and the comments, which bindings lack."""

from __future__ import annotations

import argparse
import filecmp
import importlib.resources
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import google.api
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto"
OUT = ROOT / "libs"
THIRD_PARTY = ROOT / "build" / "proto-third-party"
COMMENTS = Path("hedgerow") / "api" / "comments.json"
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
    """Writes all bindings and the comments below `out`; returns the proto files they came from."""
    well_known = importlib.resources.files("grpc_tools") / "_proto"
    files = sorted(PROTO.rglob("*.proto"))
    with tempfile.NamedTemporaryFile() as described:
        arguments = [
            "protoc", f"-I{PROTO}", f"-I{third_party()}", f"-I{well_known}",
            f"--python_out={out}", f"--pyi_out={out}", f"--grpc_python_out={out}",
            f"--descriptor_set_out={described.name}", "--include_source_info",
            *map(str, files),
        ]  # fmt: skip
        if protoc.main(arguments) != 0:
            raise SystemExit("protoc failed; its message is above")
        found = FileDescriptorSet.FromString(Path(described.name).read_bytes())
    told = {name: text for file in found.file for name, text in comments(file)}
    (out / COMMENTS).write_text(json.dumps(told, indent=0, sort_keys=True, ensure_ascii=False) + "\n")
    return files


def comments(file: FileDescriptorProto) -> Iterator[tuple[str, str]]:
    """Full name and comment of everything declared in a file that has one; line breaks become spaces."""
    for location in file.source_code_info.location:
        text = " ".join(location.leading_comments.split())
        if name := _name(file, location.path):
            yield f"{file.package}.{name}", text


def _name(file: FileDescriptorProto, path: Sequence[int]) -> str:
    """What a source path names below the package; empty for what has no name, such as an option.

    A path is pairs of field number and index, from the file inwards: [4, 0, 2, 1] is the first message's second
    field. An enum's values are named beside it, as C++ scopes them.
    """
    node: Any = file
    names: list[str] = []
    for number, index in zip(path[::2], path[1::2], strict=False):
        field = node.DESCRIPTOR.fields_by_number[number]
        if field.name == "value" and names:
            names.pop()
        node = getattr(node, field.name)[index] if field.is_repeated else None
        if not hasattr(node, "name"):
            return ""
        names.append(node.name)
    return ".".join(names) if len(path) % 2 == 0 else ""


def bindings(root: Path) -> set[Path]:
    """Generated files below `root`, relative to it."""
    api = root / "hedgerow" / "api"
    found = {path.relative_to(root) for path in api.rglob("*_pb2*.py*") if path.suffix != ".pyc"}
    return found | {COMMENTS}


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
        (OUT / name).unlink(missing_ok=True)
    generate(OUT)
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(OUT / "hedgerow" / "api")], check=True)


if __name__ == "__main__":
    main()
