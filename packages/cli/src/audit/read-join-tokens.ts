import type { OpenJoinToken } from "@interlock/audit";
import { allPages } from "../all-pages.js";
import type { FleetSource } from "./fleet-source.js";

/** Reads the join tokens on record. */
export async function readJoinTokens({ listJoinTokens }: FleetSource["admin"]): Promise<OpenJoinToken[]> {
  const tokens = await allPages(listJoinTokens, (answer) => answer.joinTokens);
  return tokens.map(({ id, name, createdAt, expiresAt, uses, used }) => ({
    id,
    name,
    createdAt: createdAt?.getTime() ?? 0,
    expiresAt: expiresAt?.getTime() ?? 0,
    uses,
    used,
  }));
}
