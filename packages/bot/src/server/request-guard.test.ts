import assert from "node:assert/strict";
import { InterlockError } from "../base/error.js";
import { BadRequest } from "../gen/google/rpc/status.js";
import { describedEcho } from "../testing/described-echo.js";
import { type EchoServer, serveEcho } from "../testing/echo-server.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import type { LiveCall } from "./live-call.js";
import { createRequestGuards, type Validator } from "./request-guard.js";

const audience = EchoService.name;

/** The error with which a call fails. */
async function failure(call: PromiseLike<unknown>): Promise<InterlockError> {
  const error = await call.then(
    () => assert.fail("it was answered"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof InterlockError, String(error));
  return error;
}

describe("what may be asked", () => {
  let fleet: TestFleet;
  let server: EchoServer | undefined;
  beforeEach(async () => {
    fleet = await createTestFleet();
  });
  afterEach(async () => {
    await server?.bot.close(0);
    server = undefined;
  });

  /** A client whose token holds `echo:call` where all the conditions are true. */
  async function narrowed(conditions: unknown, scopes: readonly string[] = [], name = "caller/1") {
    const bot = await fleet.bot(name, undefined, {
      tokens: {
        authorization: async (_audience, _wanted, holder) =>
          `Bearer ${await fleet.token(holder, audience, scopes, { narrowed_scope: { "echo:call": conditions } })}`,
        forget() {},
      },
    });
    return bot.client(EchoService, server?.address ?? "");
  }

  describe("under the conditions of a grant", () => {
    it("is a request that they are true of; another is refused before the handler, with the condition", async () => {
      server = await serveEcho(fleet, {}, {}, describedEcho());
      const client = await narrowed(['reason == "soft"', "size(domain) < 4"]);
      assert.equal((await client.echo({ reason: "soft", domain: "abc" })).reason, "soft");
      const hard = await failure(client.echo({ reason: "hard" }));
      assert.deepEqual([hard.code, hard.reason], ["PERMISSION_DENIED", "ARGUMENT_NOT_ALLOWED"]);
      assert.deepEqual(hard.metadata, { needed: 'reason == "soft"' });
      assert.match(hard.message, /the grant of the caller says where: reason == "soft"/);
      assert.equal(
        (await failure(client.echo({ reason: "soft", domain: "abcd" }))).metadata.needed,
        "size(domain) < 4",
      );
      assert.deepEqual(server.handled, ["echo"]);
      assert.deepEqual(
        server.denials.map(({ reason, method, caller }) => [reason, method, caller]),
        Array(2).fill(["ARGUMENT_NOT_ALLOWED", "/test.EchoService/Echo", "spiffe://test/caller/1"]),
      );
    });

    it("is each message of a stream", async () => {
      const got: string[] = [];
      server = await serveEcho(
        fleet,
        {
          async join(requests) {
            for await (const { reason } of requests) got.push(reason);
            return {};
          },
          async *chat(requests) {
            for await (const request of requests) {
              got.push(request.reason);
              yield request;
            }
          },
        },
        {},
        describedEcho(),
      );
      const client = await narrowed(['reason.startsWith("soft")']);
      async function* messages(...reasons: string[]) {
        for (const reason of reasons) yield { reason };
      }
      await client.join(messages("soft", "softer"));
      assert.equal((await failure(client.join(messages("soft", "hard", "softest")))).reason, "ARGUMENT_NOT_ALLOWED");
      const answers: string[] = [];
      const chat = (async () => {
        for await (const { reason } of client.chat(messages("soft", "softly", "hard", "soft"))) answers.push(reason);
      })();
      assert.equal((await failure(chat)).reason, "ARGUMENT_NOT_ALLOWED");
      assert.deepEqual([...new Set(got)], ["soft", "softer", "softly"]);
    });

    it("is nothing where the conditions do not fit the request, or cannot be evaluated", async () => {
      server = await serveEcho(fleet, {}, {}, describedEcho());
      for (const condition of ["newtons <= 5", "reason", "reason ==", "reason.matches('.*')", "metadata['a'] == 'b'"]) {
        const client = await narrowed([condition], [], `caller/${condition.length}`);
        assert.equal((await failure(client.echo({ reason: "soft" }))).reason, "ARGUMENT_NOT_ALLOWED", condition);
      }
      assert.deepEqual(server.handled, []);
    });

    it("is nothing at a service whose requests cannot be looked at", async () => {
      server = await serveEcho(fleet);
      const error = await failure((await narrowed(["true"])).echo({}));
      assert.equal(error.reason, "ARGUMENT_NOT_ALLOWED");
      assert.match(error.message, /cannot check it/);
      assert.deepEqual(server.handled, []);
    });

    it("holds also where the token says beside them that the scope is held for all", async () => {
      server = await serveEcho(fleet, {}, {}, describedEcho());
      const client = await narrowed(['reason == "soft"'], ["echo:call"]);
      assert.equal((await failure(client.echo({ reason: "hard" }))).reason, "ARGUMENT_NOT_ALLOWED");
    });

    it("is not held with a token that says them in another form", async () => {
      server = await serveEcho(fleet, {}, {}, describedEcho());
      const long = "x".repeat(1_025);
      for (const [i, odd] of ["true", [], [""], [1], null, [long], Array(9).fill("true")].entries()) {
        const client = await narrowed(odd, ["echo:call"], `odd/${i}`);
        assert.equal((await failure(client.echo({}))).reason, "TOKEN_MALFORMED", JSON.stringify(odd));
      }
      assert.deepEqual(server.handled, []);
    });
  });

  describe("by the constraints of the request", () => {
    it("is a request that satisfies them; another is refused before the handler, with its fields", async () => {
      server = await serveEcho(fleet, {}, {}, describedEcho({ constrained: true }));
      const client = (await fleet.bot("caller/1")).client(EchoService, server.address);
      assert.equal((await client.echo({ domain: "12345678" })).domain, "12345678");
      const error = await failure(client.echo({ domain: "123456789" }));
      assert.deepEqual([error.code, error.reason], ["INVALID_ARGUMENT", "INVALID_REQUEST"]);
      assert.deepEqual(error.metadata, { field: "domain", rule: "string.max_len" });
      const { fieldViolations = [] } = error.findDetail("google.rpc.BadRequest", BadRequest) ?? {};
      assert.deepEqual(
        fieldViolations.map(({ field, reason }) => [field, reason]),
        [["domain", "string.max_len"]],
      );
      async function* messages() {
        yield {};
        yield { domain: "123456789" };
      }
      assert.equal((await failure(client.join(messages()))).reason, "INVALID_REQUEST");
      assert.deepEqual(server.handled, ["echo", "join"]);
      assert.deepEqual(
        server.denials.map(({ reason }) => reason),
        ["INVALID_REQUEST", "INVALID_REQUEST"],
      );
    });

    it("needs the package that checks them: without it, the server does not start", async () => {
      const missing = Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
      const guards = createRequestGuards(() => Promise.reject(missing));
      const service = describedEcho({ constrained: true });
      guards.guard(service, service.methods.echo);
      await assert.rejects(guards.prepare(), {
        message: /^\/test\.EchoService\/Echo has buf\.validate constraints, .* npm install @interlock\/validate$/,
      });
    });

    it("needs descriptors: without them, the server does not start", async () => {
      const { descriptors: _, ...bare } = describedEcho({ constrained: true }) as typeof EchoService & {
        descriptors?: string;
      };
      await assert.rejects(serveEcho(fleet, {}, {}, bare), /has no descriptors/);
    });
  });

  it("costs nothing where nothing is said about it: the validator is not loaded", async () => {
    let loaded = 0;
    const load = (): Promise<Validator> => {
      loaded++;
      return Promise.reject(new Error("loaded"));
    };
    const guards = createRequestGuards(load);
    const service = describedEcho();
    const guard = guards.guard(service, service.methods.echo);
    await guards.prepare();
    const caller = { scopes: new Set(["echo:call"]), narrowed: new Map() };
    const live = { caller, bearer: undefined } as unknown as LiveCall;
    assert.equal(guard.wait(live), undefined);
    assert.equal(guard.fault({}, live), undefined);
    assert.equal(loaded, 0);
    // And where a condition needs it that is not there, the request is refused.
    const narrowedCall = { ...live, caller: { scopes: new Set(), narrowed: new Map([["echo:call", ["true"]]]) } };
    await guard.wait(narrowedCall as unknown as LiveCall);
    assert.equal(guard.fault({}, narrowedCall as unknown as LiveCall)?.reason, "ARGUMENT_NOT_ALLOWED");
    assert.equal(loaded, 1);
  });

  it("is held against the message that the handler gets", async () => {
    const got: object[] = [];
    server = await serveEcho(
      fleet,
      {
        echo(request) {
          got.push(request.metadata);
          return request;
        },
      },
      {},
      describedEcho(),
    );
    const client = await narrowed(['metadata["a"] == "soft"']);
    assert.equal((await client.echo({ metadata: { a: "soft" } })).metadata.a, "soft");
    assert.equal((await failure(client.echo({ metadata: { a: "hard" } }))).reason, "ARGUMENT_NOT_ALLOWED");
    assert.deepEqual(got, [{ a: "soft" }]);
  });

  it("goes on to hold for a stream whose token is replaced: by one without other conditions only", async () => {
    server = await serveEcho(fleet, {}, {}, describedEcho());
    const client = async (name: string, next: readonly string[]) => {
      let count = 0;
      const tokens = {
        async authorization(_audience: string, _wanted: readonly string[], holder: Parameters<TestFleet["token"]>[0]) {
          const [conditions, exp] = count++ === 0 ? [['reason != "hard"'], 2] : [next, 60];
          const claims = { narrowed_scope: { "echo:call": conditions }, exp: Math.floor(Date.now() / 1_000) + exp };
          return `Bearer ${await fleet.token(holder, audience, [], claims)}`;
        },
        forget() {},
      };
      return (await fleet.bot(name, undefined, { tokens })).client(EchoService, server?.address ?? "");
    };
    const others = await client("caller/1", ['reason == "soft"']);
    const same = await client("caller/2", ['reason != "hard"']);
    const streams = [others, same].map((one) => one.count({ reason: "1" })[Symbol.asyncIterator]());
    for (const stream of streams) await stream.next();
    for (const one of [others, same]) await one.echo({ reason: "soft" }); // Shows the next token on the connection.
    const [ended, goesOn] = streams.map((stream) => stream.next());
    assert.equal((await failure(ended as Promise<unknown>)).reason, "TOKEN_EXPIRED");
    assert.equal(await Promise.race([goesOn, (await same.echo({ reason: "soft" })).reason]), "soft");
    goesOn?.catch(() => {}); // It ends with the server.
  });
});
