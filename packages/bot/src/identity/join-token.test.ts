import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { caDigest, formatJoinToken, parseJoinToken } from "./join-token.js";

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

  it("are read up to 2,048 characters", () => {
    const named = (length: number) => formatJoinToken({ ...fields, name: "a".repeat(length) });
    const longest = named(1_464 - "cafe/".length);
    assert.equal(longest.length, 2_048);
    assert.ok(parseJoinToken(longest));
    assert.equal(parseJoinToken(named(1_465 - "cafe/".length)), undefined);
  });

  it("are not read without a slash between trust domain and name", () => {
    const body = Buffer.concat([fields.caDigest, fields.secret, Buffer.from("cafe")]);
    const checksum = createHash("sha256").update(body).digest().subarray(0, 4);
    assert.equal(parseJoinToken(`ILK1-${Buffer.concat([checksum, body]).toString("base64url")}`), undefined);
  });

  it("pin a certificate by its SHA-256", () => {
    const digest = Buffer.from(caDigest(Buffer.from("abc"))).toString("hex");
    assert.match(digest, /^ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad$/);
  });

  it("are not written with a short secret, or a short digest", () => {
    assert.throws(() => formatJoinToken({ ...fields, caDigest: new Uint8Array(16) }), /32 bytes each/);
    assert.throws(() => formatJoinToken({ ...fields, secret: new Uint8Array(16) }), TypeError);
  });
});
