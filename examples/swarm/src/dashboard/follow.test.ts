import assert from "node:assert/strict";
import { once } from "node:events";
import { InterlockError } from "@interlock/bot";
import { follow } from "./follow.js";

describe("follow", () => {
  it("opens an ended stream at the next address, and reports why it ended", async () => {
    const over = new AbortController();
    const asked: string[] = [];
    const heard: string[] = [];
    const ends: (string | undefined)[] = [];
    await follow(["a", "b"], {
      async *open(address) {
        asked.push(address);
        yield `from ${address}`;
        if (address === "a") throw new InterlockError("UNAVAILABLE", "It stands by.", { reason: "LEADER_STANDBY" });
      },
      onMessage: (message) => heard.push(message),
      onEnd({ reason }) {
        ends.push(reason);
        if (ends.length === 3) over.abort();
      },
      signal: over.signal,
    });
    assert.deepEqual(asked, ["a", "b", "a"]);
    assert.deepEqual(heard, ["from a", "from b", "from a"]);
    assert.deepEqual(ends, ["LEADER_STANDBY", "SERVER_UNREACHABLE", "LEADER_STANDBY"]);
  });

  it("treats a silent stream as dead", async () => {
    const over = new AbortController();
    const ends: string[] = [];
    await follow(["a"], {
      async *open(_, signal) {
        yield 1;
        await once(signal, "abort");
        throw new InterlockError("CANCELLED", "The call was canceled.");
      },
      onMessage() {},
      onEnd({ message }) {
        ends.push(message);
        over.abort();
      },
      silentMs: 5,
      signal: over.signal,
    });
    assert.deepEqual(ends, ["Nothing was heard for 5 ms."]);
  });

  it("ends on its signal, without a report", async () => {
    const over = new AbortController();
    await follow(["a"], {
      async *open(_, signal) {
        yield 1;
        assert.equal(signal.aborted, true);
      },
      onMessage: () => over.abort(),
      onEnd: () => assert.fail(),
      signal: over.signal,
    });
  });
});
