"""Attacks on the promises: real processes killed, stopped and cut off, and what reached the broker counted.

To add a family of cases, put a module into `families/` and decorate one function per family:

    @family("fold-of-executions", promise=4, kind=Kind.PROPERTY, release=1_000_000)
    def fold_of_executions(seed: int, rig: Rig) -> None:
        draw = random.Random(seed)
        ...
        require(position == expected, f"{position} instead of {expected}")

The function makes one case of its seed and of nothing else, and raises CaseFailed (`require` does) when the promise is
broken. A plain function is a pure case; a coroutine function may use `rig`, which has processes, a broker and a byte
tap, and runs `group` cases in a row on one world. Its first docstring line is what `hedgerow torture --list` shows.
Modules in `families/` are found by themselves; `release` is how many cases a release runs.
"""
