"""Makes one environment per peer under build/peers/, from hash-pinned locks that name no index.

    python tools/peers.py [PEER ...] [--lock]

Their pins of numpy and pandas differ, so no two share an environment. An environment is kept until its lock changes;
`--lock` resolves the locks anew from the versions below.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.bench.peers import environments  # noqa: E402  (the checkout comes first)

REQUIREMENTS = {
    "nautilus_trader": "nautilus_trader==1.221.0",
    "hftbacktest": "hftbacktest==2.4.4",
    "vectorbt": "vectorbt==1.2.0",
    "backtrader": "backtrader==1.9.78.123\nnumpy==2.2.6",
}
"""What each lock is resolved from; backtrader itself needs no numpy, the quotes do."""


def lock(peer: str) -> None:
    """Resolve a peer's lock: every package with its hashes."""
    out = environments.lock_file(peer)
    out.parent.mkdir(parents=True, exist_ok=True)
    options = ["--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate", "-q"]
    anywhere = ["--no-emit-index-url", "--no-emit-find-links"]
    resolve = [sys.executable, "-m", "uv", "pip", "compile", "-", *options, *anywhere, "-o", str(out)]
    subprocess.run(resolve, input=REQUIREMENTS[peer] + "\n", text=True, check=True)


def make(peer: str) -> bool:
    """Make a peer's environment unless it is there; False, told why, where this machine cannot have it."""
    if environments.is_current(peer):
        return True
    target = environments.folder(peer)
    print(f"making {target.relative_to(ROOT)} with {', '.join(REQUIREMENTS[peer].split())}", flush=True)
    shutil.rmtree(target, ignore_errors=True)
    venv.create(target, with_pip=True)
    pip = [
        str(environments.python(peer)),
        "-m",
        "pip",
        "install",
        "-q",
        "--disable-pip-version-check",
        "--require-hashes",
    ]
    done = subprocess.run([*pip, "-r", str(environments.lock_file(peer))], check=False)
    if done.returncode:
        print(f"{peer}: absent: pip could not install its lock for Python {sys.version.split()[0]}", flush=True)
        return False
    environments.mark(peer)
    return True


def main() -> int:
    """The command line; exit code 1 when a peer could not be made."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peers", nargs="*", choices=[[], *REQUIREMENTS], help="which; all when none is named")
    parser.add_argument("--lock", action="store_true", help="resolve the locks anew and make nothing")
    chosen = parser.parse_args()
    peers = chosen.peers or list(REQUIREMENTS)
    if chosen.lock:
        for peer in peers:
            lock(peer)
        return 0
    made = [make(peer) for peer in peers]
    return 0 if all(made) else 1


if __name__ == "__main__":
    sys.exit(main())
