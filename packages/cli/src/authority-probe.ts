import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type ProbeResult, probe } from "@interlock/bot/health";
import { botsDir, profileFile, stateRoot } from "./state-root.js";

/** Probes the authority of this project, as its operator. */
export async function authorityProbe(address: string | undefined): Promise<ProbeResult> {
  const server = "interlock/authority";
  const profile = await readFile(join(stateRoot, profileFile), "utf8").then(read, () => undefined);
  if (!profile) {
    const problem = `there is no fleet in ${stateRoot}: run "interlock up" there, or name a bot with --name`;
    return { name: server, address: address ?? "", alive: false, serving: false, trust: "unknown", problem };
  }
  return probe({
    stateDir: join(botsDir, profile.operator),
    address: address ?? profile.authority.split(",")[0]?.trim(),
    server,
    service: "interlock.authority.v1.AuthorityService",
  });
}

function read(text: string): { readonly authority: string; readonly operator: string } | undefined {
  const { authority, operator }: { authority?: unknown; operator?: unknown } = JSON.parse(text);
  return typeof authority === "string" && typeof operator === "string" ? { authority, operator } : undefined;
}
