import { portRule } from "../facts/port-rule.js";
import { owasp } from "../owasp.js";

/** A port where a stranger can ask for the health of services. */
export const openHealth = portRule(
  {
    id: "open-health",
    severity: "info",
    title: "Health is open to strangers",
    description:
      "The health service answers without an identity. It tells which services are there, and when they are down.",
    remedy: "Serve health to bots with an identity only, or suppress this for a load balancer.",
    owasp: owasp.misconfiguration,
  },
  ({ address, open }) => {
    const services = open.filter((name) => name.startsWith("grpc.health."));
    if (services.length === 0) return undefined;
    return {
      message: `${address} answers strangers on ${services.join(" and ")}.`,
    };
  },
);
