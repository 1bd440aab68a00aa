import { createHash } from "node:crypto";
import type { Bot } from "@interlock/bot";
import { AuthorityService } from "@interlock/bot/protocol";
import { EchoService, rawCall } from "@interlock/bot/testing";
import { type AuthorityStage, authorityStage, framed } from "./authority-stage.js";
import { answerOf, audience, count, echo, echoStage } from "./echo-stage.js";
import { openStream } from "./open-stream.js";
import type { Answer, Row, Variant } from "./row.js";

const { delegate, issueToken, recordReceipt } = AuthorityService.methods;

interface Wanted {
  readonly to?: string;
  readonly scopes?: readonly string[];
  readonly services?: readonly string[];
  readonly methods?: readonly string[];
  readonly ttlSeconds?: number;
  readonly parent?: string;
}

/** An authority, a bot that may delegate, and two agents below it: the first may pass on, the second may not. */
async function delegationStage() {
  const stage = await authorityStage();
  await stage.authority.applyGrants(`grants:
  "leader/*": {${audience}: ["echo:call", "echo:reset", "token:delegate"]}
  "caller/*": {${audience}: ["echo:call"]}
`);
  const names = ["leader/1", "caller/1", "agent/1", "agent/2", "agent/3", "agent/4"];
  const [leader, caller, ...agents] = (await Promise.all(names.map((name) => stage.joinAs(name)))) as [Bot, Bot, Bot];
  const [first, second, third] = agents as unknown as [Bot, Bot, Bot];

  /** Delegates without any client library. */
  function give(by: Bot, { to = "agent/4", scopes = ["echo:call"], ...more }: Wanted): Promise<Answer> {
    const request = delegate.request.fromPartial({ to, scopes: [...scopes], ...more } as never);
    return stage.call(delegate.path, delegate.request.encode(request).finish(), by);
  }
  async function given(by: Bot, wanted: Wanted): Promise<string> {
    const { delegation } = await by
      .client(AuthorityService, stage.authority.address)
      .delegate({ to: "agent/4", scopes: ["echo:call"], ...wanted } as never);
    return delegation?.id ?? "";
  }
  function ask(by: Bot, delegation: string, scopes = ["echo:call"]): Promise<Answer> {
    const request = issueToken.request.fromPartial({ audience, scopes, delegation });
    return stage.call(issueToken.path, issueToken.request.encode(request).finish(), by);
  }

  const wide = await given(leader, {
    to: "agent/1",
    scopes: ["echo:call", "echo:reset", "token:delegate"],
    ttlSeconds: 600,
  });
  const narrow = await given(first, {
    to: "agent/2",
    scopes: ["echo:call", "token:delegate"],
    methods: [`${audience}/Echo`, `${audience}/Count`],
    parent: wide,
  });
  return { stage, leader, caller, first, second, third, give, given, ask, wide, narrow };
}

const widening: Row = {
  row: 66,
  attack: "delegation of more than is held, by a bot that may not, or used by another bot",
  async play() {
    const { stage, leader, caller, first, second, third, give, given, ask, wide, narrow } = await delegationStage();
    const last = await given(second, { to: "agent/3", scopes: ["echo:call", "token:delegate"], parent: narrow });
    const idle = await given(leader, { to: "agent/1" });
    const widened = (name: string, wanted: Wanted): Variant => ({
      name,
      answer: 7,
      reason: "SCOPE_WIDENED",
      attack: () => give(second, { parent: narrow, ...wanted }),
    });
    const control = async () => {
      const answer = await ask(second, narrow);
      if (answer !== 0) throw new Error(`a token under a good delegation was answered ${answer}`);
    };
    return stage.play(
      [
        widened("a scope that was cut", { scopes: ["echo:reset"] }),
        widened("a scope beside one that is held", { scopes: ["echo:call", "echo:reset"] }),
        widened("a service that is not in it", { services: ["cafe.v1.Other"] }),
        widened("a method that was cut", { methods: [`${audience}/Reset`] }),
        widened("a time beyond its end", { ttlSeconds: 3_600 }),
        {
          name: "more than the grants",
          answer: 7,
          reason: "SCOPE_WIDENED",
          attack: () => give(leader, { scopes: ["echo:admin"] }),
        },
        {
          name: "the scopes of operators",
          answer: 7,
          reason: "SCOPE_WIDENED",
          attack: () => give(leader, { scopes: ["grants:write"], services: ["interlock.authority.v1.AdminService"] }),
        },
        { name: "without token:delegate", answer: 7, reason: "DELEGATION_NOT_ALLOWED", attack: () => give(caller, {}) },
        {
          name: "passing on what was given without token:delegate",
          answer: 7,
          reason: "DELEGATION_NOT_ALLOWED",
          attack: () => give(first, { parent: idle }),
        },
        {
          name: "passing on what another bot holds",
          answer: 7,
          reason: "DELEGATION_NOT_HELD",
          attack: () => give(third, { parent: wide }),
        },
        {
          name: "a fourth bot that acts",
          answer: 7,
          reason: "ACTOR_CHAIN_TOO_LONG",
          attack: () => give(third, { parent: last }),
        },
        {
          name: "a token under what another bot holds",
          answer: 7,
          reason: "DELEGATION_NOT_HELD",
          attack: () => ask(third, narrow),
        },
        {
          name: "a token for a scope that was cut",
          answer: 7,
          reason: "SCOPE_WIDENED",
          attack: () => ask(second, narrow, ["echo:reset"]),
        },
      ],
      { control },
    );
  },
};

const cutMethods: Row = {
  row: 67,
  attack: "token under a delegation for a method that was cut, after it was revoked, or with limits in another form",
  async play() {
    const stage = await echoStage();
    const { fleet, server, session, caller } = stage;
    const subject = (await fleet.ca.issue("spiffe://test/leader/1")).spiffeId.uri;
    const claims = { sub: subject, act: { sub: caller.spiffeId.uri }, delegation: "dlg-2" };
    const token = async (more: object) =>
      `Bearer ${await fleet.token(caller, audience, ["echo:call"], { ...claims, ...more })}`;
    const call = async (more: object) =>
      answerOf(await rawCall(session, echo.path, { authorization: await token(more) }));
    const malformed = (name: string, more: object): Variant => ({
      name,
      answer: 16,
      reason: "TOKEN_MALFORMED",
      attack: () => call(more),
    });
    let revoked = 0;
    return stage.play([
      { name: "another method", answer: 7, reason: "METHOD_NOT_DELEGATED", attack: () => call({ methods: ["Join"] }) },
      { name: "no method", answer: 7, reason: "METHOD_NOT_DELEGATED", attack: () => call({ methods: [] }) },
      malformed("methods that are text", { methods: "Echo" }),
      malformed("methods that are null", { methods: null }),
      malformed("methods that are numbers", { methods: [1] }),
      malformed("a delegation that is null", { delegation: null }),
      malformed("a delegation that is empty", { delegation: "" }),
      {
        name: "a stream two hops below the delegation that is revoked",
        answer: 16,
        reason: "TOKEN_REVOKED",
        async attack() {
          const above = `dlg-${revoked++}`;
          const opened = await openStream(session, count.path, await token({ exchanged_from: ["dlg-2", above] }));
          server.handled.pop();
          fleet.revoke("token", above);
          return (await opened.status) ?? "close";
        },
      },
    ]);
  },
};

const force = { ...echo, policy: { ...echo.policy, approval: "everyCall" } } as const;

const approvals: Row = {
  row: 68,
  attack: "call that waits for an operator: without an approval, with another request, or twice",
  async play() {
    const stage = await echoStage({}, {}, {
      ...EchoService,
      methods: { ...EchoService.methods, echo: force },
    } as never);
    const { fleet, session, caller } = stage;
    const request = Buffer.from("0a026869", "hex"); // Field 1, the text "hi".
    const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
    let ids = 0;
    const token = async (claims: object) =>
      `Bearer ${await fleet.token(caller, audience, ["echo:call"], { jti: `t-${ids}`, ...claims })}`;
    const approved = () => ({ methods: ["Echo"], approval: { id: `apr-${ids++}`, request: sha256(request) } });
    const call = async (claims: object, message: Uint8Array = request) =>
      answerOf(await rawCall(session, echo.path, { authorization: await token(claims) }, framed(message)));
    const refused = (name: string, attack: Variant["attack"]): Variant => ({
      name,
      answer: 7,
      reason: "APPROVAL_REQUIRED",
      attack,
    });
    return stage.play(
      [
        refused("a token with the scope, and no approval", () => call({})),
        refused("a request with one more field", () => call(approved(), Buffer.concat([request, request]))),
        refused("an empty request", () => call(approved(), Buffer.alloc(0))),
        refused("the same call again, with the same token", async () => {
          const claims = approved();
          const first = await call(claims);
          if (first !== 0) throw new Error(`it was answered ${first} before`);
          stage.server.handled.pop();
          return call(claims);
        }),
        {
          name: "an approval of another method",
          answer: 7,
          reason: "METHOD_NOT_DELEGATED",
          attack: () => call({ ...approved(), methods: ["Join"] }),
        },
        {
          name: "an approval that is text",
          answer: 16,
          reason: "TOKEN_MALFORMED",
          attack: () => call({ approval: "apr-1" }),
        },
        {
          name: "an approval without a request",
          answer: 16,
          reason: "TOKEN_MALFORMED",
          attack: () => call({ approval: { id: "apr-1" } }),
        },
      ],
      {
        async control() {
          const answer = await call(approved());
          if (answer !== 0) throw new Error(`an approved call was answered ${answer}`);
        },
      },
    );
  },
};

const receipts: Row = {
  row: 69,
  attack: "receipt of a call in a name that is not the bot's to use, or with an approval that was not given for it",
  async play() {
    const { stage, second, third, narrow } = await delegationStage();
    const method = `${audience}/Echo`;
    const asked = await second
      .client(AuthorityService, stage.authority.address)
      .requestApproval({ method, request: new Uint8Array(), delegation: narrow });
    const approval = asked.approval?.id ?? "";
    const now = new Date();
    const record = (by: Bot, more: object): Promise<Answer> => {
      const request = recordReceipt.request.fromPartial({
        method,
        requestSha256: createHash("sha256").update("").digest("hex"),
        code: "OK",
        startedAt: now,
        endedAt: now,
        ...more,
      } as never);
      return stage.call(recordReceipt.path, recordReceipt.request.encode(request).finish(), by);
    };
    const refused = (name: string, by: Bot, more: object): Variant => ({
      name,
      answer: 3,
      times: 0,
      attack: () => record(by, more),
    });
    return stage.play(
      [
        refused("a delegation of another bot", third, { delegation: narrow }),
        refused("a delegation that does not exist", second, { delegation: "dlg-0" }),
        refused("an approval that does not exist", second, { approval: "apr-0" }),
        refused("a call that was answered, with an approval that nobody has given", second, {
          delegation: narrow,
          approval,
        }),
        refused("the approval of another request", second, {
          delegation: narrow,
          approval,
          requestSha256: "0".repeat(64),
          code: "UNAVAILABLE",
        }),
        refused("an approval under another delegation", second, { approval, code: "UNAVAILABLE" }),
        refused("a hash that is none", second, { requestSha256: "0" }),
        refused("a reason with a line of its own", second, { reason: "OK\nforged" }),
        refused("a code that is none", second, { code: "FINE" }),
        refused("no times", second, { startedAt: undefined }),
      ],
      {
        handled: () => receiptsIn(stage),
        async control() {
          const answer = await record(second, { delegation: narrow });
          if (answer !== 0) throw new Error(`a good receipt was answered ${answer}`);
        },
      },
    );
  },
};

async function receiptsIn({ admin }: AuthorityStage): Promise<number> {
  return (await admin.listLog({ kinds: ["receipt"] })).records.length;
}

/** The rows about delegations, approvals and receipts. */
export const delegationRows: readonly Row[] = [widening, cutMethods, approvals, receipts];
