"""What a scenario is given: gateways to start and clients to connect, all ended afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from hedgerow.conformance.client import TIMEOUT_S, Client, ContractSpec, OrderView
from hedgerow.conformance.gateway import EXPIRY, SYMBOL, Gateway, GatewayHost
from hedgerow.conformance.tamper import Rewrite, Tamper

STOCK = ContractSpec()
CALL = ContractSpec(sec_type="OPT", expiry=EXPIRY, strike=100.0, right="C")
CALL_ID = f"{SYMBOL} {EXPIRY} 100 C"


class World:
    """One scenario's surroundings; `version_max` pins the server version, `library` is the client's."""

    def __init__(self, host: GatewayHost, new_client: Callable[[], Client], library: str, version_max: int) -> None:
        self._host = host
        self._new_client = new_client
        self.library = library
        self.version_max = version_max
        self.seen: list[str] = []
        self._gateways: list[Gateway] = []
        self._clients: list[Client] = []
        self._proxies: list[Tamper] = []

    @property
    def keeps_state(self) -> bool:
        """Whether the library keeps orders, positions and tickers itself: ibapi only hands callbacks on."""
        return self.library != "ibapi"

    def gateway(self, *, own_process: bool = False, **config: Any) -> Gateway:
        """A gateway of this configuration, quoting the stock 99.99 / 100.01 and the call 2.00 / 2.10."""
        version = config.pop("server_version_max", self.version_max)
        gateway = Gateway(self._host, own_process=own_process, server_version_max=version, **config)
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

    def tampered(self, gateway: Gateway, rewrite: Rewrite = lambda fields: [fields]) -> Tamper:
        """A proxy in front of the gateway that changes its replies."""
        proxy = Tamper(gateway.port, rewrite)
        self._proxies.append(proxy)
        return proxy

    def leave(self, gateway: Gateway, client: Client) -> None:
        """Disconnect this client for good, and wait until its gateway has noticed."""
        self.go_away(gateway, client)
        self._clients.remove(client)

    def go_away(self, gateway: Gateway, client: Client) -> None:
        """Disconnect this client, which may come back, and wait until its gateway has noticed."""
        known = len(gateway.admin("status")["clients"])
        client.disconnect()
        self.until(lambda: len(gateway.admin("status")["clients"]) < known, "the gateway to see the client leave")

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for something outside every client; AssertionError naming `what` otherwise."""
        deadline = time.monotonic() + TIMEOUT_S
        while not condition():
            assert time.monotonic() < deadline, f"not within {TIMEOUT_S:.0f} s: {what}"
            time.sleep(0.005)

    def shows(self, behaviour: str) -> None:
        """Record that the client showed the documented behaviour."""
        self.seen.append(f"documented behaviour shown: {behaviour}")

    def works_around(self, how: str) -> None:
        """Record that the work-around held."""
        self.seen.append(f"work-around holds: {how}")

    def close(self) -> None:
        """Disconnect every client and stop every gateway."""
        for client in self._clients:
            client.disconnect()
        for proxy in self._proxies:
            proxy.close()
        for gateway in self._gateways:
            gateway.stop()
            gateway.clean()


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
