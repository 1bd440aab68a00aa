import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { type Outside, type OutsideStep, type OutsideStepId, outsideSteps } from "@interlock/audit";
import { InterlockError } from "@interlock/bot";

/** The file with the steps outside of Interlock. */
export const outsideFile = "interlock.retire.json";

/** The maximum size of the file, in bytes; of a text in it, in characters; and of a list. */
const [maximumBytes, maximumLength, maximumListed] = [65_536, 2_000, 100];

/** Reads the steps outside from a file. Without one, none is configured. */
export async function readOutside(file = outsideFile): Promise<Outside> {
  if (file === outsideFile && !existsSync(file)) return {};
  try {
    if ((await stat(file)).size > maximumBytes) throw new Error(`it is above ${maximumBytes} bytes`);
    return parseOutside(JSON.parse(await readFile(file, "utf8")));
  } catch (cause) {
    throw new InterlockError("INVALID_ARGUMENT", `${file} cannot be used: ${(cause as Error).message}.`, { cause });
  }
}

/** Reads the content of the file. Throws an `Error` that says what is wrong. */
export function parseOutside(json: unknown): Outside {
  const steps = fieldsOf(json, "the file", outsideSteps);
  return Object.fromEntries(Object.entries(steps).map(([id, step]) => [id, parseStep(id, step)]));
}

/**
 * Adds hooks of the command line: `STEP=COMMAND` for one step, or `COMMAND` for every step outside; INTERLOCK_RETIRE_STEP
 * tells it which.
 */
export function withHooks(outside: Outside, hooks: readonly string[]): Outside {
  let result = outside;
  for (const text of hooks) {
    const [, id, command = text] = /^(gateway|mesh|dns|unit)=(.+)$/s.exec(text) ?? [];
    const ids = id === undefined ? outsideSteps : [id as OutsideStepId];
    for (const one of ids) result = { ...result, [one]: { ...result[one], hook: command } };
  }
  return result;
}

function parseStep(id: string, json: unknown): OutsideStep {
  const known = ["hook", "timeoutSeconds", "files", "names", "units"] as const;
  const { hook, timeoutSeconds, files, names, units } = fieldsOf(json, `"${id}"`, known);
  if (hook !== undefined && !isText(hook)) throw new Error(`the hook of "${id}" is no text`);
  if (timeoutSeconds !== undefined && !(Number(timeoutSeconds) > 0 && Number(timeoutSeconds) <= 3_600))
    throw new Error(`timeoutSeconds of "${id}" is not 1 to 3600`);
  return {
    ...(hook !== undefined && { hook }),
    ...(timeoutSeconds !== undefined && { timeoutMs: Number(timeoutSeconds) * 1_000 }),
    ...(files !== undefined && { files: textsOf(files, `files of "${id}"`) }),
    ...(names !== undefined && { names: textsOf(names, `names of "${id}"`) }),
    ...(units !== undefined && { units: textsOf(units, `units of "${id}"`) }),
  };
}

function fieldsOf<Key extends string>(
  json: unknown,
  where: string,
  known: readonly Key[],
): Partial<Record<Key, unknown>> {
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw new Error(`${where} is no object`);
  const other = Object.keys(json).find((key) => !(known as readonly string[]).includes(key));
  if (other !== undefined) throw new Error(`${where} has "${other}"; it can have ${known.join(", ")}`);
  return json;
}

function textsOf(json: unknown, where: string): string[] {
  if (Array.isArray(json) && json.length <= maximumListed && json.every(isText)) return json;
  throw new Error(`${where} is no list of at most ${maximumListed} texts`);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= maximumLength;
}
