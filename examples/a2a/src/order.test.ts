import assert from "node:assert/strict";
import { Message } from "./gen/lf/a2a/v1/a2a.js";
import { orderOf, readOrder, writeOrder } from "./order.js";

const skills = new Set(["cafe.kitchen.v1.KitchenService/Brew"]);
const skill = "cafe.kitchen.v1.KitchenService/Brew";
const data = (value: unknown) => ({ content: { $case: "data" as const, value } });
const message = (...parts: object[]) => Message.fromPartial({ messageId: "m", parts });

describe("an order", () => {
  it("is one data part with a skill of the card", () => {
    assert.deepEqual(readOrder(message(data({ skill, input: { shots: 2 } })), skills), { skill, input: { shots: 2 } });
    assert.deepEqual(readOrder(message(data({ skill })), skills), { skill, input: {} });
  });

  const refused: readonly [what: string, message: Message, fault: RegExp][] = [
    ["nothing", message(), /no order/],
    ["text", message({ content: { $case: "text", value: "coffee" } }), /no order/],
    ["two parts", message(data({ skill }), data({ skill })), /no order/],
    ["a list", message(data([skill])), /no order/],
    ["another skill", message(data({ skill: "cafe.kitchen.v1.KitchenService/Close" })), /not one of/],
    ["an inherited name", message(data({ skill: "constructor" })), /not one of/],
    ["an input that is a text", message(data({ skill, input: "2" })), /no object/],
    ["a long input", message(data({ skill, input: { note: "x".repeat(4_097) } })), /more than 4096 bytes/],
  ];
  for (const [what, one, fault] of refused) {
    it(`is refused for ${what}`, () => assert.throws(() => readOrder(one, skills), fault));
  }

  it("is read from the task as it was written", () => {
    const order = { owner: "partner/acme", contextId: "c", skill, input: { shots: 1 } };
    assert.deepEqual(orderOf({ payload: writeOrder(order) }), order);
  });
});
