import assert from "node:assert/strict";
import {
  circles,
  entryFaults,
  internalFaults,
  orderFaults,
  packageFaults,
  publishedFaults,
  undeclaredFaults,
} from "./faults.js";
import { readWorkspace } from "./source-graph.js";
import { orders } from "./tables.js";

const workspace = readWorkspace();
const packageNamed = (name: string) => {
  const found = workspace.find((candidate) => candidate.name === name);
  assert.ok(found, `${name} is not in the workspace`);
  return found;
};

describe("who may import whom", () => {
  it("imports only the packages that the table allows", () => {
    assert.deepEqual(packageFaults(workspace), []);
  });

  it("enters a package by its entry points, and never by its files", () => {
    assert.deepEqual(entryFaults(workspace), []);
  });

  it("leaves the internals of @interlock/bot to the sister packages", () => {
    assert.deepEqual(internalFaults(workspace), []);
  });

  it("declares every package that it imports", () => {
    assert.deepEqual(undeclaredFaults(workspace), []);
  });

  it("publishes nothing that needs a development dependency", () => {
    assert.deepEqual(publishedFaults(workspace), []);
  });

  it("goes in no circles, neither between packages nor between files, imports of types included", () => {
    assert.deepEqual(circles(workspace), []);
  });

  it("decides on calls without grpc-js: nothing in bot's admission imports it", () => {
    const admission = packageNamed("@interlock/bot").files.filter(
      ({ path }) => path.startsWith("packages/bot/src/admission/") && !path.endsWith(".test.ts"),
    );
    assert.ok(admission.length > 0);
    const faults = admission.filter(({ imports }) => imports.some(({ specifier }) => specifier.startsWith("@grpc/")));
    assert.deepEqual(faults, []);
  });

  for (const [name, order] of Object.entries(orders)) {
    it(`keeps the order within ${name}`, () => {
      assert.deepEqual(orderFaults(packageNamed(name), order), []);
    });
  }
});
