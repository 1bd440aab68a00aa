import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../structure/source-graph.js";

/** One instruction of a container file. */
export interface Instruction {
  readonly name: string;
  readonly value: string;
}

/** One stage of a container file. */
export interface Stage {
  readonly name: string;
  /** The image or the stage that it begins with. */
  readonly from: string;
  readonly instructions: readonly Instruction[];
}

/** Reads deploy/Containerfile: its stages, in order. */
export function readContainerFile(): Stage[] {
  const stages: { name: string; from: string; instructions: Instruction[] }[] = [];
  for (const line of readFileSync(join(root, "deploy/Containerfile"), "utf8").split("\n")) {
    const [, name = "", value = ""] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
    if (name === "" || name === "ARG") continue;
    const [, from, stage] = /^(\S+) AS (\S+)$/.exec(value) ?? [];
    if (name === "FROM") stages.push({ name: stage ?? "", from: from ?? value, instructions: [] });
    else stages.at(-1)?.instructions.push({ name, value });
  }
  return stages;
}

/** The settings of an image: its environment, user, folder and entry point, with those of the stages below it. */
export function settingsOf(
  target: string,
  stages = readContainerFile(),
): {
  readonly env: Record<string, string>;
  readonly user: string;
  readonly workdir: string;
  readonly entrypoint: readonly string[];
} {
  const stage = stages.find(({ name }) => name === target);
  if (!stage) return { env: {}, user: "", workdir: "/", entrypoint: [] };
  const below = settingsOf(stage.from, stages);
  const env = { ...below.env };
  let { user, workdir, entrypoint } = below;
  for (const { name, value } of stage.instructions) {
    if (name === "USER") user = value;
    if (name === "WORKDIR") workdir = value;
    if (name === "ENTRYPOINT") entrypoint = JSON.parse(value);
    if (name === "ENV")
      for (const [, key = "", text = ""] of value.matchAll(/(\w+)=("[^"]*"|\S+)/g)) env[key] = text.replace(/"/g, "");
  }
  return { env, user, workdir, entrypoint };
}
