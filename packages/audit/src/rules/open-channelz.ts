import { portRule } from "../facts/port-rule.js";
import { owasp } from "../owasp.js";

/** A port where a stranger can watch every connection. */
export const openChannelz = portRule(
  {
    id: "open-channelz",
    severity: "high",
    title: "Channelz is open to strangers",
    description:
      "Channelz answers without an identity. It shows the addresses of every peer, and how much is said to each.",
    remedy: "Take channelz away, or serve it to bots with an identity only.",
    owasp: owasp.misconfiguration,
  },
  ({ address, open }) => {
    const services = open.filter((name) => name.startsWith("grpc.channelz."));
    if (services.length === 0) return undefined;
    return {
      message: `${address} answers strangers on ${services.join(" and ")}.`,
    };
  },
);
