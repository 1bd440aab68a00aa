import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { type Command, readCommands } from "./console-block.js";
import { type ConsoleSession, openSession } from "./console-session.js";
import { findQuote } from "./find-quote.js";
import { installedPackages } from "./installed-packages.js";
import { type Block, readBlocks } from "./markdown-blocks.js";
import { isOffline } from "./npm.js";
import { root } from "./structure/source-graph.js";

const path = process.env.README ?? join(root, "README.md");
const quoted = ["proto", "yaml", "ts"];

/** From nothing to a secured call: at most this many commands. */
const maximumCommands = 11;
/** It takes 30 s on two idle cores. A machine may be slow or busy, so the test fails at ten times that only. */
const maximumSeconds = 300;

// README.md makes no untested claims: its code is quoted from tested files, and its commands are run here.
describe("README.md", () => {
  let blocks: readonly Block[];

  before(async () => {
    blocks = readBlocks(await readFile(path, "utf8"));
  });

  it("has blocks of known kinds only", () => {
    const unknown = blocks.filter(({ language }) => language !== "console" && !quoted.includes(language));
    assert.deepEqual(
      unknown.map(({ line, language }) => `line ${line}: ${language || "no language"}`),
      [],
    );
  });

  it("quotes code from tested files, word for word", () => {
    const invented = blocks.filter(({ language, text }) => quoted.includes(language) && !findQuote(text));
    assert.deepEqual(
      invented.map(({ line, text }) => `line ${line}: ${text.split("\n")[0]}`),
      [],
    );
  });

  it("leads from nothing to a secured call in eleven commands at most", () => {
    const typed = firstMinute(blocks).flatMap(({ text }) => text.split(" && "));
    assert.match(typed.at(-1) ?? "", /^npx interlock call /);
    assert.ok(typed.length <= maximumCommands, `it takes ${typed.length} commands:\n${typed.join("\n")}`);
  });

  it("has commands that behave as it says", async function () {
    this.timeout(600_000);
    // The README's commands name their ports, so this test cannot use free ones.
    const taken = await firstTaken([7443, 50051, 50052]);
    if (taken !== undefined) {
      console.log(`skipped: port ${taken}, which a command in README.md uses, is taken on this machine`);
      return this.skip();
    }
    const installed = await installedPackages().catch((error) => {
      if (!isOffline(error)) throw error;
      console.log(`skipped: npm cannot reach its registry\n${error}`);
      return this.skip();
    });
    const dir = await mkdtemp(join(installed as string, "readme-"));
    let session: ConsoleSession | undefined;
    try {
      session = openSession(dir, installed as string);
      const minute = firstMinute(blocks).map(({ text }) => text);
      let seconds = 0;
      for (const { text, line } of blocks.filter(({ language }) => language === "console")) {
        for (const command of readCommands(text)) {
          const begin = performance.now();
          await session.type(command).catch((error) => assert.fail(`line ${line}: ${error.message}`));
          if (minute.includes(command.text)) seconds += (performance.now() - begin) / 1_000;
        }
      }
      console.log(`from nothing to a secured call: ${seconds.toFixed(1)} s, 30 s at most on two idle cores`);
      assert.ok(seconds > 0 && seconds < maximumSeconds, `it took ${seconds} s`);
    } finally {
      await session?.close();
      await rm(dir, { recursive: true, force: true });
    }
  });
});

/** The commands that are typed from `interlock init` to the first call. */
function firstMinute(blocks: readonly Block[]): readonly Command[] {
  const block = blocks.find(({ language, text }) => language === "console" && text.includes("@interlock/cli init"));
  const commands = readCommands(block?.text ?? "");
  return commands.slice(0, commands.findIndex(({ text }) => text.startsWith("npx interlock call")) + 1);
}

/** Finds the first of `ports` that is already in use. */
async function firstTaken(ports: readonly number[]): Promise<number | undefined> {
  for (const port of ports) {
    const probe = createServer();
    const free = await new Promise<boolean>((resolve) => {
      probe.once("error", () => resolve(false)).listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!free) return port;
    await new Promise((resolve) => probe.close(resolve));
  }
  return undefined;
}
