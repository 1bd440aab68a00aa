import { portRule } from "../facts/port-rule.js";
import { owasp } from "../owasp.js";

/** A port where a stranger can list every service. */
export const openReflection = portRule(
  {
    id: "open-reflection",
    severity: "medium",
    title: "Reflection is open to strangers",
    description:
      "Server reflection answers without an identity. It hands the list of all services, methods and messages to an attacker.",
    remedy: "Take reflection away, or serve it to bots with an identity only.",
    owasp: owasp.misconfiguration,
  },
  ({ address, open }) => {
    const services = open.filter((name) => name.startsWith("grpc.reflection."));
    if (services.length === 0) return undefined;
    return {
      message: `${address} answers strangers on ${services.join(" and ")}.`,
    };
  },
);
