"""Account ids out of recorded frames: consistent pseudonyms, so that a recording can be shown to others."""

from __future__ import annotations

import re

# Paper (DU, DF, DI), live (U, F, I) and simulated accounts, wherever they stand in a field.
_ACCOUNT = re.compile(rb"(?<![A-Za-z0-9])(DU|DF|DI|SIM|U|F|I)([0-9]{5,10})(?![A-Za-z0-9])")
_MANAGED_ACCOUNTS = b"15"


class Redaction:
    """Replaces account ids; one of its objects gives the same account the same pseudonym everywhere.

    The letters, which say paper or live, are kept, and so is the number of characters.
    """

    def __init__(self) -> None:
        self._names: dict[bytes, bytes] = {}

    def __call__(self, payload: bytes) -> bytes:
        """The payload of one frame with every account id replaced."""
        self._learn(payload)
        found = _ACCOUNT.sub(lambda match: self._pseudonym(match.group(0)), payload)
        for name, pseudonym in self._names.items():
            if not _ACCOUNT.fullmatch(name):  # an id of another form, told by managedAccounts
                found = re.sub(rb"(?<![A-Za-z0-9])" + re.escape(name) + rb"(?![A-Za-z0-9])", pseudonym, found)
        return found

    def _learn(self, payload: bytes) -> None:
        fields = payload.split(b"\0")
        if fields[0] == _MANAGED_ACCOUNTS and len(fields) > 2:
            for name in fields[2].split(b","):
                if name:
                    self._pseudonym(name)

    def _pseudonym(self, name: bytes) -> bytes:
        if name not in self._names:
            letters = re.match(rb"[A-Za-z]*", name)
            prefix = letters.group(0) if letters else b""
            digits = max(len(name) - len(prefix), 1)
            self._names[name] = prefix + str(len(self._names) + 1).encode().rjust(digits, b"0")
        return self._names[name]
