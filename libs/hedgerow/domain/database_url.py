"""Addresses of databases: which may be written into settings."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from hedgerow.domain.errors import InvalidValue


def check_database_url(key: str, url: str) -> None:
    """Raises InvalidValue, which repeats no password, for anything but postgresql://user@host:port/database."""
    rule = "postgresql://user@host:port/database"
    try:
        parts = urlsplit(url)
        password, name = parts.password, parts.path.strip("/")
        _ = parts.port
    except ValueError as error:
        raise InvalidValue(key, url.rpartition("@")[2], f"{rule}: {error}", "correct it") from error
    if password is not None or "password" in parse_qs(parts.query, keep_blank_values=True):
        user = f"{parts.username}@" if parts.username else ""
        shown = f"{parts.scheme}://{user}{parts.netloc.rpartition('@')[2]}{parts.path}"
        raise InvalidValue(
            key, shown, "without a password: settings are written to files and logs",
            "leave it out and set PGPASSWORD, or PGPASSFILE to a password file",
        )  # fmt: skip
    if parts.scheme != "postgresql" or not name or "/" in name:
        raise InvalidValue(key, url, rule, "for example postgresql://hedgerow@127.0.0.1:5432/hedgerow")
