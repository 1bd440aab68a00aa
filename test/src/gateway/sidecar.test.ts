import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Metadata } from "@grpc/grpc-js";
import { type Bot, type Denial, InterlockError } from "@interlock/bot";
import { AuthorityService } from "@interlock/bot/protocol";
import { EchoService, rawCall, rawSession, shows } from "@interlock/bot/testing";
import { openSidecar, type Sidecar } from "@interlock/gateway";
import { type ForeignProgram, type Said, startProgram } from "./foreign-program.js";
import { type Echo, type GatewayStage, gatewayStage, RoutedEcho } from "./gateway-stage.js";
import { languages } from "./languages.js";

const { methods } = EchoService;
const metadataOf = ({ metadata }: Said) => new Map(metadata as [string, string][]);
const began = (name: string) => (said: Said) => said.began === name;
const refusedWith = (code: string, reason?: string) => (error: unknown) => {
  assert.ok(error instanceof InterlockError);
  assert.deepEqual([error.code, reason && error.reason], [code, reason], error.message);
  return true;
};
/** The bytes of a message of `EchoService`, in hex. */
const message = (reason: string) =>
  Buffer.from(methods.echo.request.encode({ reason, domain: "", metadata: {} }).finish()).toString("hex");
const all = async <T>(stream: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = [];
  for await (const one of stream) found.push(one);
  return found;
};
async function* many(count: number) {
  for (let i = 0; i < count; i++) yield { reason: String(i) };
}

for (const language of languages) {
  describe(`a sidecar beside a program in ${language.name}`, () => {
    let command: readonly string[];
    let folder: string;
    let stage: GatewayStage;
    let program: ForeignProgram; // It serves.
    let client: ForeignProgram; // It calls.
    let sidecarBot: Bot;
    let sidecar: Sidecar;
    let caller: Bot;
    let echo: Echo; // A bot that the program calls.
    let orders = 0;
    const denials: Denial[] = [];

    const socket = (name: string) => `unix://${join(folder, name)}`;
    const viaSidecar = (bot: Bot) => bot.client(EchoService, sidecar.inbound?.address ?? "", { server: "echo/7" });
    const serve = async () => {
      const started = startProgram([...command, "serve", socket("program.sock")]);
      await started.find(({ serving }) => serving !== undefined);
      return started;
    };
    const order = (kind: string, path: string, more: object = {}) => {
      const id = ++orders;
      client.tell({ id, kind, path, messages: [message("hello")], ...more });
      return { id, over: client.find((said) => said.id === id && said.code !== undefined) };
    };
    /** Waits until the health of the service is as wanted, as a watch over it says. */
    const untilHealth = async (wanted: string) => {
      while ((await caller.health(sidecar.inbound?.address ?? "", { service: EchoService.name })) !== wanted);
    };

    before(async function () {
      this.timeout(180_000); // Go builds its program.
      const prepared = await language.prepare();
      if (typeof prepared === "string") {
        console.log(`skipped: a sidecar beside ${language.name} needs ${prepared}`);
        return this.skip();
      }
      command = prepared;
      folder = await mkdtemp(join(tmpdir(), "ilk-sidecar-"));
      stage = await gatewayStage();
      echo = await stage.serve("echo/1");
      sidecarBot = await stage.joinAs("echo/7");
      sidecarBot.onDenial((denial) => denials.push(denial));
      const outbound = await stage.joinAs("caller/2");
      program = await serve();
      sidecar = await openSidecar(sidecarBot, {
        inbound: { port: 0, services: [RoutedEcho], program: socket("program.sock"), logSample: 0 },
      });
      const calls = await openSidecar(outbound, {
        outbound: {
          listen: socket("fleet.sock"),
          services: [{ service: RoutedEcho, addresses: [echo.address] }],
          logSample: 0,
        },
      });
      after(() => calls.close(0));
      client = startProgram([...command, "call", socket("fleet.sock")]);
      caller = await stage.joinAs("caller/1");
      await untilHealth("SERVING");
    });
    beforeEach(() => {
      echo?.callers.splice(0);
      denials.splice(0);
      program?.forget();
    });
    after(async () => {
      await Promise.all([program?.kill(), client?.kill()]);
      await sidecar?.close(0);
      await stage?.end();
      if (folder) await rm(folder, { recursive: true });
    });

    it("brings it calls of each kind, with the caller in trusted metadata", async () => {
      const client = viaSidecar(caller);
      assert.equal((await client.echo({ reason: "hello" })).reason, "hello");
      const [said] = [await program.find(began("Echo"))];
      const metadata = metadataOf(said);
      assert.equal(metadata.get("interlock-caller"), "spiffe://cafe/caller/1");
      assert.equal(metadata.get("interlock-scopes"), "echo:call");
      assert.ok(!metadata.has("authorization") && !metadata.has("interlock-actors"));
      assert.equal((await all(client.count({ reason: "x" }))).length, 100);
      assert.equal((await client.join(many(100))).reason, "99");
      assert.deepEqual(
        (await all(client.chat(many(100)))).map(({ reason }) => reason),
        (await all(many(100))).map(({ reason }) => reason),
      );
    });

    it("strips forged metadata, and passes the rest on as it is", async () => {
      const authority = caller.client(AuthorityService, stage.authority.address);
      const { token } = await authority.issueToken({ audience: EchoService.name, scopes: ["echo:call"] });
      const session = rawSession(sidecar.inbound?.port ?? 0, shows(caller.identity.current()));
      const { status } = await rawCall(session, methods.echo.path, {
        authorization: `Bearer ${token}`,
        "interlock-caller": "spiffe://cafe/operator/root",
        "interlock-actors": "spiffe://cafe/gateway/1",
        "x-forwarded-client-cert": "URI=spiffe://cafe/operator/root",
        "made-up": "17",
      });
      session.destroy();
      assert.equal(status, 0);
      const seen = metadataOf(await program.find(began("Echo")));
      assert.equal(seen.get("interlock-caller"), "spiffe://cafe/caller/1");
      assert.equal(seen.get("made-up"), "17");
      for (const name of ["authorization", "interlock-actors", "x-forwarded-client-cert"])
        assert.ok(!seen.has(name), name);

      const given = new Metadata();
      given.add("order", "17");
      given.add("order-bin", Buffer.from([0, 255]));
      let trailers: Metadata | undefined;
      const onTrailers = (received: Metadata) => {
        trailers = received;
      };
      await viaSidecar(caller).open({ reason: "a" }, { metadata: given, onTrailers });
      const metadata = metadataOf(await program.find(began("Open")));
      assert.deepEqual([metadata.get("order"), metadata.get("order-bin")], ["17", "00ff"]);
      assert.deepEqual(trailers?.get("left"), ["1"]);
      assert.deepEqual(trailers?.get("left-bin"), [Buffer.from([0, 255])]);
    });

    it("passes its errors on", async () => {
      await assert.rejects(viaSidecar(caller).echo({ reason: "fail" }), (error) => {
        assert.match((error as Error).message, /said the program/);
        return refusedWith("ALREADY_EXISTS")(error);
      });
    });

    it("refuses a call without its scope before the program hears of it", async () => {
      await viaSidecar(caller).open({}); // What it prints of the tests before has come when this has.
      await program.find(began("Open"));
      program.forget();
      const poor = await stage.joinAs("poor/1");
      await assert.rejects(viaSidecar(poor).echo({}), refusedWith("PERMISSION_DENIED", "SCOPE_MISSING"));
      await viaSidecar(caller).open({});
      await program.find(began("Open"));
      assert.deepEqual(
        program.lines.map(({ began }) => began).filter((name) => name !== undefined),
        ["Open"],
      );
      assert.deepEqual(
        denials.map(({ reason }) => reason),
        ["SCOPE_MISSING"],
      );
    });

    it("is called through the gateway alone where its service says so, and sees whose calls those are", async () => {
      const Behind = { ...RoutedEcho, via: ["gateway/*"] };
      const bot = await stage.joinAs("echo/8");
      const behind = await openSidecar(bot, {
        inbound: { port: 0, services: [Behind], program: socket("program.sock") },
      });
      const address = behind.inbound?.address ?? "";
      await assert.rejects(
        caller.client(EchoService, address, { server: "echo/8" }).echo({}),
        refusedWith("UNAUTHENTICATED", "GATEWAY_REQUIRED"),
      );
      const gateway = await stage.gateway(`gateway/${language.name.toLowerCase()}`, {
        routes: [{ service: Behind, addresses: [address] }],
      });
      const through = caller.client(Behind, gateway.address);
      assert.equal((await through.echo({ reason: "a" })).reason, "a");
      const metadata = metadataOf(await program.find(began("Echo")));
      assert.equal(metadata.get("interlock-caller"), "spiffe://cafe/caller/1");
      assert.equal(metadata.get("interlock-actors"), `spiffe://cafe/gateway/${language.name.toLowerCase()}`);
      await behind.close(0);
    });

    it("ends the streams of a caller that is revoked, and tells the program", async () => {
      const revoked = await stage.joinAs("caller/9");
      const stream = viaSidecar(revoked).count({ reason: "wait" })[Symbol.asyncIterator]();
      await stream.next();
      await stage.authority.revoke({ kind: "identity", subject: revoked.spiffeId.uri }, "test");
      await assert.rejects(stream.next(), refusedWith("UNAUTHENTICATED", "IDENTITY_REVOKED"));
      await program.find(({ ended }) => ended === "Count");
    });

    it("answers UNAVAILABLE while the program is gone, says so in its health, and is back with it", async () => {
      const stream = viaSidecar(caller).count({ reason: "wait" })[Symbol.asyncIterator]();
      await stream.next();
      await program.kill();
      await assert.rejects(stream.next(), refusedWith("UNAVAILABLE"));
      await untilHealth("NOT_SERVING");
      await assert.rejects(viaSidecar(caller).echo({ reason: "a" }), (error) => {
        assert.match((error as Error).message, /program behind the sidecar/);
        return refusedWith("UNAVAILABLE")(error);
      });
      program = await serve();
      await untilHealth("SERVING");
      assert.equal((await viaSidecar(caller).echo({ reason: "b" })).reason, "b");
    });

    it("makes its calls calls of the bot, of each kind", async () => {
      const one = await order("unary", methods.echo.path).over;
      assert.deepEqual([one.code, one.messages], ["OK", [message("hello")]], JSON.stringify(one));
      const counted = await order("serverStreaming", methods.count.path, { messages: [message("100")] }).over;
      assert.deepEqual([counted.code, (counted.messages as string[]).length], ["OK", 100]);
      const numbers = Array.from({ length: 100 }, (_, i) => message(String(i)));
      const joined = await order("clientStreaming", methods.join.path, { messages: numbers }).over;
      assert.deepEqual([joined.code, joined.messages], ["OK", [message("100")]]);
      const chatted = await order("bidiStreaming", methods.chat.path, { messages: numbers }).over;
      assert.deepEqual([chatted.code, chatted.messages], ["OK", numbers]);
      assert.deepEqual(
        echo.callers.map(({ name }) => name),
        Array(4).fill("caller/2"),
      );
    });

    it("strips what a program claims to be, and passes refusals on", async () => {
      const metadata = [
        ["interlock-caller", "spiffe://cafe/operator/root"],
        ["authorization", "Bearer forged"],
      ];
      assert.equal((await order("unary", methods.echo.path, { metadata }).over).code, "OK");
      assert.deepEqual(
        echo.callers.map(({ name }) => name),
        ["caller/2"],
      );
      const unknown = await order("unary", "/test.OtherService/Echo").over;
      assert.equal(unknown.code, "UNIMPLEMENTED");
      assert.match(String(unknown.details), /test\.OtherService/);
      const late = await order("serverStreaming", methods.count.path, { messages: [""], timeout: 0.3 }).over;
      assert.equal(late.code, "DEADLINE_EXCEEDED");
    });

    it("is told that nobody serves, and reaches the bot again when it is back", async () => {
      const other = await stage.joinAs("caller/3");
      const lookedUp = await openSidecar(other, {
        outbound: { listen: socket("looked-up.sock"), services: [{ service: RoutedEcho, servers: ["echo/5"] }] },
      });
      const before = client;
      client = startProgram([...command, "call", socket("looked-up.sock")]);
      try {
        const refused = await order("unary", methods.echo.path).over;
        assert.deepEqual(
          [refused.code, /No bot of echo\/5 serves/.test(String(refused.details))],
          ["UNAVAILABLE", true],
        );
        const found = await stage.serve("echo/5");
        let answer: Said;
        do answer = await order("unary", methods.echo.path).over;
        while (answer.code === "UNAVAILABLE");
        assert.equal(answer.code, "OK");
        assert.deepEqual(
          found.callers.map(({ name }) => name),
          ["caller/3"],
        );
      } finally {
        await client.kill();
        client = before;
        await lookedUp.close(0);
      }
    });

    it("loses its streams when its own bot is revoked", async () => {
      const { id, over } = order("serverStreaming", methods.count.path, { messages: [""] });
      await client.find((said) => said.id === id && said.first !== undefined);
      await stage.authority.revoke({ kind: "identity", subject: "spiffe://cafe/caller/2" }, "test");
      assert.equal((await over).code, "UNAUTHENTICATED");
      const after = await order("unary", methods.echo.path).over;
      assert.ok(after.code !== "OK", String(after.code));
    });
  });
}
