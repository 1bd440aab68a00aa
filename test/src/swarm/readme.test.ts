import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { type Authority, startAuthority } from "@interlock/authority";
import { silentLog } from "@interlock/bot";
import { findQuote } from "../find-quote.js";
import { readBlocks } from "../markdown-blocks.js";
import { root } from "../structure/source-graph.js";

const readme = join(root, "packages/swarm/README.md");

describe("packages/swarm/README.md", () => {
  let blocks: ReturnType<typeof readBlocks>;
  let folder: string;
  let authority: Authority | undefined;
  const running: ChildProcess[] = [];

  before(async () => {
    blocks = readBlocks(await readFile(readme, "utf8"));
    folder = await mkdtemp(join(tmpdir(), "interlock-swarm-readme-"));
  });

  after(async () => {
    for (const child of running) child.kill("SIGKILL");
    await authority?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("quotes code from files that run, word for word", () => {
    const code = blocks.filter(({ language }) => language === "ts");
    const files = code.map(({ text: quoted, line }) => findQuote(quoted) ?? `line ${line} is not quoted`);
    const of = (name: string) => `test/src/swarm/readme/${name}.ts`;
    assert.deepEqual(files, [of("leader"), of("worker"), of("operator")]);
  });

  it("is right: the programs count to five, once, under the grants that it shows", async () => {
    const grants = blocks.find(({ language }) => language === "yaml")?.text ?? "";
    const dataDir = join(folder, "authority");
    authority = await startAuthority({ dataDir, trustDomain: "swarm", port: 0, log: silentLog });
    await authority.applyGrants(grants);

    async function start(file: string, name: string, more: Record<string, string>): Promise<ChildProcess> {
      const path = join(import.meta.dirname, "readme", `${file}.js`);
      const joinToken = (await authority?.createJoinToken(name)) ?? "";
      const env = { ...process.env, INTERLOCK_AUTHORITY: authority?.address, INTERLOCK_JOIN_TOKEN: joinToken, ...more };
      const child = spawn(process.execPath, [path], { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"] });
      running.push(child);
      return child;
    }

    const leader = await start("leader", "leader/1", { PORT: "0" });
    const [line] = (await once(createInterface(leader.stdout as NodeJS.ReadableStream), "line")) as [string];
    const LEADERS = /leads at (\S+)/.exec(line)?.[1] ?? "";
    await start("worker", "worker/1", { LEADERS });
    const operator = await start("operator", "operator/1", { LEADERS });
    const said = await text(operator.stdout as NodeJS.ReadableStream);
    assert.match(said, /^the same order again: the same task$/m);
    assert.match(said, /^RUNNING worker\/1 at \d/m);
    assert.match(said, /^COMPLETED worker\/1 at 5 counted to 5$/m);
  });
});
