import assert from "node:assert/strict";
import { inspect } from "node:util";
import { readRedisUrl } from "./redis-address.js";

describe("the URL of Redis", () => {
  it("names host, port, database and log-in", () => {
    const { shown, ...rest } = readRedisUrl("rediss://bot:p%40ss@cache.example:7000/3");
    assert.deepEqual(rest, { host: "cache.example", port: 7_000, tls: true, username: "bot", password: "p@ss", db: 3 });
    assert.equal(shown, "cache.example:7000");
    const plain = readRedisUrl("redis://[::1]");
    assert.deepEqual(
      [plain.host, plain.port, plain.tls, plain.password, plain.db],
      ["::1", 6_379, false, undefined, 0],
    );
  });

  it("is refused without showing what is in it", () => {
    for (const url of [
      "secret",
      "http://u:secret@h:1",
      "redis://u:secret@h:1/x",
      "redis://u:secret@h:1?tls=no",
      "redis://u:secret%@h:1",
      "redis://u:sec/ret@h:99999",
      "redis:///secret",
      "",
    ]) {
      assert.throws(
        () => readRedisUrl(url),
        (error) => {
          assert.match(String(error), /The URL of Redis .*\./);
          assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /secret|ret@/, url);
          return true;
        },
      );
    }
  });
});
