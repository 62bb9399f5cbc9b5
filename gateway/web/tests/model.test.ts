import assert from "node:assert/strict";
import { test } from "node:test";
import { Model } from "../src/model.ts";
import { moneyness } from "../src/moneyness.ts";
import { Track, hedges } from "../src/points.ts";
import { runs, thinned } from "../src/runs.ts";
import { pause } from "../src/stream.ts";
import { base64url } from "../src/api.ts";
import type { Decision, Instrument, Operation, Status } from "../src/types.ts";
import { shown } from "../src/views/lamp.ts";
import { greekLines, listed } from "../src/views/positions.ts";

const option = (right: string): Instrument => ({
  instrumentId: "X",
  symbol: "X",
  secType: "SEC_TYPE_OPT",
  strike: { value: "100" },
  right: `RIGHT_${right}`,
});

test("moneyness tells calls from puts and has a middle", () => {
  assert.equal(moneyness(option("CALL"), 110)?.label, "ITM");
  assert.equal(moneyness(option("PUT"), 110)?.label, "OTM");
  assert.equal(moneyness(option("CALL"), 100.4)?.label, "ATM");
  assert.ok(Math.abs((moneyness(option("PUT"), 90)?.percent ?? 0) - 10) < 1e-9);
  assert.equal(moneyness(option("CALL"), null), null);
  assert.equal(moneyness({ instrumentId: "X", symbol: "X", secType: "SEC_TYPE_STK" }, 100), null);
});

const green: Status = { statusLamp: "STATUS_LAMP_GREEN", strategies: [{ strategy: "a" }] };

test("a lamp burns only while the page is connected", () => {
  const model = new Model();
  assert.equal(shown(model).colour, "none");
  model.setConnection("live");
  model.setStatus(green);
  assert.equal(shown(model).colour, "green");
  model.setConnection("lost", "the gateway does not answer");
  assert.equal(shown(model).colour, "red");
  assert.match(shown(model).reasons[0] ?? "", /disconnected since .* the gateway does not answer/);
  model.setConnection("connecting");
  assert.equal(shown(model).colour, "red");
  model.setConnection("recorded");
  assert.equal(shown(model).colour, "none");
});

test("a lamp that is not told is red", () => {
  const model = new Model();
  model.setConnection("live");
  model.setStatus({});
  assert.equal(shown(model).colour, "red");
  model.setStatus({ statusLamp: "STATUS_LAMP_UNSPECIFIED" });
  assert.equal(shown(model).colour, "red");
});

const decision = (sequence: number, blockReason = "", intentId = ""): Decision => ({
  sequence: String(sequence),
  blockReason,
  intentId,
  tradingFsmState: "MONITOR",
  marketTime: new Date(sequence * 1000).toISOString(),
  spot: sequence,
  netDelta: -sequence,
});

test("neighbours that say the same are one line, an intent stands alone", () => {
  const list = [
    decision(6),
    decision(5),
    decision(4),
    decision(3, "COOLDOWN"),
    decision(2, "", "i2"),
    decision(1, "", "i1"),
  ];
  const found = runs(list, 10);
  assert.deepEqual(
    found.map((run) => [run.decision.sequence, run.count]),
    [
      ["6", 3],
      ["3", 1],
      ["2", 1],
      ["1", 1],
    ],
  );
  const kept = thinned(list);
  assert.deepEqual(
    kept.map((d) => d.sequence),
    ["6", "4", "3", "2", "1"],
  );
  assert.deepEqual(
    runs(kept, 10).map((run) => run.count),
    [3, 1, 1, 1],
  );
  assert.equal(runs(list, 2).length, 2);
});

test("decisions and history become points of the chart, in order, one per second", () => {
  const model = new Model();
  model.addDecisions("a", [decision(3), decision(2)]);
  model.addDecisions("a", [decision(4)]);
  model.addHistory("a", [
    { marketTime: new Date(1000).toISOString(), spot: 1 },
    { marketTime: new Date(2000).toISOString(), netDelta: 9 },
  ]);
  const found = model.track("a").points;
  assert.deepEqual(
    found.map((p) => p.time),
    [1, 2, 3, 4],
  );
  assert.deepEqual(found[1], { time: 2, spot: 2, delta: 9 });
  assert.deepEqual(
    model.of("a").decisions.map((d) => d.sequence),
    ["4", "2"],
  );
});

test("a stream of decisions that say the same stays two long", () => {
  const model = new Model();
  for (let sequence = 1; sequence <= 100; sequence += 1) model.addDecisions("a", [decision(sequence)]);
  assert.deepEqual(
    model.of("a").decisions.map((d) => d.sequence),
    ["100", "1"],
  );
  assert.equal(runs(model.of("a").decisions, 5)[0]?.count, 100);
  model.addDecisions("a", [decision(101, "COOLDOWN")]);
  assert.deepEqual(
    model.of("a").decisions.map((d) => d.sequence),
    ["101", "100", "1"],
  );
});

test("a track keeps the newest and is bounded", () => {
  const track = new Track();
  for (let second = 1; second <= 12_500; second += 1) track.put(new Date(second * 1000).toISOString(), second, null);
  assert.ok(track.points.length <= 11_000);
  assert.equal(track.points.at(-1)?.time, 12_500);
  track.put("2001-01-01T00:00:00Z", null, null);
  assert.equal(track.points.at(-1)?.time, 12_500);
});

test("a recorded page draws what it carries", () => {
  const data = {
    status: null,
    portfolio: null,
    commands: [],
    strategies: {
      a: { history: [{ marketTime: new Date(1000).toISOString(), spot: 1 }], decisions: [decision(2)], operations: [] },
    },
  };
  assert.deepEqual(
    new Model(data).track("a").points.map((p) => p.time),
    [1, 2],
  );
});

test("fills of one order are one hedge at their average", () => {
  const fill = (id: string, order: string, size: string, price: string, instrumentId = "X"): Operation => ({
    operationId: id,
    type: "FILL",
    clientOrderId: order,
    instrumentId,
    side: "SIDE_SELL",
    quantity: { value: size },
    price: { value: price },
    eventTime: "1970-01-01T00:00:10Z",
  });
  const found = hedges(
    [
      fill("3", "o2", "5", "12"),
      fill("2", "o1", "3", "11"),
      fill("1", "o1", "1", "7"),
      fill("0", "o0", "1", "1", "X 20160115 750 C"),
    ],
    "X",
  );
  assert.deepEqual(found, [
    { time: 10, side: "sell", quantity: 4, price: 10 },
    { time: 10, side: "sell", quantity: 5, price: 12 },
  ]);
});

test("positions that are gone and never earned are left out; the stock is first", () => {
  const position = (id: string, quantity: string, realized = "0", secType = "SEC_TYPE_OPT") => ({
    account: "A",
    owner: "s",
    instrument: { instrumentId: id, symbol: "X", secType },
    quantity: { value: quantity },
    realizedPnl: { value: realized },
  });
  const found = listed([position("X 1 P", "2"), position("X 1 C", "0"), position("X", "0", "5", "SEC_TYPE_STK")]);
  assert.deepEqual(
    found.map((p) => p.instrument.instrumentId),
    ["X", "X 1 P"],
  );
});

test("a position of the stream replaces its like", () => {
  const model = new Model();
  const position = (owner: string, value: string) => ({
    account: "A",
    owner,
    instrument: { instrumentId: "X", symbol: "X" },
    quantity: { value },
  });
  model.setPosition(position("s", "1"));
  model.setPosition(position("MANUAL", "7"));
  model.setPosition(position("s", "2"));
  assert.deepEqual(
    model.data.portfolio?.positions?.map((p) => p.quantity?.value),
    ["7", "2"],
  );
});

test("greeks end with their net", () => {
  const model = new Model();
  const leg = { delta: 10, gamma: 1, vega: 2, theta: -3, implied_volatility: 0.2, provenance: "MODEL" };
  const snapshot = { symbol: "X", stock_position: -8, net_delta: 2, leg_greeks: { "X C": leg } };
  model.setStatus({ strategies: [{ strategy: "s", snapshot }] });
  assert.deepEqual(
    greekLines(model).map((line) => [line.key, line.delta]),
    [
      ["X C", 10],
      ["stock", -8],
      ["net", 2],
    ],
  );
});

test("attempts space out and never stop", () => {
  assert.deepEqual(
    [1, 2, 3, 20].map((n) => pause(n, 1)),
    [500, 1000, 2000, 10_000],
  );
  assert.equal(pause(1, 0), 250);
});

test("a key travels as base64url", () => {
  assert.equal(base64url("??>>ü"), "Pz8-PsO8");
});
