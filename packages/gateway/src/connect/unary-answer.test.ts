import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { createRegistry } from "@bufbuild/protobuf";
import { createPace, jsonBytes, maximumJsonAnswerBytes } from "./paced-forms.js";
import type { ConnectRequest } from "./read-request.js";
import { UnaryAnswer } from "./unary-answer.js";

const ok = { code: 0, message: "", details: [] };

describe("an answer in one piece, in JSON", () => {
  function setUp(length: number, hold = (_bytes: number) => true) {
    const waits: number[] = [];
    let now = 0;
    const pace = createPace(
      () => now,
      async (ms) => {
        waits.push(ms);
        now += ms;
      },
    );
    const plain = { types: createRegistry(), request: (json: Uint8Array) => json, answer: () => Buffer.from("{}") };
    const forms = pace("one", plain);
    forms.request(Buffer.alloc(jsonBytes.burst + jsonBytes.perSecond));
    const callable = { forms, served: { method: { policy: {} } } };
    const form = { codec: "json", takesGzip: false, callable } as unknown as ConnectRequest;
    const answered = new Promise<{ status: number; body: string }>((resolve) => {
      let status = 0;
      const response = Object.assign(new EventEmitter(), {
        req: { headers: {}, complete: true },
        writeHead: (code: number) => (status = code),
        end: (body: Buffer) => resolve({ status, body: String(body) }),
      });
      const answer = new UnaryAnswer(response as unknown as ServerResponse, form, { hold }, 2 ** 31 - 1);
      answer.message(Buffer.alloc(length));
      answer.end(ok, []);
    });
    return { answered, waits };
  }

  it("waits for its caller's pace", async () => {
    const { answered, waits } = setUp(10);
    assert.deepEqual([await answered, waits], [{ status: 200, body: "{}" }, [1_000]]);
  });

  it("is refused where it is too long", async () => {
    const { status, body } = await setUp(maximumJsonAnswerBytes + 1).answered;
    assert.deepEqual([status, JSON.parse(body).code], [429, "resource_exhausted"]);
    assert.match(body, /ask for application\/proto/);
  });

  it("is held for its caller, who may have too much", async () => {
    const held: number[] = [];
    const { answered } = setUp(10, (bytes) => held.push(bytes) === 0);
    assert.deepEqual([(await answered).status, held], [429, [2]]);
  });
});
