import assert from "node:assert/strict";
import type { Approval } from "@interlock/bot/protocol";
import { generateProject, rpc, type TestProject } from "./call/generate-project.test.fixture.js";
import { requestText } from "./request-text.js";

const arm = `syntax = "proto3";
package acme.v1;
import "interlock/policy/v1/policy.proto";
message Point { int32 x = 1; int32 y = 2; }
message MoveRequest { Point to = 1; string why = 2; fixed64 speed = 3; }
message MoveResponse {}
service Arm { ${rpc("Move", "MoveRequest", "MoveResponse")} }
`;

describe("the request that an operator is shown", () => {
  let project: TestProject;
  before(async () => {
    project = await generateProject({ "protos/acme/v1/arm.proto": arm });
  });
  after(() => project.remove());

  const shown = (request: Uint8Array, options = {}, method = "acme.v1.Arm/Move") =>
    requestText({ method, request } as Approval, { protos: "nowhere", manifest: project.manifest }, options);

  it("is JSON by the descriptors of the project", async () => {
    assert.deepEqual(JSON.parse(await shown(Buffer.from("0a02080312026869", "hex"))), {
      to: { x: 3, y: 0 },
      why: "hi",
      speed: "0",
    });
  });

  for (const [what, hex] of [
    [
      "says a text again as a number of eight bytes, which a handler does not read",
      "120468617264" + "1104736f66742a00",
    ],
    ["has a message in two parts, of which a handler takes the last", "0a020863" + "0a021001"],
    ["has a field that this project does not know", "12026869" + "2801"],
  ] as const) {
    it(`is shown in bytes where it ${what}`, async () => {
      const request = Buffer.from(hex, "hex");
      assert.equal(await shown(request), `base64:${request.toString("base64")}`);
    });
  }

  it("is shown in bytes for another project's method", async () => {
    assert.equal(await shown(Buffer.from("0801", "hex"), {}, "other.v1.Arm/Move"), "base64:CAE=");
  });

  it("is cut in a table, and whole where it is decided on", async () => {
    const why = "x".repeat(600);
    const request = Buffer.concat([
      Buffer.from("12d804", "hex"),
      Buffer.from(why),
      Buffer.from("1901", "hex"),
      Buffer.alloc(7),
    ]);
    assert.match(await shown(request), /^.{400}… \(\d+ characters\)$/);
    assert.deepEqual(JSON.parse(await shown(request, { whole: true })), { why, speed: "1" });
  });
});
