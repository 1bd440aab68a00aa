import assert from "node:assert/strict";
import { limitKey } from "./limit-key.js";

const rate = { perSecond: 2.5, burst: 20 };

describe("the name of a bucket", () => {
  it("can be read by people", () => {
    assert.equal(
      limitKey("gateway", "/cafe.v1.Gripper/Grip", rate, "arm/1"),
      "gateway:/cafe.v1.Gripper/Grip:2.5+20:arm/1",
    );
  });

  it("is another one for each limit, whatever its parts are", () => {
    const parts = [
      "a",
      "b",
      "a:b",
      ":",
      "%",
      "%003a",
      "a%003ab",
      "{a}",
      "{",
      "é",
      "\u0000",
      "\ud800",
      "\udfff",
      "\ufffd",
      "",
      " ",
      "a\r\nb",
    ];
    const names = parts.flatMap((purpose) => parts.map((key) => limitKey("p", purpose, rate, key)));
    names.push(
      limitKey("p", "a", { perSecond: 2, burst: 5 }, "a"),
      limitKey("p", "a", { perSecond: 25, burst: 20 }, "a"),
    );
    assert.equal(new Set(names).size, parts.length ** 2 + 2);
    for (const name of names) assert.match(name, /^[\w./~%:+-]+$/);
  });
});
