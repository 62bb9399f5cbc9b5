"""`hedgerow config`: check a configuration, or show what is in force."""

from __future__ import annotations

import typer
import yaml

from hedgerow import settings
from hedgerow.cli.output import ConfigOption, JsonFlag, SetOption, console, print_json
from hedgerow.strategy.kit.config import config_hash, effective_limits

app = typer.Typer(no_args_is_help=True, help="Configuration.")


@app.command()
def validate(config: ConfigOption = None, sets: SetOption = None, json_: JsonFlag = False) -> None:
    """Checks a configuration whole; exit code 2 and the key, value and rule when it is refused."""
    loaded = settings.load(config, tuple(sets or ()))
    hashes = {s.name: config_hash(s, effective_limits(s, 0.0)) for s in loaded.strategies}
    if json_:
        print_json({"valid": True, "strategies": hashes})
    else:
        console.print(f"valid: {len(hashes)} strategies")
        for name, digest in hashes.items():
            console.print(f"  {name}  config_hash {digest}")


@app.command()
def show(config: ConfigOption = None, sets: SetOption = None, json_: JsonFlag = False) -> None:
    """Shows every key in force, defaults included."""
    loaded = settings.load(config, tuple(sets or ())).model_dump(mode="json")
    if json_:
        print_json(loaded)
    else:
        console.print(yaml.safe_dump(loaded, sort_keys=False), markup=False, end="")
