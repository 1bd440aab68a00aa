import assert from "node:assert/strict";
import { formatAll } from "./format.js";

const declaration = (name: string) => `export interface ${name} {\nvalue: string,\n}`;
const formatted = (name: string) => `export interface ${name} {\n  value: string;\n}\n`;

describe("the formatter of generated code", () => {
  it("formats texts of any number and size, each as a whole", () => {
    const names = Array.from({ length: 40_000 }, (_, i) => `M${i}`);
    const [large, small, empty] = formatAll([names.map(declaration).join("\n\n"), declaration("A"), ""]);
    assert.equal(large, names.map(formatted).join("\n"));
    assert.equal(small, formatted("A"));
    assert.equal(empty, "");
  });

  it("leaves what is no TypeScript as it is", () => {
    assert.deepEqual(formatAll(["export interface {"]), ["export interface {\n"]);
  });
});
