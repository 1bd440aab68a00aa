import assert from "node:assert/strict";
import { createKeepalive } from "./keepalive.js";

/** A connection that is asked for signs of life, and may give them. */
function silentConnection(streams: number) {
  const pings: number[] = [];
  let wake = () => {};
  const connection = {
    streams,
    lastReceived: performance.now(),
    pings,
    answering: true,
    ping() {
      pings.push(performance.now());
      if (connection.answering) connection.lastReceived = performance.now();
      wake();
    },
    async pinged(count: number) {
      while (pings.length < count) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
  return connection;
}

describe("createKeepalive", () => {
  it("asks a connection with calls, and gives it up when it does not answer", async () => {
    const connection = silentConnection(1);
    connection.answering = false;
    const began = performance.now();
    await new Promise<void>((lost) => {
      createKeepalive({ connection, keepaliveMs: 30, keepaliveTimeoutMs: 20, answers: () => 0, lost });
    });
    assert.equal(connection.pings.length, 1);
    assert.ok((connection.pings[0] ?? 0) - began >= 29);
  });

  it("asks a second time later, and then only after minutes; an answer begins anew", async () => {
    const connection = silentConnection(1);
    let answered = 0;
    const lost = () => assert.fail("it has answered");
    const end = createKeepalive({ connection, keepaliveMs: 20, keepaliveTimeoutMs: 5, answers: () => answered, lost });
    await connection.pinged(2);
    const [first = 0, second = 0] = connection.pings;
    assert.ok(second - first >= 39);
    await new Promise((resolve) => setTimeout(resolve, 150));
    assert.equal(connection.pings.length, 2);
    end();
    answered++;
  });

  it("leaves a connection without calls alone, and one on which something comes", async () => {
    const idle = silentConnection(0);
    const busy = silentConnection(1);
    const receiving = setInterval(() => (busy.lastReceived = performance.now()), 5);
    const ends = [idle, busy].map((connection) =>
      createKeepalive({ connection, keepaliveMs: 40, keepaliveTimeoutMs: 5, answers: () => 0, lost: assert.fail }),
    );
    await new Promise((resolve) => setTimeout(resolve, 150));
    clearInterval(receiving);
    for (const end of ends) end();
    assert.deepEqual([idle.pings.length, busy.pings.length], [0, 0]);
  });

  it("is off where it is not asked for", () => {
    const connection = silentConnection(1);
    const never = { keepaliveMs: Number.POSITIVE_INFINITY, keepaliveTimeoutMs: 1 };
    createKeepalive({ connection, ...never, answers: () => 0, lost: assert.fail })();
    assert.equal(connection.pings.length, 0);
  });
});
