import assert from "node:assert/strict";
import { nameRetired } from "./name-retired.js";

describe("the name of what is retired", () => {
  const retired = ["cafe.v1.Gripper/Grip", "cafe.v1.Till/*", "bar.v1.Till/*"];

  it("may be without the package where one is meant", () => {
    assert.equal(nameRetired(retired, "Gripper/Grip"), "cafe.v1.Gripper/Grip");
    assert.equal(nameRetired(retired, "bar.v1.Till"), "bar.v1.Till/*");
  });

  it("is refused where it means none or several", () => {
    assert.throws(() => nameRetired(retired, "Till"), /Several .* cafe\.v1\.Till, bar\.v1\.Till\. Give the full name/);
    assert.throws(() => nameRetired(retired, "Grip"), /Grip is not retired\. Retired are: cafe\.v1\.Gripper\/Grip/);
    assert.throws(() => nameRetired([], "a.B"), /Retired are: none/);
    const many = Array.from({ length: 21 }, (_, i) => `a.S${i}/*`);
    assert.throws(() => nameRetired(many, "x"), /a\.S19 and more/);
  });
});
