"""What the simulated gateway measures: read when asked for, so that it costs no tick anything."""

from __future__ import annotations

from hedgerow.ibsim.simulation import Simulation
from hedgerow.telemetry import metrics

_CLIENTS = metrics.gauge("hedgerow_ibsim_clients", "Clients that have said who they are.")
_SUBSCRIPTIONS = metrics.gauge("hedgerow_ibsim_subscriptions", "Market data requests followed.")
_WORKING = metrics.gauge("hedgerow_ibsim_working_orders", "Orders at work.")
_ORDERS = metrics.gauge("hedgerow_ibsim_orders", "Orders in the book, ended ones included.")
_MARKET_TIME = metrics.gauge("hedgerow_ibsim_market_time_seconds", "Market time of the newest event, since 1970 UTC.")
_SPEED = metrics.gauge("hedgerow_ibsim_speed_ratio", "Market seconds per wall second; 0 = paused.")


def measure(simulation: Simulation) -> None:
    """Shows this simulation from now on; the functions run in the thread that answers /metrics."""
    _CLIENTS.set_function(lambda: len(simulation.hub.sessions))
    _SUBSCRIPTIONS.set_function(
        lambda: sum(len(session.subscriptions) for session in list(simulation.connections.values()))
    )
    _WORKING.set_function(lambda: sum(not order.status.is_done for order in list(simulation.book.orders.values())))
    _ORDERS.set_function(lambda: len(simulation.book.orders))
    _MARKET_TIME.set_function(lambda: simulation.time.watermark / 1e9)
    _SPEED.set_function(lambda: simulation.time.speed)
