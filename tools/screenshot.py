"""Takes the README's picture: plays a recorded day through a demo and photographs the page in mid-session.

python tools/screenshot.py path/to/lean/data [--output docs/images/page-goog.png]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
HEDGEROW = (sys.executable, "-m", "hedgerow.cli")
MAX_KB = 300
START_S = 120.0
READY = """n => Number(document.querySelector('#chart')?.dataset.hedges) >= n
    && document.querySelector('#lamp').dataset.lamp === 'green'
    && document.querySelector('#hedge-fsm').textContent === 'EXEC_IDLE'"""


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path, help="LEAN data folder")
    parser.add_argument("--symbol", default="GOOG")
    parser.add_argument("--date", default="2015-12-24")
    parser.add_argument("--speed", default="600", help="market seconds per wall second")
    parser.add_argument("--hedges", type=int, default=5, help="photograph once so many hedges are on the chart")
    parser.add_argument("--scheme", choices=("light", "dark"), default="light")
    parser.add_argument("--size", default="1440x1360", help="of the window, pixels")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "images" / "page-goog.png")
    return parser.parse_args()


@contextmanager
def demo(home: Path, tape: Path, speed: str) -> Iterator[str]:
    """A demo on that tape; yields its gateway's address once it answers."""
    environment = {**os.environ, "HEDGEROW_HOME": str(home)}
    command = [*HEDGEROW, "demo", "--tape", str(tape), "--speed", speed, "--keep"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        ports = home / "latest" / "ports.json"
        deadline = time.monotonic() + START_S
        while not ports.is_file():
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit("the demo did not start")
            time.sleep(0.1)
        yield f"http://127.0.0.1:{json.loads(ports.read_text())['gateway']}/"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def photograph(page: Page, address: str, hedges: int, output: Path) -> None:
    """Waits for a green lamp in mid-session with that many hedges, then takes the window."""
    deadline = time.monotonic() + START_S
    while True:
        try:
            page.goto(address)
            break
        except PlaywrightError as error:  # nobody listens there yet
            if time.monotonic() > deadline:
                sys.exit(f"no page at {address}: {error}")
            time.sleep(0.2)
    page.wait_for_function(READY, arg=hedges, timeout=START_S * 1000)
    output.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(output))


def main() -> None:
    """Imports the day, plays it, takes the picture."""
    told = arguments()
    width, height = (int(part) for part in told.size.split("x"))
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    if browser_path is None:
        sys.exit("no Chromium on PATH: run `sh tools/need.sh chromium`")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        tape = Path(folder) / "tape.parquet"
        source = ("--data", str(told.data), "--symbol", told.symbol, "--date", told.date)
        subprocess.run([*HEDGEROW, "tape", "import-lean", *source, "--out", str(tape)], check=True)
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": width, "height": height}, color_scheme=told.scheme, timezone_id="America/New_York"
        )
        with demo(Path(folder) / "home", tape, told.speed) as address:
            photograph(page, address, told.hedges, told.output)
        browser.close()
    size = told.output.stat().st_size / 1000
    print(f"{told.output}: {size:.0f} kB")
    if size > MAX_KB:
        sys.exit(f"more than {MAX_KB} kB: make the window smaller")


if __name__ == "__main__":
    main()
