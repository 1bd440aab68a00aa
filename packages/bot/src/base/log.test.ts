import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pino } from "pino";
import { joinFleet } from "../fleet/join-fleet.js";
import { checkLog, jsonLog, type Log } from "./log.js";
import { namedLog } from "./named-log.js";

const base = new URL("./log.js", import.meta.url).href;

function start(script: string, level?: string) {
  const env = { ...process.env, ...(level !== undefined && { INTERLOCK_LOG_LEVEL: level }) };
  const source = `const { jsonLog } = await import(${JSON.stringify(base)});\n${script}`;
  return spawn(process.execPath, ["--input-type=module", "--eval", source], { env, stdio: ["pipe", "pipe", "pipe"] });
}

describe("the log", () => {
  it("writes lines from the level in the environment on", async () => {
    const script = `for (const level of ["debug", "info", "warn", "error"]) jsonLog[level](level, { a: "\\u001b[2J" });`;
    const expected = { debug: 4, info: 3, warn: 2, error: 1, silent: 0, "": 3 };
    await Promise.all(
      Object.entries(expected).map(async ([level, count]) => {
        const child = start(script, level);
        const lines = (await text(child.stderr)).split("\n").filter((line) => line !== "");
        assert.equal(lines.length, count, level);
        for (const line of lines) assert.deepEqual([JSON.parse(line).a, line.includes("\u001b")], ["\u001b[2J", false]);
      }),
    );
  });

  it("does not end the process when its reader has gone", async () => {
    const child = start(`
      process.stdin.once("data", () => {
        for (let i = 0; i < 1_000; i++) jsonLog.warn("nobody reads this", { i });
        setImmediate(() => {
          jsonLog.error("nor this");
          setImmediate(() => process.stdout.write("alive", () => process.exit(0)));
        });
      });
      jsonLog.info("started");`);
    await once(child.stderr, "data");
    child.stderr.destroy();
    await once(child.stderr, "close");
    child.stdin.write("go");
    const [printed, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
    assert.deepEqual([printed, code], ["alive", 0]);
  });

  it("does not end the process either when it is the console", async () => {
    const child = start(`
      const { checkLog } = await import(${JSON.stringify(base)});
      checkLog(console);
      process.stdin.once("data", async () => {
        for (let i = 0; i < 100; i++) {
          console.info("nobody reads this");
          console.error("nor this");
          await new Promise(setImmediate);
        }
        process.exit(7);
      });
      console.info("started");`);
    await once(child.stdout, "data");
    child.stdout.destroy();
    child.stderr.destroy();
    child.stdin.write("go");
    const [code] = await once(child, "exit");
    assert.equal(code, 7);
  });

  it("goes on where nothing can be written, and writes again when there is room", async () => {
    if (!existsSync("/dev/full")) return;
    const full = openSync("/dev/full", "w");
    const source = `const { jsonLog } = await import(${JSON.stringify(base)});
      for (let i = 0; i < 3; i++) { jsonLog.error("full"); await new Promise(setImmediate); }
      process.stdout.write("alive");`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", source], {
      stdio: ["ignore", "pipe", full],
    });
    closeSync(full);
    const [printed, [code]] = await Promise.all([text(child.stdout as Readable), once(child, "exit")]);
    assert.deepEqual([printed, code], ["alive", 0]);
  });

  it("keeps 1 MiB for a reader that stands still, and tells it what it has missed", async () => {
    const child = start(`
      for (let i = 0; i < 2_000; i++) jsonLog.info("x".repeat(4_000));
      process.stdin.once("data", () => { jsonLog.info("last"); process.stdin.unref(); });
      process.stdout.write(String(process.stderr.writableLength));`);
    const [waiting] = await once(child.stdout, "data");
    assert.ok(Number(waiting) < 1_100_000, `${waiting} bytes wait`);
    const lines: string[] = [];
    const reader = createInterface({ input: child.stderr }).on("line", (line) => lines.push(line));
    while (lines.length < 250) await once(reader, "line"); // The rest is in the pipe.
    child.stdin.write("go");
    await once(child, "close");
    const [told = "", last = ""] = lines.slice(-2);
    assert.match(told, /nobody read the log, so lines were dropped","dropped":\d{4}\}/);
    assert.match(last, /"last"/);
  });

  it("refuses a wrong level, and says the choices", async () => {
    const before = process.env.INTERLOCK_LOG_LEVEL;
    process.env.INTERLOCK_LOG_LEVEL = "loud";
    try {
      const refused = { code: "INVALID_ARGUMENT", message: /"loud": use debug, info, warn, error or silent/ };
      assert.throws(() => checkLog(jsonLog), refused);
      await assert.rejects(joinFleet({ name: "a/1" }), refused);
    } finally {
      if (before === undefined) delete process.env.INTERLOCK_LOG_LEVEL;
      else process.env.INTERLOCK_LOG_LEVEL = before;
    }
  });

  it("takes console, and pino with the adapter of its documentation", () => {
    checkLog(console);
    const lines: string[] = [];
    const logger = pino({ level: "debug" }, { write: (line: string) => void lines.push(line) });
    const log: Log = {
      debug: (message, fields) => logger.debug(fields, message),
      info: (message, fields) => logger.info(fields, message),
      warn: (message, fields) => logger.warn(fields, message),
      error: (message, fields) => logger.error(fields, message),
    };
    checkLog(log);
    const named = namedLog(log, "a/1");
    for (const level of ["debug", "info", "warn", "error"] as const) named[level]("hello", { caller: "b/1" });
    assert.deepEqual(
      lines.map((line) => JSON.parse(line)).map(({ level, bot, caller, msg }) => [level, bot, caller, msg]),
      [20, 30, 40, 50].map((level) => [level, "a/1", "b/1", "hello"]),
    );
  });

  it("does not take pino as it is, whose fields would be lost", async () => {
    const logger = pino({ level: "silent" });
    // @ts-expect-error: it has `child`.
    const log: Log = logger;
    await assert.rejects(joinFleet({ name: "a/1", log }), {
      code: "INVALID_ARGUMENT",
      message: /takes its fields first/,
    });
  });

  it("takes no bot down when it throws", () => {
    const fail = () => {
      throw new Error("the disk is full");
    };
    const log = namedLog({ info: fail, warn: fail, error: fail }, "a/1");
    for (const level of ["debug", "info", "warn", "error"] as const) log[level]("hello");
  });

  it("takes no bot down when it is an async function that fails", async () => {
    const fail = async () => Promise.reject(new Error("the network is down"));
    const log = namedLog({ info: fail, warn: fail, error: fail }, undefined);
    for (const level of ["debug", "info", "warn", "error"] as const) log[level]("hello");
    await new Promise((resolve) => setImmediate(resolve)); // An unhandled rejection would fail this file.
  });
});
