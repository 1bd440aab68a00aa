import type { ServedManifest } from "@interlock/policy";
import { AgentCard } from "./gen/lf/a2a/v1/a2a.js";

/** What a card says that no manifest knows. */
export interface CardOptions {
  readonly name: string;
  readonly version: string;
  /** `host:port` of the door, for gRPC. */
  readonly door: string;
  /** Where people read about the provider. */
  readonly url: string;
  /** The issuers whose tokens the door takes, by any name: the URL of their OpenID Connect metadata. */
  readonly issuers: { readonly [name: string]: string };
}

const a2a = "lf.a2a.v1.A2AService";

/**
 * Makes the agent's card from the manifest of the fleet: what it may be asked comes from A2A's own service and its policies, and
 * its skills are the methods of the other services, with their purposes.
 */
export function agentCard(manifest: ServedManifest, options: CardOptions): AgentCard {
  const edge = manifest.services.find(({ name }) => name === a2a);
  if (edge === undefined) throw new Error(`The manifest does not have ${a2a}: run "interlock generate".`);
  const { owner, description } = edge;
  // A card must have both, also for its signature: an empty field would be left out of one canonical form and not of another.
  if (!owner || !description) throw new Error(`${a2a} has no owner or description: write both in policies.yaml.`);
  const scopes = [...new Set(edge.methods.flatMap(({ policy }) => policy.scopes))].sort();
  const offers = (method: string) => edge.methods.some(({ name, policy }) => name === method && !policy.deprecation);
  return AgentCard.fromPartial({
    name: options.name,
    description,
    version: options.version,
    provider: { organization: owner, url: options.url },
    supportedInterfaces: [{ url: options.door, protocolBinding: "GRPC", protocolVersion: "1.0" }],
    // A capability that is not there is left out.
    capabilities: {
      ...(offers("SendStreamingMessage") && { streaming: true }),
      ...(offers("GetExtendedAgentCard") && { extendedAgentCard: true }),
    },
    securitySchemes: Object.fromEntries(
      Object.entries(options.issuers).map(([name, openIdConnectUrl]) => [
        name,
        { scheme: { $case: "openIdConnectSecurityScheme", value: { openIdConnectUrl, description: "" } } },
      ]),
    ),
    // Any of the issuers will do.
    securityRequirements: Object.keys(options.issuers).map((name) => ({ schemes: { [name]: { list: scopes } } })),
    defaultInputModes: ["application/json"],
    defaultOutputModes: ["text/plain"],
    skills: manifest.services
      .filter(({ name }) => name !== a2a)
      .flatMap(({ name, methods }) =>
        methods.map((method) => ({
          id: `${name}/${method.name}`,
          name: method.name,
          description: method.policy.purpose,
          tags: [`risk:${method.policy.risk}`, ...method.policy.dataClasses.map((one) => `data:${one}`)],
        })),
      ),
  });
}
