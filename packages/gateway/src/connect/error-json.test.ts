import assert from "node:assert/strict";
import { statusCode } from "@interlock/wire";
import { connectCodeOf } from "./code.js";
import { errorJson, retryAfterSeconds } from "./error-json.js";

const url = "type.googleapis.com/google.rpc.";
/** `retry_delay: { seconds: 1, nanos: 500,000,000 }` */
const retryInfo = { typeUrl: `${url}RetryInfo`, value: Buffer.from("0a08080110" + "80cab5ee01", "hex") };

describe("an error of the Connect protocol", () => {
  it("has the codes of gRPC by other names, each with a status of HTTP", () => {
    assert.deepEqual(connectCodeOf(statusCode.unauthenticated), { name: "unauthenticated", http: 401 });
    assert.deepEqual(connectCodeOf(statusCode.permissionDenied), { name: "permission_denied", http: 403 });
    assert.deepEqual(connectCodeOf(99), { name: "unknown", http: 500 });
    const names = Object.values(statusCode)
      .slice(1)
      .map((code) => connectCodeOf(code).name);
    assert.equal(new Set(names).size, 16);
  });

  it("has details as bytes, and as JSON where their type is known", () => {
    const error = {
      code: 8,
      message: "later",
      details: [retryInfo, { typeUrl: "x/test.Unknown", value: Buffer.of(0, 1) }],
    };
    assert.deepEqual(errorJson(error, undefined), {
      code: "resource_exhausted",
      message: "later",
      details: [
        { type: "google.rpc.RetryInfo", value: "CggIARCAyrXuAQ", debug: { retryDelay: "1.500s" } },
        { type: "test.Unknown", value: "AAE" },
      ],
    });
    assert.deepEqual(errorJson({ code: 2, message: "", details: [] }, undefined), { code: "unknown" });
  });

  it("says when a call may be made again", () => {
    const after = (...details: { typeUrl: string; value: Buffer }[]) =>
      retryAfterSeconds({ code: 8, message: "", details });
    assert.equal(after(retryInfo), 2);
    assert.equal(after({ ...retryInfo, value: Buffer.of(0xff) }, retryInfo), 2);
    assert.equal(after({ ...retryInfo, value: Buffer.alloc(0) }), undefined);
  });
});
