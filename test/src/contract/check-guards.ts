import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Guard, guards } from "./guards.js";
import type { Result } from "./row.js";
import { patchesVariable } from "./without-guard.js";

/** The time limit for a row without its guard. */
const limitMs = 120_000;

/**
 * Removes each guard, in a process of its own, and plays its row: the control must succeed, and an attack must get through.
 * Reports each, and returns whether all of them were needed.
 */
export async function checkGuards(rows: readonly number[] | undefined, json: boolean): Promise<boolean> {
  let needed = true;
  const node = Number(process.versions.node.split(".", 1)[0]);
  const isWanted = ({ row, sinceNode = 0 }: Guard) => (rows?.includes(row) ?? true) && node >= sinceNode;
  for (const guard of guards.filter(isWanted)) {
    const { result, error } = await playWithout(guard);
    const ok = result?.control === "ok" && !result.ok;
    const seen = result ? (result.problems?.[0] ?? "nothing got through") : error;
    needed &&= ok;
    const told = { row: guard.row, guard: guard.guard, without: seen, ok };
    process.stdout.write(
      json ? `${JSON.stringify(told)}\n` : `${ok ? "✔" : "✘"} ${guard.row} ${guard.guard}: ${seen}\n`,
    );
  }
  return needed;
}

function playWithout({ row, patches }: Guard): Promise<{ result?: Result; error: string }> {
  const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));
  // Unbundled, since a patch is for one compiled file.
  const args = [
    "--conditions=interlock-unbundled",
    "--import",
    new URL("without-guard.js", import.meta.url).href,
    file("main.js"),
  ];
  const child = spawn(process.execPath, [...args, "--json", "--bail", "--row", `${row}`], {
    env: { ...process.env, [patchesVariable]: JSON.stringify(patches) },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: limitMs,
    killSignal: "SIGKILL",
  });
  let out = "";
  let error = "";
  child.stdout.on("data", (text) => (out += text));
  child.stderr.on("data", (text) => (error += text));
  return new Promise((resolve) => {
    child.on("close", () => {
      const line = out.split("\n").find((found) => found.startsWith("{"));
      resolve(
        line ? { result: JSON.parse(line) as Result, error } : { error: error.trim() || "it did not come to an end" },
      );
    });
  });
}
