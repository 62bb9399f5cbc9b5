"""What a scenario is given: gateways to start and clients to connect, all ended afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.conformance.client import TIMEOUT_S, Client, ContractSpec, OrderView
from tests.conformance.gateway import EXPIRY, SYMBOL, Gateway

STOCK = ContractSpec()
CALL = ContractSpec(sec_type="OPT", expiry=EXPIRY, strike=100.0, right="C")
CALL_ID = f"{SYMBOL} {EXPIRY} 100 C"


class World:
    """One scenario's surroundings; `version_max` pins the server version."""

    def __init__(self, new_gateway: Callable[..., Gateway], new_client: Callable[[], Client], version_max: int) -> None:
        self._new_gateway = new_gateway
        self._new_client = new_client
        self.version_max = version_max
        self._gateways: list[Gateway] = []
        self._clients: list[Client] = []

    def gateway(self, **config: Any) -> Gateway:
        """A gateway of this configuration, quoting the stock 99.99 / 100.01 and the call 2.00 / 2.10."""
        gateway = self._new_gateway(server_version_max=self.version_max, **config)
        self._gateways.append(gateway)
        gateway.quote(SYMBOL, 99.99, 100.01)
        gateway.quote(CALL_ID, 2.00, 2.10)
        return gateway

    def unconnected(self) -> Client:
        """A new client object."""
        client = self._new_client()
        self._clients.append(client)
        return client

    def connect(self, gateway: Gateway, client_id: int = 10) -> Client:
        """A new client, connected."""
        client = self.unconnected()
        client.connect(gateway.port, client_id)
        return client

    def leave(self, gateway: Gateway, client: Client) -> None:
        """Disconnect this client, and wait until its gateway has noticed."""
        known = len(gateway.admin("status")["clients"])
        client.disconnect()
        self._clients.remove(client)
        deadline = time.monotonic() + TIMEOUT_S
        while len(gateway.admin("status")["clients"]) >= known:
            assert time.monotonic() < deadline, "the gateway did not see the client leave"

    def close(self) -> None:
        """Disconnect every client and stop every gateway."""
        for client in self._clients:
            client.disconnect()
        for gateway in self._gateways:
            gateway.stop()


def error_codes(client: Client) -> list[int]:
    """Codes of the errors a client was told, notices about data farms left out."""
    return [error.code for error in client.errors if not 2100 <= error.code < 2200]


def wait_code(client: Client, code: int) -> None:
    """Wait until the client was told that error."""
    client.wait(lambda: code in error_codes(client), f"error {code}")


def wait_status(client: Client, order_id: int, status: str) -> OrderView:
    """Wait until an order has that status."""
    client.wait(lambda: client.order(order_id).status == status, f"order {order_id} {status}")
    return client.order(order_id)
