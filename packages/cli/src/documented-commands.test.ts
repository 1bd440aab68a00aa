import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Command, CommanderError } from "commander";
import { createOutput } from "./output.js";
import { allCommands, createProgram } from "./program.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const inFolder = (folder: string) =>
  (statSync(join(root, folder)).isDirectory() ? readdirSync(join(root, folder)) : []).map((name) => join(folder, name));
const pages = [
  ".",
  "docs",
  "deploy",
  "python",
  "packages/cli/template",
  ...inFolder("packages"),
  ...inFolder("examples"),
]
  .flatMap((folder) => inFolder(folder).filter((path) => path.endsWith(".md")))
  .filter((path) => path !== "CHANGELOG.md"); // It names commands that have gone.

/** What follows the word `interlock` in the commands of a text: in code blocks, one a line, and within a sentence. */
function commandsIn(markdown: string): string[] {
  const text = markdown.replace(/\\\n\s*/g, "");
  const typed = text.matchAll(/^(?:\$ )?(?:[A-Z_]+=\S+ )*(?:npx )?(?:@interlock\/cli|interlock) ([a-z].*)$/gm);
  const named = text.matchAll(/`(?:npx )?interlock ([a-z][^`]*)`/g);
  return [...typed, ...named].map(([, rest = ""]) => rest.replace(/\s+/g, " ").replace(/ (#|\||&&|>|2>).*$/, ""));
}

/** What the program does not know of a command line; `undefined` if it knows all. */
function unknownIn(line: string, program: Command): string | undefined {
  let command = program;
  for (const word of line.split(" ")) {
    const found = command.commands.find((one) => one.name() === word || one.aliases().includes(word));
    if (found) command = found;
    else if (command === program) return word;
    else if (word === "--") return undefined;
    const [, option] = /^(--[a-z][a-z-]*)/.exec(word) ?? [];
    if (option && option !== "--help" && !command.options.some(({ long }) => long === option)) return option;
  }
  return undefined;
}

describe("the commands that pages and help texts show", () => {
  const program = createProgram(createOutput(false));

  it("are told from other text", () => {
    const page = "$ X=1 npx interlock up --port 0   # all\n$ npm test\nSee `interlock call\n--name x`, and interlock.";
    assert.deepEqual(commandsIn(page), ["up --port 0", "call --name x"]);
    assert.equal(unknownIn("up --port 0", program), undefined);
    assert.equal(unknownIn("log receipt r.jsonl --ca ca.pem", program), undefined);
    assert.equal(unknownIn("upp --port 0", program), "upp");
    assert.equal(unknownIn("up --prot 0", program), "--prot");
  });

  for (const page of pages) {
    it(`exist with these options: ${page}`, () => {
      const lines = commandsIn(readFileSync(join(root, page), "utf8"));
      assert.deepEqual(
        lines.filter((line) => unknownIn(line, program) !== undefined),
        [],
      );
    });
  }

  it("exist with these options: --help of each command", () => {
    const texts = allCommands(program).map((command) => {
      let text = "";
      command.configureOutput({ writeOut: (part) => (text += part) });
      assert.throws(() => command.help(), CommanderError);
      return text;
    });
    const lines = texts.flatMap((text) => commandsIn(text.replace(/^ +/gm, "")));
    assert.ok(lines.length > 30);
    assert.deepEqual(
      lines.filter((line) => unknownIn(line, program) !== undefined),
      [],
    );
  });
});
