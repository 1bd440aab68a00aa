import { coversIdentity, type ServedService } from "@interlock/policy";
import { loosenings } from "../facts/loosenings.js";
import { methodsOf } from "../facts/services.js";
import type { Found } from "../finding.js";
import type { DeclaredService, Project } from "../inputs/project.js";
import type { Approval } from "../suppressions/suppression.js";
import { gateRules } from "./gate-rules.js";

/** Finds the policies that allow more than in the base revision, and that no approval is about. */
export function findLoosened(base: Project, head: Project, approvals: readonly Approval[]): Found[] {
  const approved = new Set(approvals.map(({ method }) => method));
  const before = new Map(methodsOf(base.services).map((method) => [method.subject, method]));
  const servicesBefore = new Map(base.services.map((service) => [service.name, service]));
  const methods = methodsOf(head.services).map(({ subject, policy, place }) => {
    const was = before.get(subject);
    return { subject, place, reasons: was ? loosenings(was.policy, policy) : [] };
  });
  const services = head.services.map((service: DeclaredService) => {
    const was = servicesBefore.get(service.name);
    return {
      subject: service.name,
      place: service.place,
      reasons: was ? [...serverLoosenings(was, service), ...gatewayLoosenings(was, service)] : [],
    };
  });
  return [...methods, ...services].flatMap(({ subject, place, reasons }) => {
    if (reasons.length === 0 || approved.has(subject)) return [];
    return [
      {
        subject,
        message: `The policy of ${subject} is looser than in the base revision: ${reasons.join("; ")}.`,
        evidence: ["No approval line of this change names it."],
        remedy: `${gateRules.unapprovedLoosening.remedy.slice(0, -1)}: // interlock:approve loosen ${subject} — why`,
        place,
      },
    ];
  });
}

function serverLoosenings({ servedBy: before }: ServedService, { servedBy: after }: ServedService): string[] {
  if (before.length === 0) return [];
  if (after.length === 0) return [`any bot may serve it, where only ${before.join(", ")} could`];
  const more = after.filter((one) => !before.some((broad) => coversIdentity(broad, one)));
  return more.length === 0 ? [] : [`${more.join(", ")} may serve it, too`];
}

/** A gateway is demanded, so that there be one at all is tighter; that there be none, or more of them, is looser. */
function gatewayLoosenings({ via: before = [] }: ServedService, { via: after = [] }: ServedService): string[] {
  if (before.length === 0) return [];
  if (after.length === 0) return [`it may be called around its gateway ${before.join(", ")}`];
  const more = after.filter((one) => !before.some((broad) => coversIdentity(broad, one)));
  return more.length === 0 ? [] : [`${more.join(", ")} may be its gateway, too`];
}
