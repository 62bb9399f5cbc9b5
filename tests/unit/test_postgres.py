"""The PostgreSQL the tests run on: separate databases, no password in its address, data that outlives a crash."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.postgres import WAY, NoPostgres, Server, chosen_way


def test_the_address_names_a_database_and_no_password(postgres_url: str) -> None:
    parts = urlsplit(postgres_url)
    assert parts.username
    assert parts.password is None
    assert os.environ["PGPASSWORD"] not in postgres_url
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT current_database()").fetchone() == (parts.path[1:],)


def test_without_the_password_it_lets_nobody_in(postgres_url: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(postgres_url, password="another")


def test_databases_are_separate_and_dropped(postgres_server: Server) -> None:
    with postgres_server.database() as one, postgres_server.database() as other:
        with psycopg.connect(one) as connection:
            connection.execute("CREATE TABLE mine (id int)")
        with psycopg.connect(other) as connection:
            assert connection.execute("SELECT to_regclass('mine')").fetchone() == (None,)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(one)


def test_what_was_committed_outlives_a_crash_and_clients_are_cut_off() -> None:
    before = os.environ.get("PGPASSWORD")
    with Server() as server, server.database() as url:
        connection = psycopg.connect(url)
        connection.execute("CREATE TABLE kept (id int)")
        connection.commit()
        connection.execute("INSERT INTO kept VALUES (1)")
        server.crash()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
        server.start()
        with psycopg.connect(url) as again:
            assert again.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    assert os.environ.get("PGPASSWORD") == before


def test_an_unknown_way_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WAY, "elsewhere")
    with pytest.raises(NoPostgres, match=WAY):
        chosen_way.__wrapped__()


def test_a_demanded_container_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WAY, "container")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent.sock")
    with pytest.raises(NoPostgres, match="no Docker engine answers"):
        chosen_way.__wrapped__()


def test_with_neither_docker_nor_binaries_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(WAY, raising=False)
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent.sock")
    monkeypatch.setattr("tests.postgres.local_binaries", lambda program: None)
    with pytest.raises(NoPostgres, match="apt-get install postgresql"):
        chosen_way.__wrapped__()
