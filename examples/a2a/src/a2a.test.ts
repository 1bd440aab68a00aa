import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { AgentCard, type StreamResponse, type Task, TaskState, verifyAgentCardSignature } from "@a2a-js/sdk";
import type { Client } from "@a2a-js/sdk/client";
import type { TokenNotice } from "@interlock/authority";
import { generateKeyPair } from "jose";
import { type ForeignIssuer, foreignIssuer } from "./foreign-issuer.js";
import { connectPartner, orderCoffee, readCard, reasonOf, verifyCard } from "./partner.js";
import { audience, type Fleet, startFleet } from "./start-fleet.js";

const all = "a2a:send a2a:read a2a:cancel";

describe("examples/a2a", () => {
  let acme: ForeignIssuer;
  let unknown: ForeignIssuer;
  let fleet: Fleet;
  let partner: Client;
  /** What holds the coffee up: a shot is poured when the test says so. */
  const held: (() => void)[] = [];
  let holding = false;
  let begun: () => void = () => {};

  const pour = async (_shot: number, signal: AbortSignal) => {
    if (!holding) return;
    const released = new Promise<void>((resolve) => held.push(resolve));
    begun();
    await Promise.race([released, once(signal, "abort")]);
    signal.throwIfAborted();
  };
  const place = () => ({ url: fleet.url, ca: fleet.certificate });
  const connect = (token?: string) => connectPartner({ ...place(), ...(token !== undefined && { token }) });
  const byToken = async (subject: string, scope: string) => connect(await acme.token(subject, scope));
  const refused = async (call: Promise<unknown>) =>
    call.then(
      () => assert.fail("it was not refused"),
      (error) => [error.status, reasonOf(error)],
    );
  const isTask = (answer: object): Task => ("status" in answer ? (answer as Task) : assert.fail("it is no task"));
  const textOf = (task: Task) => task.artifacts[0]?.parts[0]?.content;
  const readAll = async (updates: AsyncIterable<unknown>) => {
    for await (const _ of updates);
  };
  const get = (client: Client, id: string) => client.getTask({ tenant: "", id });
  const cancel = (client: Client, id: string) => client.cancelTask({ tenant: "", id, metadata: undefined });
  /** What a stream told, in short. */
  const told = ({ payload }: StreamResponse) => {
    if (payload?.$case === "message" || payload === undefined) return undefined;
    if (payload.$case === "artifactUpdate") return payload.value.artifact?.parts[0]?.content?.value;
    return TaskState[payload.value.status?.state ?? 0]?.replace("TASK_STATE_", "");
  };
  /** Orders a coffee that is held up, and returns its task once a worker has begun it. */
  const heldOrder = async (client: Client) => {
    holding = true;
    const pouring = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const request = orderCoffee(2);
    const configuration = { acceptedOutputModes: [], taskPushNotificationConfig: undefined, returnImmediately: true };
    const task = isTask(await client.sendMessage({ ...request, configuration }));
    await pouring;
    return task;
  };

  const tokens: TokenNotice[] = [];

  before(async () => {
    acme = await foreignIssuer("https://login.acme.example", audience);
    unknown = await foreignIssuer("https://login.unknown.example", audience);
    const members = { "agent-7": "partner/acme", "agent-8": "partner/guest" };
    fleet = await startFleet({ issuers: [{ issuer: acme.issuer, keys: acme.keys, members }], pour });
    fleet.authority.onToken((token) => tokens.push(token));
    partner = await byToken("agent-7", all);
  });
  after(() => fleet?.close());
  afterEach(() => {
    holding = false;
    for (const release of held.splice(0)) release();
  });

  describe("with the official client", () => {
    it("sends a message, and gets the task that the swarm has done", async () => {
      const task = isTask(await partner.sendMessage(orderCoffee(2)));
      assert.equal(task.status?.state, TaskState.TASK_STATE_COMPLETED);
      assert.deepEqual(textOf(task), { $case: "text", value: "a coffee with 2 shots" });
    });

    it("makes one task of a message that is sent twice", async () => {
      const [first, again] = [
        await partner.sendMessage(orderCoffee(1, "m-1")),
        await partner.sendMessage(orderCoffee(1, "m-1")),
      ];
      assert.equal(isTask(first).id, isTask(again).id);
      await assert.rejects(partner.sendMessage(orderCoffee(2, "m-1")), /6 The messageId was used for another message/);
    });

    it("sends a message, and is told how its task goes on to its end", async () => {
      const states: unknown[] = [];
      for await (const update of partner.sendMessageStream(orderCoffee(3))) states.push(told(update));
      assert.equal(states[0], "SUBMITTED");
      assert.deepEqual(states.slice(-2), ["a coffee with 3 shots", "COMPLETED"]);
      assert(
        states.slice(1, -2).every((state) => state === "WORKING" || state === "SUBMITTED"),
        states.join(),
      );
    });

    it("gets a task, also later", async () => {
      const { id } = isTask(await partner.sendMessage(orderCoffee(1)));
      const task = await get(partner, id);
      assert.deepEqual([task.id, task.status?.state], [id, TaskState.TASK_STATE_COMPLETED]);
      assert.deepEqual(textOf(task), { $case: "text", value: "a coffee with 1 shots" });
    });

    it("subscribes to a task and cancels it: the worker stops, and the subscription ends with that", async () => {
      const { id } = await heldOrder(partner);
      const updates = partner.resubscribeTask({ tenant: "", id });
      assert.equal(told((await updates.next()).value as StreamResponse), "WORKING");
      assert.equal((await cancel(partner, id)).status?.state, TaskState.TASK_STATE_CANCELED);
      const rest: unknown[] = [];
      for await (const update of updates) rest.push(told(update));
      assert.equal(rest.at(-1), "CANCELED");
      assert.deepEqual(await refused(cancel(partner, id)), [9, "TASK_NOT_CANCELABLE"]);
    });

    it("is told what is wrong with an order", async () => {
      const request = orderCoffee(1);
      const other = { ...request, message: { ...request.message, parts: [] } };
      await assert.rejects(partner.sendMessage(other as never), /send one data part/);
      const task = isTask(await partner.sendMessage(orderCoffee(11)));
      assert.equal(task.status?.state, TaskState.TASK_STATE_REJECTED);
    });

    it("does not get what the agent does not offer", async () => {
      const config = {
        tenant: "",
        taskId: "t",
        id: "",
        url: "https://a.example",
        token: "",
        authentication: undefined,
      };
      const token = await acme.token("agent-7", `${all} a2a:notify`);
      assert.throws(() => void partner.createTaskPushNotificationConfig(config), /not supported/); // So says the card.
      // The organization's own issuer gave that scope, and the fleet did not. The transport asks no card.
      const serviceParameters = { authorization: `Bearer ${token}` };
      const create = partner.transport.createTaskPushNotificationConfig(config, { serviceParameters });
      assert.deepEqual(await refused(create), [7, "SCOPE_MISSING"]);
    });
  });

  it("exchanges tokens at the gateway: the member gets one for the scopes of the method, and the gateway acts for it", async () => {
    await partner.sendMessage(orderCoffee(1));
    for (const by of ["partner/acme", "gateway/1"]) {
      const own = tokens.filter(({ name, audience }) => name === by && audience === "lf.a2a.v1.A2AService");
      assert(
        own.some(({ scopes }) => scopes.join() === "a2a:send"),
        by,
      );
      assert(
        own.every(({ scopes }) => scopes.length <= 1),
        by,
      );
    }
  });

  describe("the card", () => {
    const { debug } = console;
    before(() => {
      console.debug = () => {}; // The SDK writes each signature that does not fit.
    });
    after(() => {
      console.debug = debug;
    });

    it("is made from the manifest, and signed: a changed one does not verify", async () => {
      const card = AgentCard.fromJSON(await readCard(place()));
      assert.deepEqual(
        card.skills.map(({ id, description, tags }) => [id, description, tags]),
        [["cafe.kitchen.v1.KitchenService/Brew", "Brew coffee, up to ten shots.", ["risk:high"]]],
      );
      assert.deepEqual(card.securityRequirements[0]?.schemes["login.acme.example"]?.list, [
        "a2a:cancel",
        "a2a:notify",
        "a2a:read",
        "a2a:send",
      ]);
      // `connectPartner` has verified it. Another key, or another word, is noticed.
      const { publicKey } = await generateKeyPair("ES256");
      await assert.rejects(verifyAgentCardSignature(async () => publicKey)(card), /signature/i);
      for (const change of [{ name: "Another café" }, { securitySchemes: {} }, { skills: [] }]) {
        await assert.rejects(verifyCard({ ...(await readCard(place())), ...change }, place()), /signature/i);
      }
      await verifyCard(await readCard(place()), place());
      assert.equal(card.signatures.length, 1);
    });
  });

  describe("a foreign token", () => {
    it("is refused with a reason where it is none of a declared issuer, subject and audience", async () => {
      const now = Math.floor(Date.now() / 1_000);
      const order = async (token?: string) => refused((await connect(token)).sendMessage(orderCoffee(1)));
      assert.deepEqual(await order(), [16, "TOKEN_MISSING"]);
      assert.deepEqual(await order("x.y.z"), [16, "TOKEN_MALFORMED"]);
      assert.deepEqual(await order(await unknown.token("agent-7", all)), [16, "TOKEN_ISSUER"]);
      assert.deepEqual(await order(await acme.token("agent-9", all)), [7, "CALLER_NOT_ALLOWED"]);
      assert.deepEqual(await order(await acme.token("agent-7", all, { aud: "https://other.example" })), [
        16,
        "TOKEN_AUDIENCE",
      ]);
      assert.deepEqual(await order(await acme.token("agent-7", all, { exp: now - 1 })), [16, "TOKEN_EXPIRED"]);
      const forged = await (await foreignIssuer(acme.issuer, audience)).token("agent-7", all);
      assert.deepEqual(await order(forged), [16, "TOKEN_SIGNATURE"]);
    });

    it("without the right is refused with a reason: by its own issuer's scopes, and by the fleet's grants", async () => {
      const { id } = await heldOrder(partner);
      const reader = await byToken("agent-7", "a2a:read");
      assert.equal((await get(reader, id)).id, id);
      assert.deepEqual(await refused(cancel(reader, id)), [7, "SCOPE_MISSING"]);
      const guest = await byToken("agent-8", all);
      assert.deepEqual(await refused(guest.sendMessage(orderCoffee(1))), [7, "SCOPE_MISSING"]);
      // What another partner has ordered is none of its business.
      assert.deepEqual(await refused(get(guest, id)), [5, "TASK_NOT_FOUND"]);
    });

    it("ends its streams when it expires", async () => {
      const { id } = await heldOrder(partner);
      const exp = Math.floor(Date.now() / 1_000) + 2;
      const brief = await connect(await acme.token("agent-7", all, { exp }));
      const updates = brief.resubscribeTask({ tenant: "", id });
      await updates.next();
      assert.deepEqual(await refused(readAll(updates)), [16, "TOKEN_EXPIRED"]);
    });

    it("ends with the member that stands for it: its streams, too", async () => {
      const { id } = await heldOrder(partner);
      const updates = partner.resubscribeTask({ tenant: "", id });
      await updates.next();
      const identity = { kind: "identity", subject: "spiffe://cafe/partner/acme" } as const;
      await fleet.authority.revoke(identity, "the contract has ended");
      assert.deepEqual(await refused(readAll(updates)), [16, "IDENTITY_REVOKED"]);
      assert.deepEqual(await refused(get(partner, id)), [16, "IDENTITY_REVOKED"]);
    });
  });

  it("runs as the README shows it", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, "main.js")]);
    const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
    const [head = "", tail = ""] = /^\$ node .*main\.js\n(.*?)^```$/ms.exec(readme)?.[1]?.split("…\n") ?? [];
    assert(head !== "" && stdout.startsWith(head), stdout);
    assert(tail !== "" && stdout.endsWith(tail), stdout);
  });

  it("is quoted word for word in docs/a2a.md", async () => {
    const page = await readFile(new URL("../../../docs/a2a.md", import.meta.url), "utf8");
    const blocks = [...page.matchAll(/^```(?:ts|yaml)\n(.*?)^```$/gms)].map(([, text = ""]) => text);
    assert.equal(blocks.length, 4);
    const files = ["policies.yaml", "grants.yaml", "src/main.ts", "src/sign-card.ts"];
    const words = (text: string) => text.replace(/\s+/g, " ").trim();
    const texts = await Promise.all(files.map((file) => readFile(new URL(`../${file}`, import.meta.url), "utf8")));
    for (const block of blocks)
      assert(
        texts.map(words).some((text) => text.includes(words(block))),
        block,
      );
  });

  it("has the files of others as they are published", async () => {
    const table = await readFile(new URL("../VENDORED.md", import.meta.url), "utf8");
    const rows = [...table.matchAll(/^\| `(\S+)` .*`([0-9a-f]{64})` \|$/gm)];
    assert.equal(rows.length, 5);
    for (const [, file = "", hash] of rows) {
      const bytes = await readFile(new URL(`../${file}`, import.meta.url));
      assert.equal(createHash("sha256").update(bytes).digest("hex"), hash, file);
    }
  });
});
