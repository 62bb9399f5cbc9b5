"""Listens to risk's trading state; not heard means halted."""

from __future__ import annotations

from collections.abc import Callable

import grpc

from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.risk.v1 import risk_pb2, risk_pb2_grpc
from hedgerow.rpc.retry import reconnecting
from hedgerow.strategy.observation import ObservationCause, RiskState
from services.strategy.inputs import Inputs

_STATES: dict[int, RiskState] = {
    common_pb2.TRADING_STATE_ACTIVE: RiskState.ACTIVE,
    common_pb2.TRADING_STATE_REDUCING: RiskState.REDUCING,
    common_pb2.TRADING_STATE_HALTED: RiskState.HALTED,
}


class RiskStream:
    """Follows RiskService.StreamBreaches."""

    def __init__(
        self, channel: grpc.aio.Channel, inputs: Inputs, evaluate: Callable[[ObservationCause], None], silence_s: float
    ) -> None:
        self._stub = risk_pb2_grpc.RiskServiceStub(channel)
        self._inputs = inputs
        self._evaluate = evaluate
        self._silence_s = silence_s

    async def run(self) -> None:
        """Until canceled."""

        def open_call() -> object:
            return self._stub.StreamBreaches(risk_pb2.StreamBreachesRequest())

        messages = reconnecting(open_call, name="risk", silence_s=self._silence_s, on_down=self._on_down)
        async for message in messages:
            if message.WhichOneof("event") == "trading_state":
                self._set(_STATES.get(message.trading_state, RiskState.UNKNOWN))

    def _on_down(self, reason: str) -> None:
        self._set(RiskState.UNKNOWN)

    def _set(self, state: RiskState) -> None:
        if state is not self._inputs.trading_state:
            self._inputs.trading_state = state
            self._evaluate(ObservationCause.LINK)
