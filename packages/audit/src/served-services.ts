import { mayOffer, type ServedService } from "@interlock/policy";
import { groupBy } from "./group-by.js";
import type { AuditInputs } from "./inputs/inputs.js";

/**
 * Says whether a bot may serve a service, or be its gateway, by the patterns of `served_by` and `via` that the project declares;
 * always where it declares no `served_by`. Any bot can report any service, so what others say of it is not believed.
 */
export function createMayServe({ project }: Pick<AuditInputs, "project">): (bot: string, service: string) => boolean {
  const services = new Map(project?.services.map((service) => [service.name, service]));
  return (bot, name) => {
    const service = services.get(name);
    return service === undefined || mayOffer(service, bot);
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
