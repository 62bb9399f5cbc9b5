"""A strategy in a process of its own: it hedges the net delta to zero over the daemon's bridge.

    python delta_hedger.py 127.0.0.1:50060 STRATEGY [--threshold 25] [--events 10]

It uses nothing of Hedgerow but the generated bindings, so that it reads as it would in another language. `Chain` is its
own end of the chain: it proves what it sends, and takes nothing from a daemon whose links do not fit.
"""

from __future__ import annotations

import argparse
import hashlib
import queue
import struct
import sys
from collections.abc import Iterator

import grpc
from google.type import decimal_pb2

from hedgerow.api.strategy.v1 import bridge_pb2, bridge_pb2_grpc


class Chain:
    """One sender's links: each hash covers the one before, index, kind, what the link follows, and the payload."""

    def __init__(self, seed: bytes, sender: bytes) -> None:
        self.index = 0
        self.head = hashlib.sha256(seed + sender).digest()

    def hash_of(self, index: int, kind: int, follows: bytes, payload: bytes) -> bytes:
        """The hash of the link that comes next, were it this one."""
        return hashlib.sha256(self.head + struct.pack(">QI", index, kind) + follows + payload).digest()

    def add(self, kind: bridge_pb2.LinkKind, follows: bytes, payload: bytes) -> bridge_pb2.ChainLink:
        """The next link to send."""
        self.index += 1
        self.head = self.hash_of(self.index, kind, follows, payload)
        return bridge_pb2.ChainLink(index=self.index, kind=kind, follows=follows, payload=payload, hash=self.head)

    def take(self, link: bridge_pb2.ChainLink) -> None:
        """Takes a link received; ends the program when it is not the next one as it was sent."""
        expected = self.hash_of(self.index + 1, link.kind, link.follows, link.payload)
        if link.index != self.index + 1 or link.hash != expected:
            sys.exit(f"broken chain at link {link.index}, link {self.index + 1} was expected")
        self.index, self.head = link.index, link.hash


def answer_to(state: bridge_pb2.BridgeState, threshold: float) -> bridge_pb2.BridgeIntent:
    """The strategy itself: beyond the threshold, trade the net delta away; while an order is worked, nothing new."""
    delta = state.net_delta if state.HasField("net_delta") else 0.0
    shares = -round(delta)
    if state.order_working or state.paused or not state.in_session or abs(delta) < threshold or shares == 0:
        return bridge_pb2.BridgeIntent(sequence=state.sequence, action=bridge_pb2.BRIDGE_ACTION_NONE)
    return bridge_pb2.BridgeIntent(
        sequence=state.sequence, action=bridge_pb2.BRIDGE_ACTION_TRADE, quantity=decimal_pb2.Decimal(value=str(shares))
    )


def run(address: str, strategy: str, threshold: float, events: int) -> None:
    """Answers states until so many order events came (0: for ever), or the daemon ends the stream."""
    out: queue.Queue[bridge_pb2.ConnectRequest | None] = queue.Queue()

    def requests() -> Iterator[bridge_pb2.ConnectRequest]:
        while (request := out.get()) is not None:
            yield request

    with grpc.insecure_channel(address) as channel:
        hello = bridge_pb2.BridgeHello(strategy=strategy, client="delta_hedger.py")
        out.put(bridge_pb2.ConnectRequest(hello=hello))
        responses = bridge_pb2_grpc.StrategyBridgeServiceStub(channel).Connect(requests())
        welcome = next(responses).welcome
        heard, told = Chain(welcome.seed, b"daemon"), Chain(welcome.seed, b"strategy")
        print(f"connected to run {welcome.run_id}", flush=True)
        for response in responses:
            if response.WhichOneof("event") == "closing":
                print(f"closed: {response.closing.reason}", flush=True)
                break
            if response.WhichOneof("event") != "link":
                continue
            link = response.link
            heard.take(link)
            if link.kind == bridge_pb2.LINK_KIND_STATE:
                answer = answer_to(bridge_pb2.BridgeState.FromString(link.payload), threshold)
                own = told.add(bridge_pb2.LINK_KIND_INTENT, link.hash, answer.SerializeToString())
                out.put(bridge_pb2.ConnectRequest(link=own))
            else:
                event = bridge_pb2.BridgeOrderEvent.FromString(link.payload)
                filled = f"{event.cum_qty.value} filled, {event.leaves_qty.value} open"
                print(f"order {event.intent_number} {event.phase}: {filled}", flush=True)
                events -= 1
                if events == 0:
                    break
        out.put(None)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address", help="the strategy daemon's host:port")
    parser.add_argument("strategy", help="its name in the configuration")
    parser.add_argument("--threshold", type=float, default=25.0, help="shares of net delta from which to hedge")
    parser.add_argument("--events", type=int, default=0, help="end after so many order events")
    given = parser.parse_args()
    run(given.address, given.strategy, given.threshold, given.events)
