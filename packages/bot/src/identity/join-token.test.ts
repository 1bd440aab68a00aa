import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { formatJoinToken, parseJoinToken } from "./join-token.js";

describe("join tokens", () => {
  const fields = {
    trustDomain: "cafe",
    name: "gripper/1",
    caDigest: Uint8Array.from(randomBytes(32)),
    secret: Uint8Array.from(randomBytes(32)),
  };
  const token = formatJoinToken(fields);

  it("come back as they went", () => {
    assert.deepEqual(parseJoinToken(token), fields);
    assert.deepEqual(parseJoinToken(`  ${token}\n`), fields);
  });

  it("are not read when they are cut short anywhere", () => {
    for (let length = 0; length < token.length; length++) {
      assert.equal(parseJoinToken(token.slice(0, length)), undefined, `${length}`);
    }
  });

  it("are not read when any character is another", () => {
    for (let i = 0; i < token.length; i++) {
      const other = token[i] === "A" ? "B" : "A";
      assert.equal(parseJoinToken(token.slice(0, i) + other + token.slice(i + 1)), undefined, `${i}`);
    }
  });

  for (const [name, text] of [
    ["two in one line", `${token}${token}`],
    ["padding", `${token}=`],
    ["a space in the middle", `${token.slice(0, 20)} ${token.slice(20)}`],
    ["the prefix alone", "ILK1-"],
    ["another version", token.replace("ILK1", "ILK2")],
    ["a megabyte", `ILK1-${"A".repeat(1_000_000)}`],
  ] as const) {
    it(`are not read: ${name}`, () => assert.equal(parseJoinToken(text), undefined));
  }

  it("are not read for a name that cannot be one", () => {
    for (const bad of [{ name: "a//b" }, { name: "" }, { trustDomain: "" }, { trustDomain: "Cafe" }]) {
      assert.equal(parseJoinToken(formatJoinToken({ ...fields, ...bad })), undefined);
    }
  });

  it("are not written with a short secret", () => {
    assert.throws(() => formatJoinToken({ ...fields, secret: new Uint8Array(16) }), TypeError);
  });
});
