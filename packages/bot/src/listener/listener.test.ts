import assert from "node:assert/strict";
import { systemClock } from "../base/clock.js";
import { silentLog } from "../base/log.js";
import { createObservable } from "../base/observable.js";
import { deferred } from "../testing/deferred.js";
import { rawTls, shows } from "../testing/raw-client.js";
import { createTestFleet } from "../testing/test-fleet.js";
import { createListener, type Listener } from "./listener.js";

describe("createListener", () => {
  it("takes no peer once it has stopped, also where its handshake was on its way", async () => {
    const { ca, trust, recorder } = await createTestFleet();
    const identity = createObservable(await ca.issue("spiffe://test/server/1"));
    const decided = deferred();
    let [taken, gone] = [0, 0];
    const listener: Listener = await createListener(
      { identity, trust, recorder, clock: systemClock, log: silentLog, port: 0 },
      {
        onPeer() {
          if (++taken === 1) listener.stop();
          else decided.resolve();
        },
      },
    );
    const good = shows(await ca.issue("spiffe://test/good/1"));
    const sockets = Array.from({ length: 20 }, () => rawTls(listener.port, good).on("error", () => {}));
    for (const socket of sockets) {
      socket.resume().once("close", () => {
        if (++gone === sockets.length - 1) decided.resolve();
      });
    }
    await decided.promise;
    await listener.close();
    assert.equal(taken, 1);
  });
});
