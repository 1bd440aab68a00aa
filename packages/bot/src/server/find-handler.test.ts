import assert from "node:assert/strict";
import { runInNewContext } from "node:vm";
import type { ServiceDefinition } from "@interlock/policy";
import type { Bot } from "../bot.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import { findHandler } from "./find-handler.js";

// Names that every object has.
const inherited = ["hasOwnProperty", "toLocaleString", "isPrototypeOf", "propertyIsEnumerable"];

describe("findHandler", () => {
  it("takes nothing that every object inherits for a handler", () => {
    for (const key of [...inherited, "constructor", "__proto__"]) {
      assert.equal(findHandler({}, key), undefined, key);
      assert.equal(findHandler(runInNewContext("({})"), key), undefined, `${key} of another realm`);
    }
  });

  it("finds own functions and those of a class, also under these names", () => {
    const own = () => "own";
    class Serving {
      toLocaleString() {
        return "of a class";
      }
    }
    for (const key of inherited) assert.equal(findHandler({ [key]: own }, key), own, key);
    assert.equal(findHandler(Object.assign(Object.create(null), { grip: own }), "grip"), own);
    assert.equal(findHandler(new Serving(), "toLocaleString"), Serving.prototype.toLocaleString);
    assert.equal(findHandler({ grip: "no function" }, "grip"), undefined);
  });

  describe("in a server", () => {
    let fleet: TestFleet;
    let bot: Bot;
    before(async () => {
      fleet = await createTestFleet();
      bot = await fleet.bot("echo/1");
    });
    after(async () => {
      await bot.close();
    });

    const method = EchoService.methods.echo;
    const methods = Object.fromEntries(inherited.map((key) => [key, { ...method, path: `/test.Names/${key}` }]));
    const service: ServiceDefinition = { name: "test.Names", servedBy: [], methods };

    it("does not start while one of them has no handler, and names all of them", async () => {
      const start = async () => bot.serve({ port: 0 }, (routes) => routes.add(service, {} as never));
      await assert.rejects(start, (error: Error) => {
        for (const key of inherited) assert(error.message.includes(`/test.Names/${key} has no handler: add "${key}"`));
        return true;
      });
    });

    it("serves them by their own handlers, within the limit of a request", async () => {
      const handlers = Object.fromEntries(inherited.map((key) => [key, () => ({ reason: key })]));
      const { address } = await bot.serve({ port: 0 }, (routes) =>
        routes.add(service, handlers as never, { requestBytes: { isPrototypeOf: 1_000 } }),
      );
      const caller = await fleet.bot("caller/1");
      const client = caller.client(service, address) as Record<
        string,
        (request: object) => Promise<{ reason: string }>
      >;
      for (const key of inherited) assert.equal((await client[key]?.({}))?.reason, key);
      await caller.close();
    });
  });
});
