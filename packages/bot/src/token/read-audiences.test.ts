import assert from "node:assert/strict";
import { readAudiences } from "./read-audiences.js";

describe("the audiences of a token", () => {
  const resourcePrefix = "https://cafe.example/";
  const read = (aud: unknown, prefix?: string) => [...readAudiences(aud, { resourcePrefix: prefix })];

  it("are one text, or a list of them", () => {
    assert.deepEqual(read("a.B"), ["a.B"]);
    assert.deepEqual(read(["a.B", "c.D"]), ["a.B", "c.D"]);
    assert.deepEqual(read([]), []);
    for (const aud of [1, undefined, null, ["a.B", 1], [["a.B"]], { aud: "a.B" }])
      assert.throws(() => read(aud, resourcePrefix), { reason: "TOKEN_MALFORMED" });
  });

  it("are names of services where they are the URLs of services, and only there", () => {
    assert.deepEqual(read(["https://cafe.example/a.B", "c.D"], resourcePrefix), ["a.B", "c.D"]);
    assert.deepEqual(read("urn:cafe:a.B", "urn:cafe:"), ["a.B"]);
    assert.deepEqual(read("https://cafe.example/a.B"), ["https://cafe.example/a.B"]);
    const others = [
      "http://cafe.example/a.B",
      "https://cafe.example.evil/a.B",
      "https://cafe.example:443/a.B",
      "https://CAFE.example/a.B",
      " https://cafe.example/a.B",
    ];
    assert.deepEqual(read(others, resourcePrefix), others);
    // What is left has to be the whole name, and is compared as it stands.
    assert.deepEqual(read("https://cafe.example/x/a.B", resourcePrefix), ["x/a.B"]);
    assert.deepEqual(read("https://cafe.example/a.B/", resourcePrefix), ["a.B/"]);
  });
});
