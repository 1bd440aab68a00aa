import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeStatusMessage, encodeStatusMessage } from "./status-message.js";

const anyText = fc.string({ unit: "binary", maxLength: 60 });
const halfPairs = fc.string({ unit: fc.constantFrom("a", "%", " ", "\ud83e", "\udd16", "é") });

/** As Node writes it to UTF-8: halves of pairs are U+FFFD. */
const wellFormed = (text: string) => Buffer.from(text).toString();

describe('grpc-message (PROTOCOL-HTTP2, "Status-Message")', () => {
  for (const [what, message, value] of [
    ["nothing", "", ""],
    ["printable ASCII", "Not found: /a b~!", "Not found: /a b~!"],
    ["a percent sign", "100%", "100%25"],
    ["what looks like an escape", "%41", "%2541"],
    ["the characters next to printable ASCII", "\x1f\x7f", "%1F%7F"],
    ["line ends and zero", "a\r\n\tb\0", "a%0D%0A%09b%00"],
    ["two bytes", "é", "%C3%A9"],
    ["three bytes", "€", "%E2%82%AC"],
    ["four bytes", "🤖", "%F0%9F%A4%96"],
    ["the first and the last half of a pair", "\ud83e|\udd16", "%EF%BF%BD|%EF%BF%BD"],
    ["outer spaces (RFC 9113, section 8.2.1)", "  a b  ", "%20 a b %20"],
    ["a space before it", " a", "%20a"],
    ["a space after it", "a ", "a%20"],
    ["a space alone", " ", "%20"],
  ] as const) {
    it(`has ${what}`, () => {
      assert.equal(encodeStatusMessage(message), value);
      assert.equal(decodeStatusMessage(value), wellFormed(message));
    });
  }

  for (const [what, value, message] of [
    ["an escape in lower case", "%c3%a9%e2%82%ac", "é€"],
    ["an escape of what needs none", "%41%7E", "A~"],
    ["a percent sign at the end", "100%", "100%"],
    ["an escape that is cut short", "%4", "%4"],
    ["an escape of other letters", "%zz%4g%g4%+1% 1", "%zz%4g%g4%+1% 1"],
    ["two percent signs", "%%41", "%A"],
    ["an escape that is escaped, decoded once", "%2541", "%41"],
    ["bytes that are not UTF-8", "a%FFb%C3", "a\ufffdb\ufffd"],
    ["a surrogate in UTF-8", "%ED%A0%80", "\ufffd\ufffd\ufffd"],
    ["UTF-8 that is not escaped", "\xc3\xa9", "é"],
    ["UTF-8 of which half is escaped", "\xc3%A9", "é"],
    ["a byte that is not UTF-8", "\xe9", "\ufffd"],
    ["control characters", "a\tb", "a\tb"],
  ] as const) {
    it(`is read with ${what}`, () => assert.equal(decodeStatusMessage(value), message));
  }

  it("comes back as it was, but for halves of pairs", () => {
    fc.assert(
      fc.property(fc.oneof(anyText, halfPairs), (message) => {
        const value = encodeStatusMessage(message);
        assert.match(value, /^(?:[\x20-\x24\x26-\x7e]|%[0-9A-F]{2})*$/);
        assert.equal(value, value.trim());
        assert.equal(decodeStatusMessage(value), wellFormed(message));
      }),
    );
  });

  it("is read as other encoders write it", () => {
    fc.assert(fc.property(anyText, (message) => decodeStatusMessage(encodeURIComponent(message)) === message));
  });

  it("can be read whatever it is", () => {
    const character = fc.oneof(
      fc.constantFrom("%", "%4", "%C3", "%A9", "%0"),
      fc.nat(0xff).map((code) => String.fromCharCode(code)),
    );
    fc.assert(
      fc.property(fc.string({ unit: character }), (value) => {
        const message = decodeStatusMessage(value);
        assert.equal(message, wellFormed(message));
      }),
    );
  });
});
