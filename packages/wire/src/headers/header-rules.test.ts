import assert from "node:assert/strict";
import type { HeaderList } from "../header-list.js";
import { contentLengthOf, type HeaderRole, isInformational, isMalformed } from "./header-rules.js";

const request = [":method", "POST", ":scheme", "https", ":path", "/a.B/C"];
const response = [":status", "200"];

interface Row {
  readonly says: string;
  readonly section: string;
  readonly role: HeaderRole;
  readonly list: HeaderList;
}

const row = (section: string, role: HeaderRole, says: string, list: HeaderList): Row => ({ says, section, role, list });

const sound: readonly Row[] = [
  row("8.3.1", "request", "a method, a scheme and a path", request),
  row("8.3.1", "request", "an authority", [...request, ":authority", "arm:443"]),
  row("8.3.1", "request", "an authority that is empty", [...request, ":authority", ""]),
  row("8.2.2", "request", "te: trailers", [...request, "te", "trailers"]),
  row("8.3.1", "request", "the path of OPTIONS", [":method", "OPTIONS", ":scheme", "https", ":path", "*"]),
  row("8.2.1", "request", "an empty value", [...request, "x", ""]),
  row("8.2.1", "request", "a value of obs-text", [...request, "x", "\u00e4 \u00ff"]),
  row("8.2.1", "request", "a tab within a value", [...request, "x", "a\tb"]),
  row("8.2", "request", "every character of a token", [...request, "!#$%&'*+-.^_`|~09az", "x"]),
  row("8.2", "request", "the same field twice", [...request, "x", "1", "x", "2"]),
  row("8.3.2", "response", "a status", response),
  row("8.3.2", "response", "an interim status", [":status", "103"]),
  row("8.1", "trailers", "no field", []),
  row("8.1", "trailers", "a field", ["grpc-status", "0"]),
];

const malformed: readonly Row[] = [
  row("8.2.1", "request", "a name in upper case", [...request, "X-Name", "1"]),
  row("8.2.1", "request", "an empty name", [...request, "", "1"]),
  row("8.2.1", "request", "a name with a space", [...request, "a b", "1"]),
  row("8.2.1", "request", "a name with a colon within", [...request, "a:b", "1"]),
  row("8.2.1", "request", "a name of obs-text", [...request, "\u00e4", "1"]),
  row("8.2.1", "request", "a name with a DEL", [...request, "a\u007f", "1"]),
  ...["a\0b", "a\rb", "a\nb", " a", "a ", "\ta", "a\t"].map((value) =>
    row("8.2.1", "request", `the value ${JSON.stringify(value)}`, [...request, "x", value]),
  ),
  row("8.2.1", "request", "a path with a line break", [":method", "GET", ":scheme", "https", ":path", "/\r\nx: y"]),
  ...["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"].map((name) =>
    row("8.2.2", "request", `the field ${name}`, [...request, name, "x"]),
  ),
  row("8.2.2", "request", "te: gzip", [...request, "te", "gzip"]),
  row("8.2.2", "trailers", "the field connection", ["connection", "close"]),
  row("8.3", "request", "a pseudo-header field after another field", ["x", "1", ...request]),
  row("8.3", "request", "an unknown pseudo-header field", [...request, ":protocol", "x"]),
  row("8.3", "request", "a name that is a colon", [...request, ":", "x"]),
  row("8.3", "request", "a status", [...request, ":status", "200"]),
  row("8.3", "response", "a path", [...response, ":path", "/"]),
  row("8.3", "trailers", "a pseudo-header field", [":status", "200"]),
  row("8.3", "request", "a pseudo-header field twice", [...request, ":path", "/x"]),
  row("8.3.1", "request", "no method", [":scheme", "https", ":path", "/"]),
  row("8.3.1", "request", "no scheme", [":method", "GET", ":path", "/"]),
  row("8.3.1", "request", "no path", [":method", "GET", ":scheme", "https"]),
  row("8.3.1", "request", "no field", []),
  row("8.3.1", "request", "an empty path", [":method", "GET", ":scheme", "https", ":path", ""]),
  row("8.3.1", "request", "an empty method", [":method", "", ":scheme", "https", ":path", "/"]),
  row("8.3.1", "request", "a method that is no token", [":method", "GET /", ":scheme", "https", ":path", "/"]),
  row("8.3.1", "request", "a method of obs-text", [":method", "\u00e4GET", ":scheme", "https", ":path", "/"]),
  row("8.3.1", "request", "a scheme that begins with a digit", [":method", "GET", ":scheme", "1https", ":path", "/"]),
  row("8.3.1", "request", "a scheme with a colon", [":method", "GET", ":scheme", "https:", ":path", "/"]),
  row("8.3.1", "request", "an empty scheme", [":method", "GET", ":scheme", "", ":path", "/"]),
  row("8.3.1", "request", "a user in the authority", [...request, ":authority", "a@b"]),
  row("8.5", "request", "CONNECT, which is not served", [":method", "CONNECT", ":authority", "a:1"]),
  row("8.3.2", "response", "no status", ["x", "1"]),
  row("8.6", "response", "the status 101", [":status", "101"]),
  ...["", "20", "2000", "2x0", "+20"].map((value) =>
    row("8.3.2", "response", `the status ${JSON.stringify(value)}`, [":status", value]),
  ),
];

describe("isMalformed", () => {
  for (const { section, role, says, list } of sound) {
    it(`finds ${says} in a ${role} sound (RFC 9113, section ${section})`, () => assert.ok(!isMalformed(list, role)));
  }
  for (const { section, role, says, list } of malformed) {
    it(`finds ${says} in a ${role} malformed (RFC 9113, section ${section})`, () => assert.ok(isMalformed(list, role)));
  }
});

describe("contentLengthOf", () => {
  it("reads a length, and tells none from a wrong one (RFC 9110, section 8.6)", () => {
    assert.equal(contentLengthOf(["x", "1"]), -1);
    assert.equal(contentLengthOf(["content-length", "0"]), 0);
    assert.equal(contentLengthOf(["content-length", "123456789012345"]), 123_456_789_012_345);
    for (const value of ["", "-1", "+1", "1.0", "0x1", "1, 1", "1234567890123456", " 1"]) {
      assert.equal(contentLengthOf(["content-length", value]), undefined, value);
    }
    for (const value of ["0", "1"]) {
      assert.equal(contentLengthOf(["content-length", value, "content-length", value]), undefined);
    }
  });
});

describe("isInformational", () => {
  it("is said of 1xx", () => {
    assert.ok(isInformational([":status", "100"]));
    assert.ok(isInformational([":status", "199"]));
    for (const status of ["200", "10", "1000"]) assert.ok(!isInformational([":status", status]));
    assert.ok(!isInformational([]));
    assert.ok(!isInformational(["x", "100"]));
    assert.ok(!isInformational([":status"]));
  });
});
