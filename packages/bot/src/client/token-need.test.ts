import assert from "node:assert/strict";
import { Client, Metadata } from "@grpc/grpc-js";
import { InterlockError } from "../base/error.js";
import { createObservable } from "../base/observable.js";
import type { Bot } from "../bot.js";
import type { Identity } from "../identity/identity.js";
import { type EchoServer, serveEcho } from "../testing/echo-server.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import { tokenNeedOf } from "./token-need.js";

const uri = "spiffe://test/caller/1";

describe("the token that a call needs", () => {
  let fleet: TestFleet;
  let server: EchoServer;
  let bots: Bot[];
  let asked: string[];
  let certificates: string[]; // With which echo was called.

  beforeEach(async () => {
    fleet = await createTestFleet();
    certificates = [];
    server = await serveEcho(fleet, {
      echo(request, { caller }) {
        server.handled.push("echo");
        certificates.push(caller.certificate.thumbprint);
        return request;
      },
    });
    bots = [server.bot];
    asked = [];
  });
  afterEach(() => Promise.all(bots.map((bot) => bot.close(0))));

  /** A caller that keeps its tokens, and gets none with a scope among `refused`. */
  async function caller(refused: readonly string[] = [], lifetimeMs = 300_000) {
    const identity = createObservable(await fleet.ca.issue(uri));
    const kept = new Map<string, { value: string; renewAt: number }>();
    async function fetch(key: string, audience: string, scopes: readonly string[], holder: Identity): Promise<string> {
      asked.push(scopes.join(" "));
      if (scopes.some((scope) => refused.includes(scope)))
        throw new InterlockError("PERMISSION_DENIED", "no", { reason: "NO_GRANT" });
      const exp = Math.floor((Date.now() + lifetimeMs) / 1_000);
      const value = `Bearer ${await fleet.token(holder, audience, scopes, { exp })}`;
      kept.set(key, { value, renewAt: exp * 1_000 - 900 });
      return value;
    }
    const bot = await fleet.bot("caller/1", undefined, {
      identity,
      tokens: {
        authorization(audience, scopes, holder) {
          const key = [audience, holder.leaf.thumbprint, ...scopes].join(" ");
          const known = kept.get(key);
          return known && Date.now() < known.renewAt ? known.value : fetch(key, audience, scopes, holder);
        },
        forget() {},
      },
    });
    bots.push(bot);
    return { identity, client: bot.client(EchoService, server.address) };
  }

  it("has the scopes of the method, once each and in order, and is none where any bot may call", () => {
    const { echo, open } = EchoService.methods;
    const scopes = ["b:c", "a:b", "b:c"] as const;
    const need = tokenNeedOf({ policy: { ...echo.policy, scopes } });
    assert.deepEqual(need, { scopes: ["a:b", "b:c"], key: "a:b b:c" });
    assert.equal(tokenNeedOf(open), undefined);
  });

  it("is asked for by the methods that are called, one for all that need the same", async () => {
    const { client } = await caller();
    await client.open({});
    assert.deepEqual(asked, []);
    await client.echo({});
    await client.join([{}]);
    await client.echo({});
    assert.deepEqual(asked, ["echo:call"]);
    await client.reset({});
    await client.echo({});
    assert.deepEqual(asked, ["echo:call", "echo:reset"]);
    assert.deepEqual(server.handled, ["open", "echo", "join", "echo", "reset", "echo"]);
  });

  it("is refused to one method, and the others are called all the same", async () => {
    const { client } = await caller(["echo:call"]);
    await assert.rejects(client.echo({}), { reason: "NO_GRANT" });
    await client.open({});
    await client.reset({});
    await assert.rejects(client.count({})[Symbol.asyncIterator]().next(), { reason: "NO_GRANT" });
    assert.deepEqual(server.handled, ["open", "reset"]);
  });

  it("is shown whole once for each of the methods, and referred to after that, however calls alternate", async () => {
    const shown: string[] = [];
    const { makeUnaryRequest } = Client.prototype;
    Client.prototype.makeUnaryRequest = function (this: Client, ...given: unknown[]) {
      const metadata = given.find((argument) => argument instanceof Metadata);
      shown.push(Object.keys(metadata?.getMap() ?? {}).join(" "));
      return makeUnaryRequest.apply(this, given as never);
    } as typeof makeUnaryRequest;
    try {
      const { client } = await caller();
      for (let i = 0; i < 3; i++) {
        await client.echo({});
        await client.reset({});
        await client.open({});
      }
    } finally {
      Client.prototype.makeUnaryRequest = makeUnaryRequest;
    }
    const [whole, reference] = ["authorization", "interlock-token-reference"];
    const referring = [reference, reference, ""];
    assert.deepEqual(shown, [whole, whole, "", ...referring, ...referring]);
  });

  it("is had for each method in use before calls move to a renewed certificate, without those that are refused now", async () => {
    const refused: string[] = [];
    const { identity, client } = await caller(refused);
    await client.echo({});
    await client.reset({});
    refused.push("echo:reset");
    const next = await fleet.ca.issue(uri);
    identity.replace(next);
    const deadline = Date.now() + 5_000;
    while (certificates.at(-1) !== next.leaf.thumbprint && Date.now() < deadline) await client.echo({});
    assert.equal(certificates.at(-1), next.leaf.thumbprint);
    assert.deepEqual(asked, ["echo:call", "echo:reset", "echo:call", "echo:reset"]);
    await assert.rejects(client.reset({}), { reason: "NO_GRANT" });
    await client.echo({});
    assert.deepEqual(server.denials, []);
  });

  it("is renewed for each stream that is open, and for none that has ended", async () => {
    const { client } = await caller([], 2_000);
    const until = Date.now() + 2_600;
    const upload = async function* () {
      while (Date.now() < until) {
        yield { reason: "x" };
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    const chat = client.chat(upload());
    const ended = client.count({ reason: "1" })[Symbol.asyncIterator]();
    await ended.next();
    await ended.return?.();
    await client.reset({});
    let read = 0;
    for await (const _ of chat) read++;
    assert.ok(read > 0);
    assert.equal(asked.filter((scopes) => scopes === "echo:reset").length, 1, "a unary call keeps no token renewed");
    assert.ok(asked.filter((scopes) => scopes === "echo:call").length >= 2);
  });
});
