import assert from "node:assert/strict";
import { Metadata } from "@grpc/grpc-js";
import { encodeErrorInfo } from "./encode-error-info.js";
import { denial, InterlockError } from "./error.js";
import { decodeErrorInfo } from "./error-details.js";
import { reasons } from "./reason.js";

const key = "grpc-status-details-bin";
const field = (tag: number, bytes: Buffer) => Buffer.concat([Buffer.of(tag, bytes.length), bytes]);
const text = (tag: number, value: string) => field(tag, Buffer.from(value));

describe("errors", () => {
  // google.rpc.Status and ErrorInfo put together by hand, as any other language's library has them.
  const info = Buffer.concat([
    text(0x0a, "SCOPE_MISSING"),
    text(0x12, "interlock"),
    field(0x1a, Buffer.concat([text(0x0a, "needed"), text(0x12, "a:b")])),
  ]);
  const any = Buffer.concat([text(0x0a, "type.googleapis.com/google.rpc.ErrorInfo"), field(0x12, info)]);
  const status = Buffer.concat([Buffer.of(0x08, 7), text(0x12, "no"), field(0x1a, any)]);
  const fields = { reason: "SCOPE_MISSING", domain: "interlock", metadata: { needed: "a:b" } };

  it("have the code of an error", () => {
    for (const code of ["OK", "ok", "NOPE", "5", 5, undefined, "toString", "__proto__"]) {
      assert.throws(() => new InterlockError(code as never, "no"), TypeError, String(code));
    }
  });

  it("are cut where they are too long, and can still be read", () => {
    const long = "語".repeat(100_000);
    const metadata = {
      needed: "a:b",
      [long]: "x",
      long,
      ...Object.fromEntries([...Array(999).keys()].map((i) => [`fact-${i}`, i])),
    };
    const trailers = encodeErrorInfo(7, "no", { reason: long, domain: long, metadata: metadata as never });
    const [bytes] = trailers.get(key);
    assert.ok((bytes?.length ?? 9_999) < 2_200, `${bytes?.length} bytes`);
    const read = decodeErrorInfo(trailers);
    assert.equal(read?.metadata.needed, "a:b");
    assert.match(read?.reason ?? "", /^語+…$/);
  });

  it("are written byte for byte as google.rpc has them", () => {
    assert.deepEqual(encodeErrorInfo(7, "no", fields).get(key), [status]);
  });

  it("are read from any other library's bytes, beside details that are not known", () => {
    const metadata = new Metadata();
    const other = field(
      0x1a,
      Buffer.concat([text(0x0a, "type.googleapis.com/google.rpc.RetryInfo"), field(0x12, Buffer.of(1))]),
    );
    metadata.set(key, Buffer.concat([other, status]));
    assert.deepEqual(decodeErrorInfo(metadata), fields);
  });

  it("are not read from what is none", () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from("text"), status.subarray(0, 20), Buffer.of(0x1a, 255)]) {
      const metadata = new Metadata();
      metadata.set(key, bytes);
      assert.equal(decodeErrorInfo(metadata), undefined);
    }
    assert.equal(decodeErrorInfo(new Metadata()), undefined);
  });

  it("are made of anything that is thrown", () => {
    const own = new InterlockError("NOT_FOUND", "x");
    assert.equal(InterlockError.from(own), own);
    for (const thrown of [new Error("x"), "x", 7, undefined, null, { code: 5 }]) {
      assert.equal(InterlockError.from(thrown).code, "INTERNAL");
    }
    assert.equal(InterlockError.from(new DOMException("x", "AbortError")).code, "CANCELLED");
    const service = Object.assign(new Error("x"), { code: 14, details: "gone", metadata: new Metadata() });
    const { code, reason, message, remote } = InterlockError.from(service);
    assert.deepEqual([code, reason, message, remote], ["UNAVAILABLE", "SERVER_UNREACHABLE", "gone", true]);
  });

  it("speak in sentences, with the code of their reason", () => {
    for (const [reason, [code]] of Object.entries(reasons)) {
      const error = denial(reason as keyof typeof reasons);
      assert.equal(error.code, code);
      assert.equal(error.domain, "interlock");
      assert.match(error.message, /^[A-Z].*\.$/);
    }
  });
});
