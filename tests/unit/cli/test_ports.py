"""Ports two systems on one machine never share."""

from __future__ import annotations

import subprocess
import sys

from hedgerow.cli.ports import free_ports, is_free, neighbouring_ports

_TWENTY = "from hedgerow.cli.ports import free_ports; print(*free_ports(20)); input()"


def test_processes_that_choose_at_the_same_time_get_different_ports() -> None:
    # twenty each, unopened: nothing but the claim tells them apart
    others = [
        subprocess.Popen([sys.executable, "-c", _TWENTY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    chosen = [port for other in others for port in other.stdout.readline().split()]  # type: ignore[union-attr]
    for other in others:
        other.communicate("\n", timeout=30)
    assert len(chosen) == 160
    assert len(set(chosen)) == 160


def test_ports_are_free_and_different() -> None:
    ports = free_ports(150)
    assert len(set(ports)) == 150
    assert all(is_free(port) for port in ports)


def test_neighbours_are_in_a_row() -> None:
    first, second, third = neighbouring_ports(3)
    assert (second, third) == (first + 1, first + 2)
