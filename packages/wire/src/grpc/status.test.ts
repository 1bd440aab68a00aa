import assert from "node:assert/strict";
import { errorCode } from "../frame/error-code.js";
import { parseStatus, statusCode, statusIn, statusOfHttp, statusOfReset } from "./status.js";

type StatusName = keyof typeof statusCode;

describe("status codes", () => {
  it("are the 17 of statuscodes.md", () => {
    assert.deepEqual(
      Object.values(statusCode),
      Array.from({ length: 17 }, (_, code) => code),
    );
  });

  it('are read from grpc-status (PROTOCOL-HTTP2, "Status")', () => {
    for (let code = 0; code <= 16; code++) assert.equal(parseStatus(String(code)), code);
  });

  for (const value of ["", "17", "00", "01", "016", "-1", "+0", " 0", "0 ", "0,0", "0x0", "1e0", "OK", "0.0", "256"]) {
    it(`are UNKNOWN where grpc-status is ${JSON.stringify(value)}`, () => assert.equal(parseStatus(value), 2));
  }
});

describe("the status in a header list", () => {
  const lists: readonly (readonly [headers: string[], code: number])[] = [
    [["grpc-status", "9"], 9],
    [[":status", "503", "x", "y"], 14],
    [[":status", "503", "grpc-status", "5"], 5],
    [["x", "grpc-status", "grpc-status", "7"], 7],
    [["x", "grpc-status", "9", "y"], 2],
    [["grpc-status", "99"], 2],
    [[], 2],
  ];
  for (const [headers, code] of lists) {
    it(`is ${code} in ${JSON.stringify(headers)}`, () => assert.equal(statusIn(headers), code));
  }
});

describe("the status of a response without grpc-status (http-grpc-status-mapping.md)", () => {
  const expected: Readonly<Record<number, StatusName>> = {
    400: "internal",
    401: "unauthenticated",
    403: "permissionDenied",
    404: "unimplemented",
    429: "unavailable",
    431: "internal",
    502: "unavailable",
    503: "unavailable",
    504: "unavailable",
  };
  for (const [http, name] of Object.entries(expected)) {
    it(`${http} is ${name}`, () => assert.equal(statusOfHttp(Number(http)), statusCode[name]));
  }

  it("every other is unknown, 200 among them", () => {
    for (let http = 100; http < 600; http++) if (!(http in expected)) assert.equal(statusOfHttp(http), 2, String(http));
    assert.equal(statusOfHttp(Number.NaN), statusCode.unknown);
  });
});

describe('the status of a call that was reset (PROTOCOL-HTTP2, "Errors")', () => {
  const expected: Readonly<Record<keyof typeof errorCode, StatusName>> = {
    noError: "internal",
    protocolError: "internal",
    internalError: "internal",
    flowControlError: "internal",
    settingsTimeout: "internal",
    streamClosed: "internal", // It has no mapping there.
    frameSizeError: "internal",
    refusedStream: "unavailable",
    cancel: "cancelled",
    compressionError: "internal",
    connectError: "internal",
    enhanceYourCalm: "resourceExhausted",
    inadequateSecurity: "permissionDenied",
    http11Required: "internal", // It is younger than the table.
  };
  for (const [code, number] of Object.entries(errorCode)) {
    const name = expected[code as keyof typeof errorCode];
    it(`${code} is ${name}`, () => assert.equal(statusOfReset(number), statusCode[name]));
  }

  it("a code that HTTP/2 does not know is internal (RFC 9113, section 7)", () => {
    for (const code of [0xe, 0xff, 0xffff_ffff]) assert.equal(statusOfReset(code), statusCode.internal);
  });
});
