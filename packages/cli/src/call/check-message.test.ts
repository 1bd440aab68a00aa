import assert from "node:assert/strict";
import { checkMessage } from "./check-message.js";

const understood = {
  shots: 2,
  size: "LARGE",
  id: "7",
  weight: 0.10000000149011612,
  milk: { fat: 3.5 },
  tags: ["a"],
  raw: "AQ==",
};

describe("a message that a person wrote", () => {
  it("passes when all of it was understood", () => {
    checkMessage({}, understood);
    checkMessage(
      { shots: 2, size: "LARGE", id: 7, weight: 0.1, milk: { fat: 3.5 }, tags: ["a"], raw: "AQ" },
      understood,
    );
  });

  const refused: [string, object, RegExp][] = [
    ["a field that is not there", { shotz: 2 }, /no field "shotz"; there are: shots, size/],
    ["such a field further in", { milk: { sugar: 1 } }, /no field "milk.sugar"; there are: fat/],
    ["a name that every object has", { toString: 1 }, /no field "toString"/],
    ["a prototype", JSON.parse('{"milk": {"__proto__": {"fat": 1}}}'), /no field "milk.__proto__"/],
    ["text where a number is meant", { shots: "two" }, /"shots" cannot be "two"/],
    ["a number that does not fit", { shots: -1.5 }, /"shots" cannot be -1.5/],
    ["another value in a list", { tags: [{}] }, /"tags\[0\]" cannot be/],
    ["an object where there is none", { size: { a: 1 } }, /"size" cannot be/],
  ];
  for (const [name, given, expected] of refused) {
    it(`is refused with ${name}`, () => assert.throws(() => checkMessage(given, understood), expected));
  }
});
