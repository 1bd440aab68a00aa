import assert from "node:assert/strict";
import { Metadata } from "@grpc/grpc-js";
import { InterlockError } from "../base/error.js";
import type { Bot } from "../bot.js";
import type { Client } from "../client/client.js";
import type { CallContext } from "../context.js";
import { deferred } from "../testing/deferred.js";
import { serveEcho } from "../testing/echo-server.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import { chooseTransport } from "../transport/choose-transport.js";
import type { Implementation } from "./handlers.js";

type Echo = Implementation<typeof EchoService>;

describe("the metadata of an answer", () => {
  let fleet: TestFleet;
  const bots: Bot[] = [];

  before(function () {
    if (chooseTransport() === "grpc-js") this.skip();
  });
  beforeEach(async () => {
    fleet = await createTestFleet();
  });
  afterEach(async () => {
    await Promise.all(bots.splice(0).map((bot) => bot.close(0)));
  });

  async function serve(handlers: Partial<Echo>): Promise<Client<typeof EchoService>> {
    const { bot, address } = await serveEcho(fleet, handlers);
    const caller = await fleet.bot("caller/1");
    bots.push(bot, caller);
    return caller.client(EchoService, address);
  }

  const set = ({ responseHeaders, responseTrailers }: CallContext) => {
    responseHeaders.set("x-head", "1");
    responseTrailers.set("x-tail-bin", Buffer.of(2));
  };

  /** Functions for a call that keep what they get. */
  function heard() {
    const order: [string, Metadata][] = [];
    return {
      order,
      options: {
        onHeaders: (metadata: Metadata) => void order.push(["headers", metadata]),
        onTrailers: (metadata: Metadata) => void order.push(["trailers", metadata]),
      },
      check() {
        const all = order.map(([what, metadata]) => [what, metadata.getMap()]);
        assert.deepEqual(all, [
          ["headers", { "x-head": "1" }],
          ["trailers", { "x-tail-bin": Buffer.of(2) }],
        ]);
      },
    };
  }

  it("comes to callers of all four kinds, without Interlock's own", async () => {
    const echo = await serve({
      echo(_request, context) {
        set(context);
        return {};
      },
      async *count(_request, context) {
        set(context);
        yield { reason: "0" };
      },
      async join(requests, context) {
        for await (const _ of requests);
        set(context);
        return {};
      },
      async *chat(requests, { responseHeaders, responseTrailers }) {
        for await (const request of requests) {
          responseHeaders.set("x-head", "1");
          responseTrailers.set("x-tail-bin", Buffer.of(2));
          yield request;
        }
      },
    });
    for (let round = 0; round < 2; round++) {
      const unary = heard();
      await echo.echo({}, unary.options);
      unary.check();
      const count = heard();
      for await (const _ of echo.count({}, count.options)) {
        assert.deepEqual(
          count.order.map(([what]) => what),
          ["headers"],
        );
      }
      count.check();
      const chat = heard();
      for await (const _ of echo.chat([{}], chat.options));
      chat.check();
    }
  });

  it("a client stream's handler sets headers after its first await, where it has taken them before", async () => {
    const echo = await serve({
      async join(requests, { responseHeaders, responseTrailers }) {
        for await (const _ of requests);
        responseHeaders.set("x-head", "1");
        responseTrailers.set("x-tail-bin", Buffer.of(2));
        return {};
      },
    });
    const join = heard();
    await echo.join([{}, {}], join.options);
    join.check();
  });

  it("comes also where the handler throws, with the error", async () => {
    const fail = (context: CallContext) => {
      set(context);
      throw new InterlockError("NOT_FOUND", "There is no item 7.", { reason: "NO_ITEM", domain: "shop" });
    };
    const echo = await serve({
      echo: (_request, context) => fail(context),
      // biome-ignore lint/correctness/useYield: it fails.
      async *count(_request, context) {
        fail(context);
      },
    });
    const unary = heard();
    await assert.rejects(echo.echo({}, unary.options), { code: "NOT_FOUND", reason: "NO_ITEM" });
    unary.check();
    const count = heard();
    await assert.rejects(
      async () => {
        for await (const _ of echo.count({}, count.options));
      },
      { code: "NOT_FOUND", reason: "NO_ITEM" },
    );
    count.check();
  });

  it("is refused where it cannot be sent, or comes too late; the caller gets no word of it", async () => {
    const faults: string[] = [];
    const attempt = (work: () => void) => {
      try {
        work();
      } catch (fault) {
        assert.ok(fault instanceof TypeError);
        faults.push(fault.message);
      }
    };
    let kept: CallContext | undefined;
    const echo = await serve({
      echo(_request, context) {
        kept = context;
        const { responseHeaders, responseTrailers } = context;
        attempt(() => responseHeaders.set("grpc-status", "0"));
        attempt(() => responseHeaders.add("interlock-x", "0"));
        attempt(() => responseTrailers.set("authorization", "Bearer x"));
        attempt(() => responseTrailers.set("big", "x".repeat(40_000)));
        const other = new Metadata();
        other.set("content-type", "text/html");
        attempt(() => responseTrailers.merge(other));
        return {};
      },
      reset(_request, { responseHeaders }) {
        responseHeaders.set("te", "x");
        return {};
      },
      async *count(_request, context) {
        yield {};
        attempt(() => context.responseHeaders.set("x-head", "1"));
      },
    });
    const { order, options } = heard();
    await echo.echo({}, options);
    assert.deepEqual(
      order.map(([, metadata]) => metadata.getMap()),
      [{}, {}],
    );
    assert.match(faults[0] ?? "", /^responseHeaders: Metadata "grpc-status" is reserved/);
    assert.match(faults[1] ?? "", /"interlock-x" is reserved/);
    assert.match(faults[2] ?? "", /"authorization" is set by Interlock/);
    assert.match(faults[3] ?? "", /^responseTrailers: The metadata has 1 values of 40035 bytes/);
    assert.match(faults[4] ?? "", /"content-type" is reserved/);
    attempt(() => kept?.responseHeaders.set("x", "1"));
    attempt(() => kept?.responseTrailers.set("x", "1"));
    assert.match(faults[5] ?? "", /^responseHeaders cannot be changed: they have been sent/);
    assert.match(faults[6] ?? "", /^responseTrailers cannot be changed: the call is over/);
    await assert.rejects(echo.reset({}), { code: "INTERNAL", message: "The handler failed." });
    for await (const _ of echo.count({}));
    assert.match(faults[7] ?? "", /take them before the first await/);
  });

  it("of a stream whose handler has not taken it begins at once, so that the caller has the voucher of its connection", async () => {
    const begun = deferred();
    const echo = await serve({
      // biome-ignore lint/correctness/useYield: it waits.
      async *count() {
        await begun.promise;
      },
    });
    for await (const _ of echo.count({}, { onHeaders: () => begun.resolve() }));
  });

  it("of a stream can be set behind an interceptor that takes its time; it begins as soon as the handler has begun", async () => {
    const begun = deferred();
    async function slow(_call: unknown, next: () => Promise<void>) {
      await new Promise(setImmediate);
      await next();
    }
    const handlers: Partial<Echo> = {
      async *chat(_requests, { responseHeaders }) {
        responseHeaders.set("x-head", "1");
        yield {};
      },
      // biome-ignore lint/correctness/useYield: it waits.
      async *count() {
        await begun.promise;
      },
      async join(requests) {
        for await (const _ of requests);
        await begun.promise;
        return {};
      },
    };
    const { bot, address } = await serveEcho(fleet, handlers, { interceptors: [slow] });
    const caller = await fleet.bot("caller/1");
    bots.push(bot, caller);
    const echo = caller.client(EchoService, address);
    const { order, options } = heard();
    for await (const _ of echo.chat([], options));
    assert.deepEqual(order[0]?.[1].getMap(), { "x-head": "1" });
    const heads = [deferred(), deferred()];
    const joined = echo.join([], { onHeaders: () => heads[0]?.resolve() });
    const counted = (async () => {
      for await (const _ of echo.count({}, { onHeaders: () => heads[1]?.resolve() }));
    })();
    await Promise.all(heads.map(({ promise }) => promise));
    begun.resolve();
    await Promise.all([joined, counted]);
  });

  it("what the caller's functions throw, the call ends with", async () => {
    const echo = await serve({ echo: () => ({}), count: async function* () {} });
    const fault = new Error("not mine");
    const onHeaders = () => {
      throw fault;
    };
    await assert.rejects(echo.echo({}, { onHeaders }), fault);
    await assert.rejects(echo.echo({}, { onTrailers: onHeaders }), fault);
    for (const options of [{ onHeaders }, { onTrailers: onHeaders }]) {
      await assert.rejects(async () => {
        for await (const _ of echo.count({}, options));
      }, fault);
    }
    await echo.echo({});
  });
});
