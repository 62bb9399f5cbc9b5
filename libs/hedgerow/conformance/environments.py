"""Where each client library is installed: here, in the environments `make clients` makes, or in the caller's own."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

from hedgerow.conformance.gateway import SOURCES
from hedgerow.domain.errors import FailedPrecondition

# ib_insync and ib_async both own the module `eventkit`: they never share an environment.
REQUIREMENTS = {"ib_insync": "ib_insync==0.9.86", "ib_async": "ib_async==2.1.0", "ibapi": "ibapi==9.81.1.post1"}


def folder() -> Path:
    """Where the environments lie: in the checkout, or below the working folder of an installed Hedgerow."""
    return (SOURCES.parent if _is_checkout() else Path.cwd()) / ".venv-clients"


def _is_checkout() -> bool:
    return (SOURCES.parent / "tools" / "test_clients.py").is_file()


def installed() -> list[str]:
    """The client libraries of this very environment."""
    return [name for name in REQUIREMENTS if importlib.util.find_spec(name) is not None]


def made(client: str) -> Path:
    """The Python of the environment made for this client, whether it is there or not."""
    return folder() / client / "bin" / "python"


def is_current(client: str) -> bool:
    """Whether that environment is there and has the version wanted now."""
    note = folder() / client / ".requirement"
    return made(client).exists() and note.is_file() and note.read_text() == REQUIREMENTS[client]


def python_for(client: str) -> Path:
    """The Python to run this client with. Raises FailedPrecondition naming the command that makes it."""
    if client in installed():
        return Path(sys.executable)
    if is_current(client):
        return made(client)
    target = folder() / client
    how = f"python -m venv {target} && {made(client)} -m pip install {REQUIREMENTS[client]}"
    if not _is_checkout():
        how += f" && printf {REQUIREMENTS[client]} > {target / '.requirement'}"
    command = "make clients" if _is_checkout() else how
    raise FailedPrecondition(f"client {client}: no environment has it; make one: {command}", "CLIENT_MISSING")


def check_python(python: Path, client: str) -> None:
    """Raises FailedPrecondition when that Python cannot import the client library."""
    try:
        done = subprocess.run([python, "-I", "-c", f"import {client}"], capture_output=True, text=True, check=False)
    except OSError as error:
        raise FailedPrecondition(f"python {python}: it does not start ({error.strerror})", "CLIENT_MISSING") from error
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        how = f"{python} -m pip install {REQUIREMENTS[client]}"
        raise FailedPrecondition(f"python {python}: it cannot import {client} ({reason}); {how}", "CLIENT_MISSING")
