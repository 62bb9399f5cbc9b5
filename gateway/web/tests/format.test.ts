import assert from "node:assert/strict";
import { test } from "node:test";
import { duration, fixed, marketClock, millis, numeric, quantity, signed } from "../src/format.ts";

test("times come as RFC 3339 with nanoseconds or as ns in text", () => {
  assert.equal(millis("2015-12-24T18:06:00.123456789Z"), Date.UTC(2015, 11, 24, 18, 6, 0, 123));
  assert.equal(Math.round(millis("1450980360000000000") ?? 0), Date.UTC(2015, 11, 24, 18, 6));
  for (const none of [null, undefined, "", 0, "0", "soon"]) assert.equal(millis(none), null);
});

test("market time is New York's, with and without daylight saving", () => {
  assert.equal(marketClock(Date.UTC(2015, 11, 24, 18, 6)), "13:06:00");
  assert.equal(marketClock(Date.UTC(2016, 6, 1, 18, 6)), "14:06:00");
});

test("numbers are grouped, and a sign is a true one", () => {
  assert.equal(fixed(-2389.22), "−2,389.22");
  assert.equal(signed(317.78), "+317.78");
  assert.equal(signed(-0.001), "0.00");
  assert.equal(fixed(null), "–");
  assert.equal(quantity(20, true), "+20");
  assert.equal(quantity(0.5), "0.5000");
  assert.equal(numeric({ value: "12.5" }), 12.5);
  assert.equal(numeric("NaN"), null);
});

test("durations are read at a glance", () => {
  assert.deepEqual([-5, 900, 59_000, 180_000, 7_200_000, 200_000_000].map(duration), [
    "0.0 s",
    "0.9 s",
    "59 s",
    "3 min",
    "2 h",
    "2 d",
  ]);
});
