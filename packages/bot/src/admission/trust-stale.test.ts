import assert from "node:assert/strict";
import { trustStale } from "./trust-stale.js";

describe("the denial for stale trust", () => {
  const server = {
    identity: { current: () => ({ spiffeId: { name: "echo/1" } }) as never },
    contact: { address: "authority:7443" },
  };

  it("says whose trust is stale, since when, and what still works", () => {
    const { code, reason, message, metadata } = trustStale({ heardAt: 0 }, server);
    assert.deepEqual([code, reason], ["UNAVAILABLE", "TRUST_STALE"]);
    assert.match(
      message,
      /echo\/1, which was called, last heard the authority at authority:7443 at 1970-01-01T00:00:00/,
    );
    assert.match(message, /low and medium risk still work/);
    assert.deepEqual(metadata, { bot: "echo/1", since: "1970-01-01T00:00:00.000Z", authority: "authority:7443" });
  });

  it("says so when the authority was never heard, or there is none", () => {
    assert.match(
      trustStale({ heardAt: Number.NEGATIVE_INFINITY }, server).message,
      /has not heard the authority at .* yet/,
    );
    assert.deepEqual(trustStale({ heardAt: Number.NEGATIVE_INFINITY }).metadata, {});
  });
});
