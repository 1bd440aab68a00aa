import assert from "node:assert/strict";
import { prints, readCommands } from "./console-block.js";
import { findQuote } from "./find-quote.js";
import { readBlocks } from "./markdown-blocks.js";

describe("code blocks", () => {
  it("are found with their language and line number", () => {
    assert.deepEqual(readBlocks("text\n```ts\nlet a;\n\nlet b;\n```\n\n````\n```\n````"), [
      { language: "ts", text: "let a;\n\nlet b;", line: 2 },
      { language: "", text: "```", line: 8 },
    ]);
    assert.throws(() => readBlocks("```ts\nlet a;"), /line 1: the block does not end/);
  });

  it("are quotes only if every word is in one file, in order", () => {
    const quote = '// hello/src/gripper.ts\nname: "gripper/1",\n  // …\nreturn { held:   newtons > 0 };';
    assert.equal(findQuote(quote), "examples/hello/src/gripper.ts");
    assert.equal(findQuote(quote.replace("> 0", "> 1")), undefined);
    assert.equal(findQuote('return { held: newtons > 0 };\n// …\nname: "gripper/1",'), undefined);
    assert.equal(findQuote("service GripperService {"), "examples/hello/protos/cafe/gripper/v1/gripper.proto");
    assert.equal(findQuote(""), undefined);
  });

  it("are commands, with their output and a comment", () => {
    assert.deepEqual(readCommands("$ npm test   # all of it\nok … done\n\n$ interlock up \\\n    --port 0"), [
      { text: "npm test", comment: "all of it", output: ["ok … done"] },
      { text: "interlock up --port 0", comment: "", output: [] },
    ]);
    assert.deepEqual(
      readCommands("npm test\ncd x # there").map(({ text }) => text),
      ["npm test", "cd x"],
    );
    assert.ok(prints("a\n  (1) ok, 3 done.\n", "(1) ok … done"));
    assert.ok(!prints("ok\ndone", "ok … done"));
  });
});
