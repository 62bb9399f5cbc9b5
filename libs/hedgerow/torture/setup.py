"""The settings of a world: short waits, wide limits, quiet logs."""

from __future__ import annotations

from pathlib import Path

from hedgerow.catalog import ENTRIES
from hedgerow.settings import (
    BrokerSettings,
    Endpoint,
    GuardSettings,
    LeaseSettings,
    PortfolioSettings,
    ReplaySettings,
    RiskSettings,
    Settings,
    TelemetrySettings,
    TimingSettings,
)

LEASE_S = 0.5
"""Of a world with a guard and a standby."""
ACK_TIMEOUT_S = 0.4
"""Wall seconds without an acknowledgement after which execution asks: short, so that a case is."""
_QUIET = TelemetrySettings(log_level="WARNING", sample_ratio=0.0)
_WIDE = RiskSettings(
    max_order_quantity=10_000, max_order_notional_usd=1e9, max_position_shares=10_000_000, max_orders_per_minute=10_000
)  # fmt: skip


def settings_of(ports: dict[str, int], broker_port: int, clock_file: Path, guarded: bool) -> Settings:
    """What processes with these ports are told; `guarded` puts the guard before the broker and lets a second stand by.

    `ports` holds a port per process, and one named `guard-ib` where the guard takes execution's connection.
    """
    return Settings(
        endpoints={name: Endpoint(port=port) for name, port in ports.items() if name in ENTRIES},
        broker=BrokerSettings(
            port=broker_port, attempt_timeout_s=3.0, retry_interval_s=0.1, request_timeout_s=2.0, probe_interval_s=1.0,
            connectivity_lost_limit_s=4.0,
        ),
        guard=GuardSettings(enabled=guarded, port=ports["guard-ib"], log_timeout_s=5.0),
        lease=LeaseSettings(seconds=LEASE_S, standby=True) if guarded else LeaseSettings(),
        timing=TimingSettings(ack_timeout_s=ACK_TIMEOUT_S, stream_heartbeat_s=0.2, rpc_timeout_s=2.0),
        portfolio=PortfolioSettings(break_settle_s=0.5), replay=ReplaySettings(clock_file=clock_file),
        risk=_WIDE, telemetry=_QUIET,
    )  # fmt: skip
