import assert from "node:assert/strict";
import { readLines } from "./read-lines.js";

describe("readLines", () => {
  async function* stream(...chunks: readonly string[]): AsyncGenerator<Buffer> {
    for (const chunk of chunks) yield Buffer.from(chunk, "latin1");
  }
  async function read(...chunks: readonly string[]): Promise<string[]> {
    const lines: string[] = [];
    for await (const line of readLines(stream(...chunks), 8)) lines.push(line);
    return lines;
  }

  it("gives each line, however they come", async () => {
    assert.deepEqual(await read("a\nb", "c\r\n\nd"), ["a", "bc", "", "d"]);
    assert.deepEqual(await read("a\n"), ["a"]);
    assert.deepEqual(await read("\xc3", "\xa9\n"), ["é"]);
    assert.deepEqual(await read(), []);
  });

  it("refuses a line that is too long, before all of it is there, and bytes that are no text", async () => {
    await assert.rejects(read("a\n12345", "6789"), {
      code: "INVALID_ARGUMENT",
      message: /Line 2 .* longer than 8 bytes/,
    });
    await assert.rejects(read("a\n\xff\n"), {
      code: "INVALID_ARGUMENT",
      message: "Line 2 of standard input is not in UTF-8.",
    });
  });
});
