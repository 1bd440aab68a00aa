import assert from "node:assert/strict";
import { once } from "node:events";
import type { Implementation } from "@interlock/bot";
import { EchoService } from "@interlock/bot/testing";
import { createTestFleet, type TestFleet } from "./test-fleet.js";

const scopes = ["echo:call"];

/** Handlers that echo, whose streams stay open until they are ended. */
function echo(handled: string[] = []): Implementation<typeof EchoService> {
  return {
    echo(request, { caller }) {
      handled.push(caller.name);
      return request;
    },
    async *count({ reason }, { signal }) {
      for (let i = 0; i < Number(reason); i++) yield { reason: String(i) };
      if (reason === "0") yield { reason: "open" };
      if (reason === "0" && !signal.aborted) await once(signal, "abort");
    },
    async join(requests) {
      const all: string[] = [];
      for await (const { reason } of requests) all.push(reason);
      return { reason: all.join("+") };
    },
    async *chat(requests) {
      for await (const request of requests) yield request;
    },
    open: (_request, { caller }) => ({ reason: [...caller.scopes].join() }),
    reset: () => ({}),
  };
}

async function all<T>(answers: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const answer of answers) found.push(answer);
  return found;
}

const reasonsOf = (answers: readonly { readonly reason: string }[]) => answers.map(({ reason }) => reason);

describe("a test fleet", () => {
  let fleet: TestFleet;
  const handled: string[] = [];
  beforeEach(async () => {
    handled.length = 0;
    fleet = await createTestFleet();
    await fleet.serve(EchoService, echo(handled), { name: "echo/1" });
  });
  afterEach(() => fleet.close());

  it("serves all four kinds of methods to a caller with the scope", async () => {
    const arm = fleet.client(EchoService, { as: "arm/1", scopes });
    assert.equal((await arm.echo({ reason: "a" })).reason, "a");
    assert.deepEqual(reasonsOf(await all(arm.count({ reason: "3" }))), ["0", "1", "2"]);
    assert.equal((await arm.join([{ reason: "a" }, { reason: "b" }])).reason, "a+b");
    assert.deepEqual(reasonsOf(await all(arm.chat([{ reason: "a" }, { reason: "b" }]))), ["a", "b"]);
  });

  it("refuses a caller without the scope before its handler, and keeps the reason", async () => {
    const cup = fleet.client(EchoService, { as: "cup/1" });
    await assert.rejects(cup.echo({}), { code: "PERMISSION_DENIED", reason: "SCOPE_MISSING" });
    await assert.rejects(all(cup.count({})), { code: "PERMISSION_DENIED", reason: "SCOPE_MISSING" });
    assert.deepEqual(handled, []);
    assert.deepEqual(
      fleet.denials.map(({ reason, method, caller }) => [reason, method, caller]),
      [
        ["SCOPE_MISSING", "/test.EchoService/Echo", "spiffe://test/cup/1"],
        ["SCOPE_MISSING", "/test.EchoService/Count", "spiffe://test/cup/1"],
      ],
    );
  });

  it("lets any bot call what is open to any bot, without a token", async () => {
    assert.equal((await fleet.client(EchoService, { as: "cup/1" }).open({})).reason, "");
  });

  it("counts calls by caller and outcome", async () => {
    const arm = fleet.client(EchoService, { as: "arm/1", scopes });
    await arm.echo({});
    await arm.echo({});
    assert.deepEqual(fleet.calls.length, 1);
    await arm.echo({});
    await assert.rejects(arm.reset({}));
    assert.deepEqual(
      fleet.calls.map(({ method, caller, denial, count }) => [method, caller, denial, count]),
      [
        ["/test.EchoService/Echo", "spiffe://test/arm/1", "", 3],
        ["/test.EchoService/Reset", "spiffe://test/arm/1", "SCOPE_MISSING", 1],
      ],
    );
  });

  it("takes the scopes of a caller from a grants file", async () => {
    const granted = await createTestFleet({ grants: 'grants:\n  "arm/*":\n    test.EchoService: [echo:call]\n' });
    await granted.serve(EchoService, echo(), { name: "echo/1" });
    await granted.client(EchoService, { as: "arm/7" }).echo({});
    await assert.rejects(granted.client(EchoService, { as: "cup/1" }).echo({}), { reason: "SCOPE_MISSING" });
    await assert.rejects(granted.client(EchoService, { as: "arm/7", scopes: [] }).echo({}), {
      reason: "SCOPE_MISSING",
    });
    await granted.close();
  });

  it("has bots call for others", async () => {
    const seen: string[][] = [];
    const handlers = {
      ...echo(),
      echo: (request: object, { caller }: { caller: { name: string; actors: readonly { name: string }[] } }) => {
        seen.push([caller.name, ...caller.actors.map(({ name }) => name)]);
        return request;
      },
    };
    const other = await createTestFleet();
    await other.serve(EchoService, handlers, { name: "echo/1" });
    await other.client(EchoService, { as: "arm/1", through: ["cell/1"], scopes }).echo({});
    assert.deepEqual(seen, [["arm/1", "cell/1"]]);
    await other.close();
  });

  it("has a service called through its gateway, and refuses a bot that comes around it", async () => {
    const behind = { ...EchoService, servedBy: ["echo/*"], via: ["gateway/*"] };
    await using other = await createTestFleet();
    await other.serve(behind, echo(handled), { name: "echo/1" });
    const through = (...gateways: string[]) => other.client(behind, { as: "arm/1", scopes, through: gateways });
    assert.equal((await through("gateway/1").echo({ reason: "a" })).reason, "a");
    assert.equal((await through("gateway/1", "front/1").echo({ reason: "a" })).reason, "a");
    assert.deepEqual(handled, ["arm/1", "arm/1"]);
    // A client expects the gateway; one that is told another name finds that the bot does, too.
    await assert.rejects(through().echo({}), { reason: "SERVER_IDENTITY_MISMATCH" });
    const around = other.client(behind, { as: "arm/1", scopes, server: "echo/*" });
    await assert.rejects(around.echo({}), { reason: "GATEWAY_REQUIRED", code: "UNAUTHENTICATED" });
    await assert.rejects(around.open({}), { reason: "GATEWAY_REQUIRED" });
    assert.equal(handled.length, 2);
  });

  it("has bots call each other: the deadline and the cancellation of a call go along", async () => {
    const inner = fleet.client(EchoService, { as: "relay/1", scopes });
    const relayed: typeof EchoService = {
      ...EchoService,
      name: "test.RelayService",
      methods: pathsOf("test.RelayService"),
    };
    let ended: unknown;
    await fleet.serve(
      relayed,
      {
        ...echo(),
        echo: (request) => inner.echo(request),
        async reset() {
          for await (const _ of inner.count({ reason: "0" }));
          return {};
        },
        async *count(_request, { signal }) {
          signal.addEventListener("abort", () => (ended = signal.reason));
          for await (const answer of inner.count({ reason: "0" })) yield answer;
        },
      },
      { name: "relay/1" },
    );
    const arm = fleet.client(relayed, { as: "arm/1", scopes: ["echo:call", "echo:reset"] });
    assert.equal((await arm.echo({ reason: "through" })).reason, "through");
    assert.deepEqual(handled, ["relay/1"]);
    await assert.rejects(arm.reset({}, { timeoutMs: 30 }), { code: "DEADLINE_EXCEEDED" });
    for await (const { reason } of arm.count({})) {
      assert.equal(reason, "open");
      break;
    }
    while (ended === undefined) await new Promise((resolve) => setImmediate(resolve));
  });

  it("ends what a revoked bot has open, lets it in no more, and lets it in again", async () => {
    const arm = fleet.client(EchoService, { as: "arm/1", scopes });
    const answers = arm.count({ reason: "0" })[Symbol.asyncIterator]();
    assert.equal((await answers.next()).value?.reason, "open");
    fleet.revoke("arm/1");
    await assert.rejects(async () => answers.next(), { code: "UNAUTHENTICATED", reason: "IDENTITY_REVOKED" });
    await assert.rejects(arm.echo({}));
    assert.ok(fleet.denials.some(({ reason }) => reason === "IDENTITY_REVOKED"));
    assert.deepEqual(handled, []);
    fleet.unrevoke("arm/1");
    await arm.echo({});
  });

  it("cuts the calls of a server that is revoked", async () => {
    const arm = fleet.client(EchoService, { as: "arm/1", scopes });
    const answers = arm.count({ reason: "0" })[Symbol.asyncIterator]();
    await answers.next();
    fleet.revoke("echo/1");
    await assert.rejects(async () => answers.next(), { reason: "IDENTITY_REVOKED" });
  });

  it("refuses a revoked server", async () => {
    fleet.revoke("echo/1");
    const call = fleet.client(EchoService, { as: "arm/1", scopes }).echo({});
    await assert.rejects(call, { reason: "IDENTITY_REVOKED" });
    assert.deepEqual(handled, []);
  });

  it("refuses a server that is not the one that is meant", async () => {
    const call = fleet.client(EchoService, { as: "arm/1", scopes, server: "gripper/*" }).echo({});
    await assert.rejects(call, { code: "UNAVAILABLE", reason: "SERVER_IDENTITY_MISMATCH" });
  });

  it("says that nobody serves", async () => {
    await using empty = await createTestFleet();
    await assert.rejects(empty.client(EchoService, { as: "arm/1" }).echo({}), { code: "NOT_FOUND" });
  });

  it("gives interceptors, headers and errors to the caller as a bot does", async () => {
    const passed: string[] = [];
    const other = await createTestFleet();
    await other.serve(
      EchoService,
      {
        ...echo(),
        echo(request, { responseHeaders }) {
          responseHeaders.set("x-firmware", "2");
          return request;
        },
      },
      {
        name: "echo/1",
        interceptors: [
          async function note({ context }, next) {
            passed.push(context.caller.name);
            await next();
          },
        ],
      },
    );
    const headers: unknown[] = [];
    const arm = other.client(EchoService, { as: "arm/1", scopes });
    await arm.echo({}, { onHeaders: (metadata) => headers.push(...metadata.get("x-firmware")) });
    assert.deepEqual([passed, headers], [["arm/1"], ["2"]]);
    await other.close();
  });

  it("tells handlers that the server closes, and ends them when the time is over", async () => {
    const other = await createTestFleet();
    const server = await other.serve(EchoService, echo(), { name: "echo/1" });
    const arm = other.client(EchoService, { as: "arm/1", scopes });
    const answers = arm.count({ reason: "0" })[Symbol.asyncIterator]();
    await answers.next();
    const ended = assert.rejects(async () => answers.next(), { code: "UNAVAILABLE" });
    await server.close(0);
    await ended;
    await assert.rejects(arm.echo({}), { code: "NOT_FOUND" });
    await other.close();
  });

  it("refuses a policy that is unsound, a missing handler, and a malformed name", async () => {
    const { echo: missing, ...rest } = echo();
    assert.ok(missing);
    const serve = fleet.serve(EchoService, rest as Implementation<typeof EchoService>, { name: "echo/2" });
    await assert.rejects(serve, /Echo has no handler/);
    await assert.rejects(fleet.serve(EchoService, echo(), { name: "echo 2" }), TypeError);
    assert.throws(() => fleet.client(EchoService, { as: "" }), TypeError);
    assert.throws(() => fleet.client(EchoService, { as: "arm/1", timeoutMs: -1 }), { code: "INVALID_ARGUMENT" });
  });

  it("cannot be used once it is closed", async () => {
    const arm = fleet.client(EchoService, { as: "arm/1", scopes });
    await arm.echo({});
    await fleet.close();
    await assert.rejects(arm.echo({}), { code: "CANCELLED" });
    await assert.rejects(fleet.serve(EchoService, echo(), { name: "echo/1" }), { code: "FAILED_PRECONDITION" });
  });

  describe("whose clock is moved", () => {
    it("ends a stream whose token has expired, and gives the next call a new one", async () => {
      const arm = fleet.client(EchoService, { as: "arm/1", scopes });
      const answers = arm.count({ reason: "0" })[Symbol.asyncIterator]();
      await answers.next();
      fleet.clock.advance(300_000);
      await assert.rejects(async () => answers.next(), { code: "UNAUTHENTICATED", reason: "TOKEN_EXPIRED" });
      await arm.echo({});
    });

    it("ends a stream at the sunset of its method, and refuses calls from then on", async () => {
      const count = { ...EchoService.methods.count };
      const policy = { ...count.policy, deprecation: { sunset: "2031-01-01" } };
      const ending = { ...EchoService, methods: { ...EchoService.methods, count: { ...count, policy } } };
      const other = await createTestFleet({ now: new Date("2030-12-31T23:59:00Z") });
      await other.serve(ending, echo(), { name: "echo/1" });
      const arm = other.client(ending, { as: "arm/1", scopes });
      const answers = arm.count({ reason: "0" })[Symbol.asyncIterator]();
      await answers.next();
      other.clock.advanceTo(new Date("2031-01-01"));
      await assert.rejects(async () => answers.next(), { reason: "METHOD_SUNSET" });
      await assert.rejects(all(arm.count({})), { code: "UNIMPLEMENTED", reason: "METHOD_SUNSET" });
      await other.close();
    });

    it("ends a stream whose token has expired while the authority is silent", async () => {
      const arm = fleet.client(EchoService, { as: "arm/1", scopes });
      const answers = arm.count({ reason: "0" })[Symbol.asyncIterator]();
      await answers.next();
      fleet.silenceAuthority();
      fleet.clock.advance(300_000);
      await assert.rejects(async () => answers.next(), { reason: "TOKEN_EXPIRED" });
    });

    it("fills the rate of a method again", async () => {
      const other = await createTestFleet({ now: new Date("2030-01-01") });
      await other.serve(EchoService, echo(), { name: "echo/1", callerRate: { perSecond: 1, burst: 1 } });
      const arm = other.client(EchoService, { as: "arm/1", scopes });
      await arm.echo({});
      await assert.rejects(arm.echo({}), { reason: "RATE_LIMITED" });
      other.clock.advance(1_000);
      await arm.echo({});
      assert.equal(other.denials[0]?.at, Date.parse("2030-01-01"));
      await other.close();
    });

    it("finds the trust stale only where the authority is silent", async () => {
      const operator = fleet.client(EchoService, { as: "operator/1", scopes: ["echo:reset"] });
      fleet.clock.advance(600_000);
      await operator.reset({});
      fleet.silenceAuthority();
      fleet.clock.advance(60_001);
      await assert.rejects(operator.reset({}), { reason: "TRUST_STALE" });
      fleet.silenceAuthority(false);
      await operator.reset({});
    });
  });
});

function pathsOf(service: string): (typeof EchoService)["methods"] {
  const methods = Object.entries(EchoService.methods).map(([key, method]) => [
    key,
    { ...method, path: method.path.replace(EchoService.name, service) },
  ]);
  return Object.fromEntries(methods);
}
