import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import {
  isConfigured,
  type OutsideStepId,
  provesGone,
  type Rescan,
  type RescanResult,
  type RetirementPlan,
  type StepId,
  type StepResult,
} from "@interlock/audit";
import { InterlockError } from "@interlock/bot";
import { GrantsError, removeGrants } from "@interlock/policy/grants";
import { allPages } from "../all-pages.js";
import { shortName } from "../dashboard/model/format.js";
import type { Session } from "../operator.js";
import { checkOutside, hasCheck } from "./check-outside.js";
import type { RetireOptions } from "./retire-options.js";
import { runHook } from "./run-hook.js";

/** What a step works with. */
export interface StepContext extends Session {
  readonly plan: RetirementPlan;
  readonly options: RetireOptions;
  readonly rescan: Rescan;
  /** When the retirement began, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** What the last scan has found. */
  scan: readonly RescanResult[];
}

/** What became of a step. */
export type StepOutcome = Pick<StepResult, "state" | "result">;

/** How often grants are changed that others change at the same time. */
const maximumAttempts = 5;

/** How often addresses are scanned while they are not gone, in milliseconds. */
const everyMs = 250;

/** What does each step. A step that has been done before does nothing, so a retirement that was cut short goes on. */
export const steps: Readonly<Record<StepId, (context: StepContext) => Promise<StepOutcome>>> = {
  async revoke({ admin, bot, plan, options, startedAt }) {
    const value = `spiffe://${bot.spiffeId.trustDomain}/${plan.subject.name}`;
    const { force } = options;
    const answer = await admin.revoke({ subject: { $case: "identity", value }, reason: "retired", force });
    const revokedAt = answer.revocation?.revokedAt?.getTime() ?? startedAt;
    const result = `${value} is revoked in version ${answer.trustVersion} of the trust.`;
    return revokedAt < startedAt ? already(result) : done(result);
  },

  async membership({ admin, plan, options, startedAt }) {
    if (!plan.joined) return already("It has never joined.");
    const { bot } = await admin.retireBot({ name: plan.subject.name, force: options.force });
    const at = bot?.retiredAt ?? new Date(startedAt);
    const result = `Retired at ${at.toISOString()}.`;
    return at.getTime() < startedAt ? already(result) : done(result);
  },

  async methods({ admin, plan: { subject } }) {
    const method = subject.kind === "service" ? `${subject.name}/*` : subject.name;
    const { retired, trustVersion } = await admin.retireMethods({ methods: [method] });
    const result = `Every server refuses it since version ${trustVersion} of the trust.`;
    return retired.length === 0 ? already(result) : done(result);
  },

  async grants({ admin, plan, options }) {
    for (let attempt = 1; ; attempt++) {
      const { yaml, version } = await admin.getGrants({});
      if (yaml === "") return already("No grants have been applied yet.");
      const left = removeGrants(yaml, plan.removed);
      if (left === yaml) return already(`Version ${version} of the grants has none.`);
      try {
        const { force } = options;
        const applied = await admin.applyGrants({ yaml: left, dryRun: false, force, replaces: version });
        const fewer = applied.changes.length;
        return done(`Version ${applied.version} of the grants has ${fewer} fewer than version ${version}.`);
      } catch (error) {
        // Others have changed the grants meanwhile: what they did stays.
        if (InterlockError.from(error).code !== "ABORTED" || attempt === maximumAttempts) throw error;
      }
    }
  },

  async "grants-file"({ plan, options: { grantsFile } }) {
    if (!existsSync(grantsFile)) return already("There is no such file here.");
    const yaml = await readFile(grantsFile, "utf8");
    try {
      const left = removeGrants(yaml, plan.removedFromFile);
      if (left === yaml) return already("The file has no such grants.");
      await writeFile(grantsFile, left);
    } catch (error) {
      if (!(error instanceof GrantsError)) throw error;
      return open(`${grantsFile} cannot be read, so mend it, and run this again: ${error.message}.`);
    }
    return done(`${grantsFile} has ${plan.removedFromFile.length} fewer.`);
  },

  async directory({ admin, plan: { subject, services } }) {
    const left: string[] = [];
    for (const service of services) {
      const found = await allPages(
        ({ pageToken }) => admin.findEndpoints({ service, servedBy: [], pageToken }),
        (page) => page.endpoints,
      );
      for (const { spiffeId, address } of found) {
        const name = shortName(spiffeId);
        if (subject.kind === "service" || name === subject.name) left.push(`${name} at ${address}`);
      }
    }
    if (left.length > 0) return open(`The directory still has ${left.slice(0, 5).join(", ")}.`);
    return done("The directory has no server of it.");
  },

  gateway: outside("gateway", "No gateway routes are known."),
  mesh: outside("mesh", "No configuration of Envoy or a mesh is known."),
  dns: outside("dns", "No DNS names are known."),
  unit: outside("unit", "No unit or pod is known."),

  async rescan(context) {
    const { plan, options, rescan } = context;
    if (plan.targets.length === 0) {
      return { state: "not checked", result: "No address of it is known. If it has one, name it with --address." };
    }
    for (const until = Date.now() + options.waitMs; ; await sleep(everyMs)) {
      context.scan = await rescan(plan.targets);
      if (context.scan.every(provesGone)) {
        return plan.untried === 0 ? done(told(context.scan)) : open(`${told(context.scan)} ${tooMany(plan.untried)}`);
      }
      if (Date.now() + everyMs > until) break;
    }
    const left = context.scan.filter((one) => !provesGone(one));
    return open(`${told(left)} ${remedyFor(plan)}`);
  },
};

function outside(id: OutsideStepId, otherwise: string) {
  return async ({ plan, options }: StepContext): Promise<StepOutcome> => {
    const step = options.outside[id];
    if (!step || !isConfigured(step)) return { state: "not checked", result: otherwise };
    const thing = { subject: plan.subject, addresses: plan.targets.map(({ address }) => address) };
    const before = hasCheck(step) ? await checkOutside(step, thing) : ["It was not checked."];
    if (before.length === 0) return already("The checks hold.");
    if (step.hook === undefined) return open(before.join(" "));
    const hook = await runHook(step.hook, id, thing, step.timeoutMs);
    if (!hook.ok) return open(hook.text);
    const left = hasCheck(step) ? await checkOutside(step, thing) : [];
    return left.length === 0 ? done(hook.text) : open(`${hook.text} But: ${left.join(" ")}`);
  };
}

function remedyFor({ subject }: RetirementPlan): string {
  const tick = "If an address cannot be reached and is known to be gone, tick it off with --done rescan.";
  if (subject.kind === "bot") {
    return `No bot of the fleet accepts it any more, but its process is there: stop it, by hand or with a hook of the step "unit", and run this again. ${tick}`;
  }
  return `Remove it from the proto and from its servers, and run this again: a server in another language refuses it only once it is not served any more, or past its sunset. ${tick}`;
}

function tooMany(untried: number): string {
  return `${untried} more of its addresses were not scanned: look at them, and tick the step off with --done rescan.`;
}

function told(scan: readonly RescanResult[]): string {
  const lines = scan.slice(0, 5).map(({ address, detail }) => `${address}: ${detail}`);
  return scan.length > 5 ? `${lines.join(" ")} And ${scan.length - 5} more.` : lines.join(" ");
}

const done = (result: string): StepOutcome => ({ state: "done", result });
const already = (result: string): StepOutcome => ({ state: "already", result });
const open = (result: string): StepOutcome => ({ state: "open", result });
