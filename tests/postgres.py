"""A PostgreSQL server for tests and measurements: a container where a Docker engine answers, else local binaries."""

from __future__ import annotations

import contextlib
import functools
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import docker
import psycopg
from docker.errors import DockerException

from hedgerow.cli.ports import free_ports

IMAGE = "postgres:16"
USER = "hedgerow"
START_S = 60.0
# The one password of this process's servers. It travels in PGPASSWORD only: no URL and no file of ours holds it.
PASSWORD = secrets.token_hex(16)

WAY = "HEDGEROW_TEST_POSTGRES"
"""Environment variable: `container` or `local` demands that way; empty takes what is there."""


class NoPostgres(Exception):
    """No PostgreSQL can be had; says what to install."""


class _Way(Protocol):
    """How a server runs. `start` and `crash` may alternate: the data and the port stay."""

    def start(self) -> None: ...

    def crash(self) -> None: ...

    def end(self) -> None: ...


class Server:
    """A running server of its own data, with PGPASSWORD set for this process; a context manager.

    `host`: the address of this machine it listens on.
    """

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.host, self.port = host, free_ports(1)[0]
        container, _ = chosen_way()
        self._way: _Way = _Container(host, self.port) if container else _Local(host, self.port)
        self._databases = 0
        self._password_before: str | None = None

    def url(self, database: str = "postgres") -> str:
        """The address of one database, without a password."""
        return f"postgresql://{USER}@{self.host}:{self.port}/{database}"

    def __enter__(self) -> Server:
        self._password_before = os.environ.get("PGPASSWORD")
        os.environ["PGPASSWORD"] = PASSWORD
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._way.end()
        if self._password_before is None:
            os.environ.pop("PGPASSWORD", None)
        else:
            os.environ["PGPASSWORD"] = self._password_before

    def start(self) -> None:
        """Starts it, again after a crash, and waits until it takes connections; from the thread it is to end with."""
        self._way.start()
        deadline = time.monotonic() + START_S
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=5).close()
                return
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise NoPostgres(f"PostgreSQL takes no connection after {START_S:.0f} s: {error}") from error
            time.sleep(0.05)

    def crash(self) -> None:
        """Ends it at once: clients are cut off, what was not committed is lost."""
        self._way.crash()

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """The address of a new, empty database, dropped afterwards."""
        self._databases += 1
        name = f"test_{self._databases}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        yield self.url(name)
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


class _Container:
    """The server in a container, its port on one address of this machine."""

    def __init__(self, host: str, port: int) -> None:
        from testcontainers.community.postgres import PostgresContainer
        from testcontainers.core.config import testcontainers_config

        testcontainers_config.sleep_time = 0.1
        testcontainers_config.max_tries = int(START_S / 0.1)
        self._container = PostgresContainer(IMAGE, driver=None, username=USER, password=PASSWORD, dbname="postgres")
        self._container.ports["5432/tcp"] = (host, port)
        self._made = False

    def start(self) -> None:
        try:
            if self._made:
                self._container.get_wrapped_container().start()
            else:
                self._made = True
                self._container.start()
        except (DockerException, TimeoutError) as error:
            raise NoPostgres(f"the container {IMAGE} does not start: {error}") from error

    def crash(self) -> None:
        self._container.get_wrapped_container().kill()

    def end(self) -> None:
        self._container.stop()


class _Local:
    """The server from binaries of this machine, in a temporary folder; it ends with this process at the latest."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="hedgerow-postgres-"))
        self._as_user: list[str] = []
        self._user = pwd.getpwuid(os.geteuid())
        if os.geteuid() == 0:  # the server refuses root
            self._user = _unprivileged()
            os.chown(self._folder, self._user.pw_uid, self._user.pw_gid)
            ids = (f"--reuid={self._user.pw_uid}", f"--regid={self._user.pw_gid}")
            self._as_user = ["setpriv", *ids, "--clear-groups"]
        if shutil.which("setpriv"):
            self._as_user = [*(self._as_user or ["setpriv"]), "--pdeathsig=QUIT"]

    def start(self) -> None:
        data = self._folder / "data"
        if not data.exists():
            self._make(data)
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._as_user, str(local_binaries("postgres")), "-D", str(data), "-p", str(self._port),
                 "-c", f"listen_addresses={self._host}", "-c", "unix_socket_directories="],
                cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def _make(self, data: Path) -> None:
        word = self._folder / "password"
        word.touch(0o600)
        word.write_text(PASSWORD)
        os.chown(word, self._user.pw_uid, self._user.pw_gid)
        done = subprocess.run(
            [*self._as_user, str(local_binaries("initdb")), "--no-sync", "-D", str(data), "-U", USER, "-E", "UTF8",
             "--locale=C", "--auth=scram-sha-256", f"--pwfile={word}"],
            cwd=self._folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        word.unlink()
        if done.returncode:
            raise NoPostgres(f"initdb failed: {done.stderr.strip()[-1000:]}")
        with (data / "pg_hba.conf").open("a") as rules:
            rules.write("host all all all scram-sha-256\n")

    def crash(self) -> None:
        self._stop(signal.SIGQUIT)  # at once, without a checkpoint; recovery comes with the next start

    def end(self) -> None:
        self._stop(signal.SIGINT)
        shutil.rmtree(self._folder)

    def _stop(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(START_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _unprivileged() -> pwd.struct_passwd:
    with contextlib.suppress(KeyError):
        return pwd.getpwnam("postgres")
    return pwd.getpwnam("nobody")


def local_binaries(program: str) -> Path | None:
    """Where a server program of PostgreSQL lies on this machine: on PATH, else Debian's newest version."""
    if found := shutil.which(program):
        return Path(found)
    there = Path("/usr/lib/postgresql").glob(f"*/bin/{program}")
    return max(there, key=lambda path: float(path.parts[4]), default=None)


@functools.cache
def chosen_way() -> tuple[bool, str]:
    """Whether the server runs in a container, and the way in words; raises NoPostgres when there is none.

    Docker with the image, else local binaries, else Docker, which then fetches the image.
    """
    demanded = os.environ.get(WAY, "")
    if demanded not in ("", "container", "local"):
        raise NoPostgres(f"{WAY}={demanded}: it is `container`, `local` or empty")
    engine, image = _engine() if demanded != "local" else (f"{WAY}=local", False)
    if not engine and (image or demanded == "container"):
        return True, f"testcontainers, {IMAGE}"
    if demanded == "container":
        raise NoPostgres(f"{WAY}=container, and {engine}")
    why = engine or f"Docker has no image {IMAGE}"
    if local_binaries("postgres") and local_binaries("initdb"):
        return False, f"local, {local_binaries('postgres')} ({why})"
    if not engine:
        return True, f"testcontainers, {IMAGE} (to be fetched)"
    raise NoPostgres(
        f"tests need PostgreSQL, and {why}, nor are `postgres` and `initdb` on PATH or under /usr/lib/postgresql; "
        "on Debian: apt-get install postgresql"
    )


def _engine() -> tuple[str, bool]:
    """What keeps Docker from running a container, empty when nothing does, and whether the image is there."""
    try:
        with contextlib.closing(docker.from_env(timeout=10)) as client:
            client.ping()
            images = {tag for image in client.images.list() for tag in image.tags}
    except DockerException as error:
        return f"no Docker engine answers ({str(error).splitlines()[0][:120]})", False
    from testcontainers.core.config import testcontainers_config

    # The reaper removes what a dead process left; where its image cannot be had, containers do without.
    if testcontainers_config.ryuk_image not in images and IMAGE in images:
        testcontainers_config.ryuk_disabled = True
    return "", IMAGE in images
