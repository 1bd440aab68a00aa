import { execFile } from "node:child_process";
import { lookup } from "node:dns/promises";
import type { OutsideStep } from "@interlock/audit";
import { checkFiles } from "./check-files.js";
import { inTime } from "./in-time.js";
import type { RetiredThing } from "./retire-options.js";

/** How long a question to the resolver or to systemd may take, in milliseconds. */
const timeoutMs = 5_000;

/** Whether a step outside has anything that can be checked. */
export function hasCheck({ files = [], names = [], units = [] }: OutsideStep): boolean {
  return files.length + names.length + units.length > 0;
}

/** Checks that a step outside is done. Returns what is left to do, each in a sentence; empty when it is done. */
export async function checkOutside(
  { files = [], names = [], units = [] }: OutsideStep,
  thing: RetiredThing,
): Promise<string[]> {
  const [inFiles, ...others] = await Promise.all([
    checkFiles(files, thing),
    ...names.map(checkName),
    ...units.map(checkUnit),
  ]);
  return [...inFiles, ...others.flatMap((fault) => fault ?? [])];
}

async function checkName(name: string): Promise<string | undefined> {
  try {
    const found = await inTime(lookup(name, { all: true }), timeoutMs, late);
    return `${name} still resolves to ${found.map(({ address }) => address).join(", ")}.`;
  } catch (error) {
    const { code = "no answer" } = error as NodeJS.ErrnoException;
    return code === "ENOTFOUND" || code === "ENODATA" ? undefined : `Whether ${name} resolves is not known (${code}).`;
  }
}

function checkUnit(unit: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile("systemctl", ["is-active", "--", unit], { timeout: timeoutMs, maxBuffer: 65_536 }, (error, stdout) => {
      const state = stdout.trim().split("\n")[0] ?? "";
      if (/^(inactive|failed|unknown)$/.test(state)) resolve(undefined);
      else if (state !== "") resolve(`systemd says that ${unit} is ${state}.`);
      else resolve(`Whether systemd runs ${unit} is not known (${error?.code ?? "no answer"}).`);
    });
  });
}

function late(): never {
  throw Object.assign(new Error("late"), { code: "ETIMEOUT" });
}
