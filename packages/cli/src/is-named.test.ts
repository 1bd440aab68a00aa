import assert from "node:assert/strict";
import { isNamed } from "./is-named.js";

describe("isNamed", () => {
  for (const [fullName, wanted, expected] of [
    ["acme.v1.Arm", "acme.v1.Arm", true],
    ["plant.acme.v1.Arm", "acme.v1.Arm", false],
    ["plant.acme.v1.Arm", "Arm", true],
    ["acme.v1.Charm", "arm", false],
    ["Arm", "Arm", true],
    ["acme.v1.Arm/Move", "Arm/Move", true],
    ["plant.acme.v1.Arm/Move", "acme.v1.Arm/Move", false],
  ] as const) {
    it(`${expected ? "takes" : "does not take"} ${fullName} for ${wanted}`, () =>
      assert.equal(isNamed(fullName, wanted), expected));
  }
});
