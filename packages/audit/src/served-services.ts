import { matchesIdentity, type ServedService } from "@interlock/policy";
import { groupBy } from "./group-by.js";
import type { AuditInputs } from "./inputs/inputs.js";

/**
 * Says whether a bot may serve a service, by the patterns of `served_by` that the project declares; always where it declares none.
 * Any bot can report any service, so what others say of it is not believed.
 */
export function createMayServe({ project }: Pick<AuditInputs, "project">): (bot: string, service: string) => boolean {
  const patterns = new Map(project?.services.map(({ name, servedBy }) => [name, servedBy]));
  return (bot, service) => {
    const of = patterns.get(service) ?? [];
    return of.length === 0 || of.some((pattern) => matchesIdentity(pattern, bot));
  };
}

/** The services in the manifests that bots have reported, without those that none of the manifest's bots may serve. */
export function servedServices(inputs: Pick<AuditInputs, "project" | "fleet">): ServedService[] {
  const { fleet } = inputs;
  const mayServe = createMayServe(inputs);
  const reporters = groupBy(fleet?.processes ?? [], ({ manifestHash }) => manifestHash);
  return [...(fleet?.manifests ?? [])].flatMap(([hash, services]) => {
    const bots = reporters.get(hash);
    return bots ? services.filter(({ name }) => bots.some(({ bot }) => mayServe(bot, name))) : services;
  });
}
