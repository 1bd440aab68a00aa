import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";

const require = createRequire(import.meta.url);

/** Runs this package's `buf` in the folder `cwd`. Resolves to its output if it fails, otherwise to `undefined`. */
export async function runBuf(cwd: string, args: readonly string[]): Promise<string | undefined> {
  const buf = join(dirname(require.resolve("@bufbuild/buf/package.json")), "bin", "buf");
  const child = spawn(process.execPath, [buf, ...args], { cwd, stdio: ["ignore", "ignore", "pipe"] });
  const exit = new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  const [code, said] = await Promise.all([exit, text(child.stderr)]);
  return code === 0 ? undefined : said.trim() || `buf failed with exit code ${code}`;
}
