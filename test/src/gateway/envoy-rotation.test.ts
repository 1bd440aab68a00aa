import assert from "node:assert/strict";
import { InterlockError } from "@interlock/bot";
import { envoyStage } from "./envoy-stage.js";
import { findEnvoy, skipWithoutEnvoy } from "./find-envoy.js";

/** The life of every certificate of the fleet, in milliseconds. */
const lifeMs = 30_000;
/** How long calls are made, in milliseconds: every certificate is renewed about four times. */
const callsMs = 60_000;
/** How many calls there must be at the least. */
const leastCalls = 1_200;

describe("what runs out behind Envoy", function () {
  this.timeout(180_000);

  it("certificates that are renewed fail no call", async function () {
    const program = findEnvoy();
    if (!program) skipWithoutEnvoy(this);
    const stage = await envoyStage(program, { leafTtlMs: lifeMs });
    try {
      const callers = await Promise.all([1, 2, 3].map((i) => stage.joinAs(`caller/${i}`)));
      const renewals = new Map<string, number>();
      for (const { name, identity } of callers)
        identity.onChange(() => renewals.set(name, (renewals.get(name) ?? 0) + 1));
      const failures = new Map<string, number>();
      let calls = 0;
      const end = AbortSignal.timeout(callsMs);
      const pause = () => new Promise((resolve) => setTimeout(resolve, 20));
      await Promise.all(
        callers.map(async (caller) => {
          const client = stage.client(caller);
          while (!end.aborted) {
            calls++;
            try {
              if (calls % 10 === 0) for await (const _ of client.count({ reason: "5" }));
              else await client.echo({ reason: "x" });
            } catch (thrown) {
              const { code, reason, message } = InterlockError.from(thrown);
              const told = `${code} ${reason ?? ""} ${message}`;
              failures.set(told, (failures.get(told) ?? 0) + 1);
            }
            await pause();
          }
        }),
      );
      assert.deepEqual([...failures], [], `of ${calls} calls`);
      assert.ok(calls >= leastCalls, `only ${calls} calls`);
      assert.ok(
        [...renewals.values()].every((count) => count >= 3),
        JSON.stringify([...renewals]),
      );
      process.stderr.write(`  ${calls} calls, none failed; renewals: ${[...renewals.values()].join(", ")}\n`);
    } finally {
      await stage.end();
    }
  });

  it("a stream ends when the token does that was exchanged for its caller's", async function () {
    const program = findEnvoy();
    if (!program) skipWithoutEnvoy(this);
    const stage = await envoyStage(program, { tokenTtlMs: 4_000 });
    try {
      const client = stage.client(await stage.joinAs("caller/1"));
      const open = new Promise<never>(() => {});
      async function* requests() {
        yield { reason: "first" };
        await open;
      }
      const answers = client.chat(requests())[Symbol.asyncIterator]();
      assert.equal((await answers.next()).value.reason, "first");
      await assert.rejects(answers.next(), { code: "UNAUTHENTICATED", reason: "TOKEN_EXPIRED" });
      assert.equal((await client.echo({ reason: "next" })).reason, "next", "the next call has a new one");
    } finally {
      await stage.end();
    }
  });
});
