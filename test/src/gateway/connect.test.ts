import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Response } from "undici";
import { conformanceService } from "../conformance/conformance-service.js";
import { UnaryRequest, UnaryResponse } from "../gen/connectrpc/conformance/v1/service.js";
import { readBlocks } from "../markdown-blocks.js";
import { root } from "../structure/source-graph.js";
import { type ConnectStage, connectStage, outputOf, pathOf, type Script } from "./connect-stage.js";
import { eachEnvelope, enveloped, readEnvelopes } from "./envelopes.js";

const json = "application/json";
const streamed = "application/connect+json";
/** What the bot answers: "hello", in base64. */
const hello = { responseDefinition: { responseData: "aGVsbG8=" } };
const twice = { responseDefinition: { responseData: ["aGVsbG8=", "aGVsbG8="] } };

describe("the Connect port of a gateway", () => {
  let stage: ConnectStage;
  let caller: Script;
  let hungCalls: AsyncIterator<AbortSignal>;

  before(async () => {
    const [arrived, arrive] = channel<AbortSignal>();
    hungCalls = arrived;
    stage = await connectStage(
      {},
      {
        async *serverStream(request, context) {
          if (request.responseDefinition?.responseData.length !== 1) {
            yield* conformanceService.serverStream(request, context);
            return;
          }
          yield { payload: { data: Buffer.from("hung"), requestInfo: undefined } };
          arrive(context.signal);
          await once(context.signal, "abort");
        },
      },
    );
    caller = await stage.script("caller/1");
  });
  after(() => stage.end());

  const post = (
    method: string,
    body: string | Uint8Array,
    type: string,
    headers: Record<string, string> = {},
    as: Script = caller,
  ) =>
    as.fetch(pathOf(method), {
      method: "POST",
      body,
      headers: { "content-type": type, authorization: `Bearer ${as.token}`, ...headers },
    });

  /** A block of docs/connect.md, as it would be for this gateway, this method and this message. */
  async function documented(language: string): Promise<string> {
    const blocks = readBlocks(await readFile(join(root, "docs/connect.md"), "utf8"));
    const { text = "" } = blocks.find((block) => block.language === language) ?? {};
    return text
      .replaceAll("7600", String(stage.gateway.connectPort))
      .replaceAll(".cafe.interlock.invalid", ".conformance.interlock.invalid")
      .replaceAll("/cafe.gripper.v1.GripperService/Grip", pathOf("Unary"))
      .replace('{"newtons": 4}', JSON.stringify(hello));
  }
  const run = (program: string, args: readonly string[], token = caller.token) =>
    outputOf(program, args, { cwd: caller.folder, env: { ...process.env, TOKEN: token } });

  it("answers curl", async function () {
    if ((await run("curl", ["--version"])) === undefined) return this.skip();
    const command = await documented("sh");
    assert.equal(JSON.parse((await run("sh", ["-c", command])) ?? "").payload.data, "aGVsbG8=");
    await assert.rejects(run("sh", ["-c", command.replace("--cert identity.pem", "-sS")]), /curl: \(\d+\)/);
  });

  it("answers Python's requests", async function () {
    const found = await run("python3", ["-c", "import importlib.util as u; print(u.find_spec('requests'))"]);
    if (!found?.includes("Spec")) return this.skip();
    const program = await documented("python");
    const [, status, answer = ""] = /^(\d+) (.*)/s.exec((await run("python3", ["-c", program])) ?? "") ?? [];
    assert.deepEqual([status, JSON.parse(answer).payload.data], ["200", "aGVsbG8="]);
    assert.match((await run("python3", ["-c", program], "eyJhbGciOiJub25lIn0.e30.")) ?? "", /^401 .*unauthenticated/);
  });

  it("passes calls in proto, with metadata of both kinds both ways", async () => {
    const request = UnaryRequest.encode(
      UnaryRequest.fromPartial({
        responseDefinition: {
          responseHeaders: [{ name: "x-one", value: ["1", "2"] }],
          responseTrailers: [{ name: "x-two-bin", value: ["AAE"] }],
          response: { $case: "responseData", value: Buffer.from("hello") },
        },
      }),
    ).finish();
    const answer = await post("Unary", request, "application/proto", { "x-three": "3", "interlock-secret": "no" });
    assert.deepEqual(
      [answer.status, ...["content-type", "x-one", "trailer-x-two-bin"].map((name) => answer.headers.get(name))],
      [200, "application/proto", "1, 2", "AAE"],
    );
    const { payload } = UnaryResponse.decode(new Uint8Array(await answer.arrayBuffer()));
    assert.equal(Buffer.from(payload?.data ?? []).toString(), "hello");
    const seen = new Map(payload?.requestInfo?.requestHeaders.map(({ name, value }) => [name, value.join()]));
    assert.deepEqual(
      [seen.get("x-three"), seen.get("interlock-secret"), seen.get("authorization")],
      ["3", undefined, undefined],
    );
  });

  it("tells 401 and 403 apart, with the reason in the body", async () => {
    const none = await caller.fetch(pathOf("Unary"), { method: "POST", body: "{}", headers: { "content-type": json } });
    assert.deepEqual(await refusalOf(none), [401, "unauthenticated", "TOKEN_MISSING"]);
    assert.equal(none.headers.get("www-authenticate"), "Bearer");
    const poor = await stage.script("poor/1", { scope: "" });
    const stolen = await post("Unary", "{}", json, { authorization: `Bearer ${caller.token}` }, poor);
    assert.deepEqual(await refusalOf(stolen), [401, "unauthenticated", "TOKEN_SUBJECT_MISMATCH"]);
    const health = await stage.script("caller/2", { scope: "conformance:read" });
    assert.deepEqual(await refusalOf(await post("Unary", "{}", json, {}, health)), [
      403,
      "permission_denied",
      "SCOPE_MISSING",
    ]);
  });

  it("streams", async () => {
    const answer = await post("ServerStream", enveloped(JSON.stringify(twice)), streamed);
    assert.deepEqual([answer.status, answer.headers.get("content-type")], [200, streamed]);
    const envelopes = await readEnvelopes(answer.body);
    const contents = envelopes.map(({ content }) => JSON.parse(content.toString()));
    assert.deepEqual(
      envelopes.map(({ flags }) => flags),
      [0, 0, 2],
    );
    assert.deepEqual(
      contents.map(({ payload }) => payload?.data),
      ["aGVsbG8=", "aGVsbG8=", undefined],
    );
    assert.equal(contents[2].error, undefined);
  });

  it("ends a stream with the reason when its caller is revoked, and cancels it when its caller leaves", async () => {
    const one = JSON.stringify({ responseDefinition: { responseData: [""] } });
    const leaving = new AbortController();
    const left = await caller.fetch(pathOf("ServerStream"), {
      method: "POST",
      body: enveloped(one),
      headers: { "content-type": streamed, authorization: `Bearer ${caller.token}` },
      signal: leaving.signal,
    });
    const { value: canceled } = await hungCalls.next();
    leaving.abort();
    if (!canceled.aborted) await once(canceled, "abort");
    await assert.rejects(readEnvelopes(left.body));

    const revoked = await stage.script("caller/3");
    const answer = await post("ServerStream", enveloped(one), streamed, {}, revoked);
    const envelopes = eachEnvelope(answer.body);
    assert.equal((await envelopes.next()).value?.flags, 0);
    await stage.fleet.revoke("caller/3");
    const last = (await envelopes.next()).value;
    const { error } = JSON.parse(last?.content.toString() ?? "{}");
    assert.deepEqual(
      [last?.flags, error.code, error.details[0].debug.reason],
      [2, "unauthenticated", "IDENTITY_REVOKED"],
    );
  });

  it("answers GET where a method has no side effects, and nowhere else", async () => {
    const get = (method: string, query: string) =>
      caller.fetch(`${pathOf(method)}?${query}`, { headers: { authorization: `Bearer ${caller.token}` } });
    const text = encodeURIComponent(JSON.stringify(hello));
    const answer = await get("IdempotentUnary", `connect=v1&encoding=json&message=${text}`);
    assert.deepEqual([answer.status, await dataOf(answer)], [200, "aGVsbG8="]);
    const packed = gzipSync(JSON.stringify(hello)).toString("base64url");
    const unpacked = await get("IdempotentUnary", `encoding=json&base64=1&compression=gzip&message=${packed}`);
    assert.deepEqual([unpacked.status, await dataOf(unpacked)], [200, "aGVsbG8="]);
    const refused = await get("Unary", `encoding=json&message=${text}`);
    assert.deepEqual([refused.status, refused.headers.get("allow")], [405, "POST"]);
    assert.deepEqual(await refusalOf(await get("IdempotentUnary", "encoding=json")), [
      400,
      "invalid_argument",
      undefined,
    ]);
  });

  it("takes gzip and gives it", async () => {
    const data = Buffer.alloc(4_096, "a").toString("base64");
    const request = JSON.stringify({ responseDefinition: { responseData: data } });
    const headers = { "content-encoding": "gzip" };
    const answer = await post("Unary", gzipSync(request), json, headers);
    assert.equal(answer.headers.get("content-encoding"), "gzip"); // And undici has unpacked it.
    assert.equal(await dataOf(answer), data);
    const plain = await post("Unary", gzipSync(request), json, { ...headers, "accept-encoding": "identity" });
    assert.deepEqual([plain.headers.get("content-encoding"), await dataOf(plain)], [null, data]);
    const bomb = await post("Unary", gzipSync(Buffer.alloc(8 * 1_024 * 1_024)), json, headers);
    assert.deepEqual((await refusalOf(bomb)).slice(0, 2), [429, "resource_exhausted"]);
    const other = await post("Unary", request, json, { "content-encoding": "br" });
    assert.deepEqual((await refusalOf(other)).slice(0, 2), [501, "unimplemented"]);

    const stream = { responseDefinition: { responseData: [data, data] } };
    const streaming = await post("ServerStream", enveloped(gzipSync(JSON.stringify(stream)), 1), streamed, {
      "connect-content-encoding": "gzip",
    });
    const [first] = await readEnvelopes(streaming.body);
    assert.deepEqual([streaming.headers.get("connect-content-encoding"), first?.flags], ["gzip", 1]);
    assert.equal(JSON.parse(gunzipSync(first?.content ?? "").toString()).payload.data, data);
  });

  it("says what is wrong with a request", async () => {
    const broken = await post("Unary", '{"responseDefinition": 7}', json);
    assert.deepEqual((await refusalOf(broken)).slice(0, 2), [400, "invalid_argument"]);
    assert.equal((await post("Unary", '{"newer": {"field": 1}}', json)).status, 200);
    const large = await post("Unary", JSON.stringify({ requestData: "A".repeat(262_144) }), json);
    assert.deepEqual(await refusalOf(large), [429, "resource_exhausted", "REQUEST_TOO_LARGE"]);
    const late = await post("Unary", "{}", json, { "connect-timeout-ms": "soon" });
    assert.deepEqual((await refusalOf(late)).slice(0, 2), [400, "invalid_argument"]);
    const streams = await post("ClientStream", enveloped("{}"), streamed);
    const [end] = await readEnvelopes(streams.body);
    assert.equal(JSON.parse(end?.content.toString() ?? "").error.code, "unimplemented");
    assert.equal((await post("Missing", "{}", json)).status, 404);
    const typed = await post("ServerStream", "{}", json);
    assert.deepEqual([typed.status, typed.headers.get("accept-post")], [415, `${streamed}, application/connect+proto`]);
  });

  it("keeps deadlines", async () => {
    const request = { responseDefinition: { responseData: "aGVsbG8=", responseDelayMs: 60_000 } };
    const answer = await post("Unary", JSON.stringify(request), json, { "connect-timeout-ms": "50" });
    assert.deepEqual(await refusalOf(answer), [504, "deadline_exceeded", undefined]);
  });
});

describe("the Connect port of a gateway with a small rate", () => {
  it("answers 429, and says when to try again", async () => {
    const stage = await connectStage({ callerRate: { perSecond: 0.1, burst: 1 } });
    try {
      const { fetch, token } = await stage.script("caller/1");
      const call = () =>
        fetch(pathOf("Unary"), {
          method: "POST",
          body: "{}",
          headers: { "content-type": json, authorization: `Bearer ${token}` },
        });
      assert.equal((await call()).status, 200);
      const refused = await call();
      assert.ok(Number(refused.headers.get("retry-after")) > 0);
      assert.deepEqual(await refusalOf(refused), [429, "resource_exhausted", "RATE_LIMITED"]);
    } finally {
      await stage.end();
    }
  });
});

async function dataOf(answer: Response): Promise<unknown> {
  const { payload } = (await answer.json()) as { payload?: { data?: unknown } };
  return payload?.data;
}

async function refusalOf(
  answer: Response,
): Promise<readonly [status: number, code: string, reason: string | undefined]> {
  const { code, details } = (await answer.json()) as {
    code: string;
    details?: readonly { readonly debug?: { readonly reason?: string } }[];
  };
  return [answer.status, code, details?.[0]?.debug?.reason];
}

/** Values that one side gives, and the other waits for. */
function channel<T>(): readonly [AsyncIterator<T>, (value: T) => void] {
  const given: T[] = [];
  let wake = () => {};
  async function* take(): AsyncGenerator<T> {
    for (;;) {
      const next = given.shift();
      if (next !== undefined) yield next;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  return [
    take(),
    (value) => {
      given.push(value);
      wake();
    },
  ];
}
