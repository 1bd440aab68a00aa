import assert from "node:assert/strict";
import type { CreateRateLimiter, RateLimiter } from "../base/rate-limiter.js";
import type { Identity } from "../identity/identity.js";
import { type Deferred, deferred } from "../testing/deferred.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import type { Attempt } from "./attempt.js";
import { createChain } from "./chain.js";
import type { Connection } from "./connection.js";

const { echo, open } = EchoService.methods;
const limited = { ...echo, policy: { ...echo.policy, rate: { perSecond: 1, burst: 1 } } };

// No socket and no metadata: whatever a call came by, this is all that the chain knows of it.
describe("the chain", () => {
  let fleet: TestFleet;
  let caller: Identity;
  let token: string;
  let now: number;

  beforeEach(async () => {
    fleet = await createTestFleet();
    caller = await fleet.ca.issue("spiffe://test/caller/1");
    token = await fleet.token(caller, EchoService.name, ["echo:call"], { jti: "a" });
    now = Date.now();
  });

  function connect(): Connection {
    const { spiffeId: peer, leaf: certificate } = caller;
    return { peer, certificate, earlier: [], address: "a:1", bearers: new Map() } as unknown as Connection;
  }

  function attempt(connection: Connection, method: Attempt["method"] = echo): Attempt {
    const authorization = method === open ? [] : [`Bearer ${token}`];
    return { service: EchoService.name, method, connection, authorization, references: [], now };
  }

  it("answers at once for a token that is known, and where none is needed", async () => {
    const [chain, connection] = [createChain(fleet.trust), connect()];
    assert.ok(!(chain(attempt(connection, open)) instanceof Promise));
    const first = chain(attempt(connection, limited));
    assert.ok(first instanceof Promise);
    assert.equal((await first).caller.name, "caller/1");
    assert.ok(!(chain(attempt(connection)) instanceof Promise));
    assert.throws(() => chain(attempt(connection, limited)), { reason: "RATE_LIMITED" });
  });

  it("takes a call of one bot after another, by its rate", () => {
    const chain = createChain(fleet.trust, { callerRate: { perSecond: 1, burst: 2 } });
    for (let i = 0; i < 2; i++) chain(attempt(connect(), open));
    assert.throws(() => chain(attempt(connect(), open)), {
      reason: "RATE_LIMITED",
      metadata: { retryAfterMs: "1000" },
    });
  });

  describe("with limiters that answer later", () => {
    let asked: Deferred<void>;
    let answer: Deferred<number>;

    beforeEach(() => {
      asked = deferred();
      answer = deferred();
    });

    /** Answers late for one purpose, at once for the others. */
    function lateFor(late: string): CreateRateLimiter {
      const slow: RateLimiter = {
        take() {
          asked.resolve();
          return answer.promise;
        },
        peek: () => 0,
      };
      return (_rate, purpose) => (purpose === late ? slow : { take: () => 0, peek: () => 0 });
    }

    for (const purpose of ["caller", echo.path]) {
      describe(`for ${purpose}`, () => {
        const begin = () => {
          const chain = createChain(fleet.trust, { createLimiter: lateFor(purpose) });
          return Promise.resolve(chain(attempt(connect(), limited)));
        };

        it("admits what it allows", async () => {
          const admission = begin();
          await asked.promise;
          answer.resolve(0);
          const { caller: admitted, bearer } = await admission;
          assert.deepEqual([admitted.name, bearer?.token.jti], ["caller/1", "a"]);
        });

        it("refuses what it does not allow", async () => {
          const admission = begin();
          await asked.promise;
          answer.resolve(70);
          await assert.rejects(admission, { reason: "RATE_LIMITED", metadata: { retryAfterMs: "70" } });
        });

        it("refuses when it cannot tell", async () => {
          const admission = begin();
          await asked.promise;
          answer.reject(new Error("no store"));
          await assert.rejects(admission, /no store/);
        });

        it("refuses a bot, a certificate, and a token that is revoked meanwhile", async () => {
          for (const [kind, subject] of [
            ["token", "a"],
            ["certificate", caller.leaf.serial],
            ["identity", caller.spiffeId.uri],
          ] as const) {
            asked = deferred();
            answer = deferred();
            const admission = begin();
            await asked.promise;
            fleet.revoke(kind, subject);
            answer.resolve(0);
            await assert.rejects(admission, { reason: `${kind.toUpperCase()}_REVOKED` });
            fleet.trust.replace({ ...fleet.trust.state, revocations: [] });
          }
        });
      });
    }
  });
});
