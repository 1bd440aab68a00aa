import assert from "node:assert/strict";
import { indexCutOffs } from "./cut-offs.js";

const cutOff = { identity: "worker/*", service: "a.B", scope: "a:b", grantsVersion: 5, except: ["worker/9"] };
const token = {
  name: "worker/1",
  actors: [],
  audiences: new Set(["a.B"]),
  scopes: new Set(["a:b", "a:c"]),
  grantsVersion: 4,
};

describe("indexCutOffs", () => {
  const outdated = indexCutOffs([cutOff]);

  it("finds a token that holds what was taken away", () => {
    assert.equal(outdated(token), true);
    assert.equal(outdated(token), true, "the second time as well");
    assert.equal(outdated({ ...token, grantsVersion: 0 }), true, "it does not say what it was issued under");
  });

  it("leaves every other token alone", () => {
    assert.equal(outdated({ ...token, grantsVersion: 5 }), false, "issued since");
    assert.equal(outdated({ ...token, name: "gripper/1" }), false, "another bot's");
    assert.equal(outdated({ ...token, name: "worker/9" }), false, "it holds the scope all the same");
    assert.equal(outdated({ ...token, audiences: new Set(["a.C"]) }), false, "for another service");
    assert.equal(outdated({ ...token, scopes: new Set(["a:c"]) }), false, "without the scope");
    assert.equal(indexCutOffs([])(token), false);
  });

  it("takes one of several for enough, of cut-offs and of exceptions", () => {
    const several = indexCutOffs([
      { ...cutOff, identity: "gripper/*" },
      { ...cutOff, except: ["worker/8", "worker/9"] },
    ]);
    assert.equal(several(token), true);
    assert.equal(several({ ...token, name: "worker/9" }), false);
  });

  it("finds a token of an actor that may not act any more", () => {
    const acting = indexCutOffs([{ ...cutOff, identity: "gateway/*", scope: "token:exchange", except: ["gateway/9"] }]);
    const actedWith = (name: string) => ({ ...token, actors: [{ name }, { name: "coffee/1" }] });
    assert.equal(acting(actedWith("gateway/1")), true);
    assert.equal(acting({ ...token, actors: [{ name: "coffee/1" }, { name: "gateway/1" }] }), true, "behind another");
    assert.equal(acting(actedWith("gateway/9")), false, "it holds the scope all the same");
    assert.equal(acting({ ...actedWith("gateway/1"), grantsVersion: 5 }), false, "issued since");
    assert.equal(acting({ ...actedWith("gateway/1"), audiences: new Set(["a.C"]) }), false, "for another service");
    assert.equal(acting(token), false, "nobody acts");
    assert.equal(outdated({ ...token, name: "coffee/1", actors: [{ name: "worker/1" }] }), false, "not its scope");
  });

  it("takes an empty service and scope for any", () => {
    const any = indexCutOffs([{ ...cutOff, identity: "**", service: "", scope: "" }]);
    assert.equal(any({ ...token, name: "a/b", audiences: new Set(["x.Y"]), scopes: new Set() }), true);
    assert.equal(any({ ...token, grantsVersion: 5 }), false);
  });
});
