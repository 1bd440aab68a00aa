import assert from "node:assert/strict";
import { methodKey } from "./method-key.js";

describe("methodKey", () => {
  const table = {
    Grip: "grip",
    WatchForce: "watchForce",
    GetAPIKey: "getApiKey",
    GripV2: "gripV2",
    watch_force: "watchForce",
    URL: "url",
    Then: "then$",
    Constructor: "constructor$",
    _: "$",
  };
  for (const [name, key] of Object.entries(table)) {
    it(`gives ${name} the name ${key}`, () => assert.equal(methodKey(name), key));
  }
});
