"""The README's curl and grpcurl lines, as they stand there, against a running system on other ports."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from hedgerow.catalog import ENTRIES
from hedgerow.cli.main import app
from tests.system import ROOT, System

README = (ROOT / "README.md").read_text()
BUF = Path(sys.executable).parent / "buf"
CURL_TIMED_OUT = 28


def lines(command: str) -> list[str]:
    return [line.strip() for line in README.splitlines() if line.startswith(f"    {command} ")]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    if shutil.which("curl") is None:
        pytest.fail("the README's examples need curl: apt-get install curl")
    with System(tmp_path_factory.mktemp("readme"), "--sim") as system:
        system.await_state("RUNNING", "RUNNING_SUSPENDED")
        yield system


def here(line: str, system: System) -> list[str]:
    """The line's words, with this system's ports for the usual ones."""
    for name, port in system.ports.items():
        usual = ENTRIES[name if name in ENTRIES else "strategy"].port
        line = re.sub(rf"127\.0\.0\.1:{usual}\b", f"127.0.0.1:{port}", line)
    return shlex.split(line, comments=True)


def run(words: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


def test_the_readme_shows_both() -> None:
    assert len(lines("curl")) >= 8
    assert len(lines("grpcurl")) >= 3


@pytest.mark.parametrize("line", lines("grpcurl"))
def test_grpcurl_lines_answer(system: System, line: str) -> None:
    words = here(line, system)
    done = run(words if shutil.which("grpcurl") else as_buf(words))
    assert done.returncode == 0, done.stderr
    if words[-1] == "list":
        assert "hedgerow.api." in done.stdout
    else:
        assert isinstance(json.loads(done.stdout or "{}"), dict)


def as_buf(words: list[str]) -> list[str]:
    """The same call by the gRPC command line that is at hand."""
    *options, address, what = words[1:]
    assert options[0] == "-plaintext"
    base = [str(BUF), "curl", "--protocol", "grpc", "--http2-prior-knowledge"]
    if what == "list":
        return [*base, "--list-services", f"http://{address}"]
    data = options[options.index("-d") + 1] if "-d" in options else "{}"
    return [*base, "--data", data, f"http://{address}/{what}"]


def test_curl_lines_answer_in_order(system: System) -> None:
    # one test: pause, resume, flatten and stop follow each other as they do there
    for line in lines("curl"):
        words = here(line, system)
        done = run([words[0], "--fail-with-body", *words[1:]])
        streams = "--max-time" in words
        assert done.returncode == (CURL_TIMED_OUT if streams else 0), f"{line}: {done.stdout}{done.stderr}"
        first = done.stdout.splitlines()[0] if streams else done.stdout
        answer = json.loads(first)
        assert ("result" in answer) == streams
        if "/control/" in words[-1]:
            assert answer["kind"] == words[-1].rpartition("/")[2].upper()
            assert answer["sequence"] > 0
    stopped = system.await_state("STOPPED")
    assert stopped["status_lamp"] == "yellow"


def walk(words: list[str]) -> str:
    """What is wrong with a `hedgerow` line: a command or an option that is not there."""
    command: Any = get_command(app)
    known = {"--help"}
    for word in words[1:]:
        if word.startswith("--"):
            if word not in known and "show" in getattr(command, "commands", {}):  # what such a group does unasked
                command = command.commands["show"]
                known = {"--help"} | {name for each in command.params for name in each.opts}
            if word.partition("=")[0] not in known:
                return f"no option {word} in {command.name}"
        elif commands := getattr(command, "commands", {}):
            if word not in commands and not command.invoke_without_command:
                return f"no command {word} in {command.name}"
            command = commands.get(word, command)
            known = {"--help"} | {name for each in command.params for name in each.opts}
    return ""


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))])
def test_hedgerow_lines_name_commands_and_options_that_are_there(page: str) -> None:
    text = (ROOT / page).read_text().replace("\\\n", " ")
    shown = [line.strip() for line in text.splitlines() if line.startswith("    hedgerow ")]
    told = [f"{line}: {walk(words)}" for line in shown if walk(words := shlex.split(line, comments=True))]
    assert told == []
    assert len(shown) > 30 or page != "README.md"


def test_pictures_and_documents_it_links_to_are_there() -> None:
    linked = re.findall(r"\]\(([^)#]+)\)", README)
    assert linked
    assert [path for path in linked if "://" not in path and not (ROOT / path).exists()] == []
