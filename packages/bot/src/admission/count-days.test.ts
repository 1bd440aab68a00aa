import assert from "node:assert/strict";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import type { Trust, TrustState } from "../trust/trust.js";
import type { Bearer } from "./bearer.js";
import type { Connection } from "./connection.js";
import { keepAuthorized, type RenewableCall } from "./keep-authorized.js";

const midnight = Date.UTC(2030, 0, 2);

describe("a stream that is open for days", () => {
  let now: number;
  let counted: number[];
  let ended: number;
  let changed: PassThrough;
  const state = {} as TrustState;
  const caller = { spiffeId: { uri: "spiffe://test/a" }, actors: [] };

  const bearer = (expiresAt: number) =>
    ({
      caller,
      clearedBy: state,
      token: { expiresAt, audiences: new Set(["a.B"]), scopes: new Set() },
    }) as unknown as Bearer;

  function open(first: Bearer | undefined, ...later: readonly Bearer[]): RenewableCall {
    const call = {
      method: { policy: { scopes: [] } },
      service: "a.B",
      caller,
      bearer: first,
      stopWatching: undefined,
      count(at: number) {
        counted.push(at);
        changed.write(".");
      },
      end() {
        ended++;
        changed.write(".");
      },
    } as unknown as RenewableCall;
    const bearers = new Map(later.map((each, i) => [String(i), each]));
    keepAuthorized(call, { bearers } as unknown as Connection, { state } as Trust, { now: () => now });
    return call;
  }

  /** Sets the clock, and waits for what happens by it. */
  async function until(at: number): Promise<void> {
    now = at;
    await once(changed, "data");
  }

  beforeEach(() => {
    now = midnight - 2;
    counted = [];
    ended = 0;
    changed = new PassThrough();
  });

  it("is counted at midnight in UTC where it needs no token, until it ends", async () => {
    const call = open(undefined);
    await until(midnight);
    assert.deepEqual(counted, [midnight]);
    now = midnight + 86_400_000 - 2;
    await until(midnight + 86_400_000);
    assert.deepEqual(counted, [midnight, midnight + 86_400_000]);
    call.stopWatching?.();
    assert.equal(ended, 0);
  });

  it("is counted with the first token of another day", async () => {
    const call = open(bearer(midnight - 1), bearer(midnight + 1), bearer(midnight + 2), bearer(midnight + 3));
    now = midnight - 1;
    await until(midnight + 1);
    assert.deepEqual(counted, [midnight + 1]);
    await until(midnight + 3);
    assert.deepEqual([counted, ended], [[midnight + 1], 1], "once a day");
    call.stopWatching?.();
  });
});
