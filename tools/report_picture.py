"""Takes the picture of a backtest's report: `hedgerow demo --output`, photographed.

python tools/report_picture.py [--output docs/images/report-demo.png]
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
MAX_KB = 300


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--periods", default="240")
    parser.add_argument("--seed", default="7")
    parser.add_argument("--scheme", choices=("light", "dark"), default="light")
    parser.add_argument("--size", default="1440x1130", help="of the window, pixels")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "images" / "report-demo.png")
    return parser.parse_args()


def main() -> None:
    """Makes the report, takes the picture."""
    told = arguments()
    width, height = (int(part) for part in told.size.split("x"))
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    if browser_path is None:
        sys.exit("no Chromium on PATH: run `sh tools/need.sh chromium`")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        report = Path(folder) / "report.html"
        day = ("--periods", told.periods, "--seed", told.seed)
        subprocess.run([sys.executable, "-m", "hedgerow.cli", "demo", "--output", str(report), *day], check=True)
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=told.scheme)
        page.goto(report.as_uri())
        told.output.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(told.output))
        browser.close()
    size = told.output.stat().st_size / 1000
    print(f"{told.output}: {size:.0f} kB")
    if size > MAX_KB:
        sys.exit(f"more than {MAX_KB} kB: make the window smaller")


if __name__ == "__main__":
    main()
