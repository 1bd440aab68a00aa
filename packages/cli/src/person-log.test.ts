import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { createPersonLog, matters } from "./person-log.js";

describe("the log for a person", () => {
  const before = process.env.INTERLOCK_LOG_LEVEL;
  afterEach(() => {
    if (before === undefined) delete process.env.INTERLOCK_LOG_LEVEL;
    else process.env.INTERLOCK_LOG_LEVEL = before;
  });

  function create(verbose: boolean, level?: string) {
    if (level !== undefined) process.env.INTERLOCK_LOG_LEVEL = level;
    const stream = Object.assign(new PassThrough(), { isTTY: true });
    const log = createPersonLog({ verbose, json: false, stream: stream as unknown as NodeJS.WriteStream });
    const lines = () =>
      stripVTControlCharacters(String(stream.read() ?? ""))
        .split("\n")
        .slice(0, -1)
        .map((line) => line.slice(9));
    const all = () => {
      log.debug?.("looked");
      log.info("certificate renewed", { name: "a/1" });
      log.info("bot joined", { bot: "interlock/authority", name: "a/1", address: "h:1" });
      log.warn("call denied", { detail: "two words\u001b[2J\n", empty: "", none: undefined });
      log.error("usage not stored", { error: "x".repeat(500) });
    };
    return { log, lines, all, stream };
  }

  it("shows joins, warnings and errors in readable lines, and nothing that a terminal obeys", () => {
    const { lines, all } = create(false);
    all();
    assert.deepEqual(lines(), [
      "info  bot joined name=a/1 address=h:1",
      'warn  call denied detail="two words\\\\u001b[2J\\\\u000a"',
      `error usage not stored error="${"x".repeat(300)}… (500 characters)"`,
    ]);
  });

  it("knows the lines that matter by the words that authority, bot and gateway write", () => {
    const texts = ["@interlock/authority", "@interlock/bot", "@interlock/gateway"]
      .map((name) => dirname(fileURLToPath(import.meta.resolve(name))))
      .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: "utf8" }).map((path) => join(folder, path)))
      .filter((path) => path.endsWith(".js") && !path.endsWith(".test.js"))
      .map((path) => readFileSync(path, "utf8"));
    const unwritten = [...matters].filter((line) => !texts.some((text) => text.includes(`log.info("${line}"`)));
    assert.deepEqual(unwritten, []);
  });

  it("shows everything from info on with verbose, and what the level in the environment says", () => {
    const count = (verbose: boolean, level?: string) => {
      const { lines, all } = create(verbose, level);
      all();
      return lines().length;
    };
    assert.equal(count(true), 4);
    assert.deepEqual(
      ["debug", "info", "warn", "error", "silent"].map((level) => count(false, level)),
      [5, 4, 2, 1, 0],
    );
  });

  it("goes on when its terminal has gone", () => {
    const { log, stream } = create(false);
    stream.destroy(new Error("EPIPE"));
    log.error("nobody sees it");
  });
});
