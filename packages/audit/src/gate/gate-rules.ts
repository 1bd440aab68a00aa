import { owasp } from "../owasp.js";
import type { RuleFacts } from "../rule.js";

const needs = [] as const;

/** What `interlock check` finds besides the rules of the audit that it runs. By id. */
export const gateRules = {
  breakingChange: {
    id: "breaking-change",
    severity: "high",
    title: "A change breaks deployed bots",
    description:
      "`buf breaking` says that bots built from the base revision can no longer talk to bots built from this one. Removed methods, services and messages are judged by the rules about removed methods instead.",
    remedy: "Add a new field, message or method, and deprecate the old one.",
    owasp: owasp.inventory,
    needs,
  },
  policyFault: {
    id: "policy-fault",
    severity: "high",
    title: "A proto file has a fault, or a method has no valid policy",
    description: "`interlock generate` refuses the proto files: a method without an access policy, or another fault.",
    remedy: "Mend the proto file, or policies.yaml.",
    owasp: owasp.functionAuthorization,
    needs,
  },
  removedEarly: {
    id: "removed-early",
    severity: "high",
    title: "A method was removed before its sunset",
    description:
      "The base revision declares the method, this one does not, and the method was not deprecated with a sunset that has passed. Its callers were told nothing.",
    remedy: "Put it back, deprecate it with a sunset, and remove it after that day.",
    owasp: owasp.inventory,
    needs,
  },
  removedInUse: {
    id: "removed-in-use",
    severity: "high",
    title: "A method was removed while bots still call it",
    description: "The method is past its sunset, but bots called it lately, or were refused because of the sunset.",
    remedy: "Move the callers to the replacement first.",
    owasp: owasp.inventory,
    needs,
  },
  unapprovedLoosening: {
    id: "unapproved-loosening",
    severity: "high",
    title: "A policy was loosened without approval",
    description:
      "The policy of the method allows more than in the base revision: fewer scopes, any bot, more callers, a lower risk, or a higher rate; or more bots may serve the service. No approval line of this change says that this is meant.",
    remedy: "Tighten the policy again, or write an approval line with the reason.",
    owasp: owasp.functionAuthorization,
    needs,
  },
} as const satisfies Readonly<Record<string, RuleFacts>>;
