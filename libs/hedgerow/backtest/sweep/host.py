"""The process that holds a local sweep's data and forks its workers; speaks lines of JSON.

In: a plan; then, once its header was answered, the indexes to run and the number of jobs. Out: the header, then one
row per line as each is done. What is refused comes out as a line, too. It imports no gRPC.
"""

from __future__ import annotations

import json
import os
import sys
from functools import partial
from typing import Any

from hedgerow.backtest.sweep import forked
from hedgerow.backtest.sweep.lab import Lab
from hedgerow.backtest.sweep.plan import Plan
from hedgerow.backtest.sweep.rows import Row
from hedgerow.domain.errors import FailedPrecondition, InvalidValue


def main() -> int:
    """Serves one sweep; exit code 1 when it was refused."""
    plan = Plan.from_json(sys.stdin.readline())
    lab = Lab(plan)
    try:
        _say({"header": lab.header(plan.combinations[0])})
        told = sys.stdin.readline()
        if not told:
            return 0
        order = json.loads(told)
        groups = {index: lab.group(plan.combinations[index]) for index in order["indexes"]}
        first = lab.group(plan.combinations[0])  # is at hand already
        indexes = sorted(groups, key=lambda index: (groups[index] != first, groups[index]))
        for _, row in forked.each(partial(_row, lab, plan), indexes, order["jobs"]):
            print(row.to_json(), flush=True)
    except InvalidValue as error:
        _say({"refused": [error.key, str(error.value), error.rule, error.fix]})
        return 1
    except FailedPrecondition as error:
        _say({"failed": str(error)})
        return 1
    except (BrokenPipeError, KeyboardInterrupt):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _row(lab: Lab, plan: Plan, index: int) -> Row:
    return lab.row(index, plan.combinations[index])


def _say(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    sys.exit(main())
