import type { Outside, OutsideStep, OutsideStepId } from "./outside.js";
import type { PlannedStep, RetirementPlan, StepId } from "./retirement-plan.js";
import { subjectText } from "./subject.js";

/** What the steps of a plan rest on besides the plan. */
export interface StepsBasis {
  readonly outside: Outside;
  /** The project's grants file; absent when there is none. */
  readonly grantsFile?: string | undefined;
}

type Base = Omit<RetirementPlan, "steps">;

/** The steps of each kind of subject, in their order: what ends access comes first, and the proof last. */
const order: Readonly<Record<Base["subject"]["kind"], readonly StepId[]>> = {
  bot: ["revoke", "membership", "grants", "grants-file", "directory", "gateway", "mesh", "dns", "unit", "rescan"],
  service: ["methods", "grants", "grants-file", "directory", "gateway", "mesh", "dns", "rescan"],
  method: ["methods", "grants", "grants-file", "gateway", "mesh", "rescan"],
};

/** Lists the steps of a retirement. */
export function planSteps(base: Base, basis: StepsBasis): PlannedStep[] {
  return order[base.subject.kind].map((id) => ({ id, ...steps[id](base, basis) }));
}

type Describe = (base: Base, basis: StepsBasis) => Omit<PlannedStep, "id">;

const steps: Readonly<Record<StepId, Describe>> = {
  revoke: ({ subject: { name } }) => ({
    does: `Revoke ${name}: every certificate and token of it, now and later. Its streams and connections end at once, in both directions.`,
    by: "interlock",
    details: [],
    proof: "The revocation is in force, in a version of the trust that every bot gets.",
  }),
  membership: ({ subject: { name }, joined }) => ({
    does: joined
      ? `End the membership of ${name}: no renewal, no token; its join tokens are withdrawn.`
      : `${name} has not joined this authority: its certificate comes from elsewhere, so there is no membership to end.`,
    by: "interlock",
    details: [],
    proof: joined ? "Its record has the time of its retirement." : "It is not among the bots that have joined.",
  }),
  methods: ({ subject, methods }) => ({
    does: `Have every server refuse ${subjectText(subject)} with UNIMPLEMENTED; open streams of it end.`,
    by: "interlock",
    details: methods.map(({ name }) => name),
    proof: "It is among the retired methods, in a version of the trust that every bot gets.",
  }),
  grants: ({ removed, kept }) => ({
    does:
      removed.length === 0
        ? "Remove no grants: none in force is for it alone."
        : "Remove the grants that nothing needs any more.",
    by: "interlock",
    details: [...removed.map(grantText), ...kept],
    proof: "No grant in force is for it.",
  }),
  "grants-file": ({ removedFromFile }, { grantsFile }) => ({
    does:
      removedFromFile.length === 0
        ? `Leave ${grantsFile ?? "grants.yaml"} as it is: it has no such grants.`
        : `Remove them from ${grantsFile}, so that they do not come back with it.`,
    by: "interlock",
    details: removedFromFile.map(grantText),
    proof: "The file has no grant for it.",
  }),
  directory: ({ subject, services }) => ({
    does: `Take ${subjectText(subject)} out of the directory.`,
    by: "interlock",
    details: services,
    proof: "A search finds no server of it.",
  }),
  gateway: outsideStep("gateway", "Remove its gateway routes.", "no gateway routes are known"),
  mesh: outsideStep("mesh", "Remove it from the configuration of Envoy or a mesh.", "no such configuration is known"),
  dns: outsideStep("dns", "Remove its DNS names.", "no DNS names are known"),
  unit: outsideStep("unit", "Stop and remove the unit or pod that runs it.", "no unit or pod is known"),
  rescan: ({ subject, targets }) => ({
    does:
      targets.length === 0
        ? "Scan nothing: no address of it is known."
        : `Scan its addresses until ${subject.kind === "bot" ? "it is proven gone" : "they are gone or answer UNIMPLEMENTED"}.`,
    by: "interlock",
    details: targets.map(({ address, bot }) => (bot === "" ? address : `${address} (${bot})`)),
    proof: subject.kind === "bot" ? "Nothing of it listens." : "Every address answers code 12, or is gone.",
  }),
};

function outsideStep(id: OutsideStepId, does: string, otherwise: string): Describe {
  return (_base, { outside }) => {
    const step = outside[id];
    if (!step || !isConfigured(step)) {
      return {
        does,
        by: "nothing",
        details: [],
        proof: `Nothing is checked: ${otherwise}. interlock.retire.json can name them.`,
      };
    }
    const { hook, files = [], names = [], units = [] } = step;
    const checks = [
      ...files.map((file) => `${file} does not name it`),
      ...names.map((name) => `${name} does not resolve`),
      ...units.map((unit) => `systemd does not run ${unit}`),
    ];
    return {
      does,
      by: hook === undefined ? "check" : "hook",
      details: hook === undefined ? [] : [hook],
      proof: checks.length > 0 ? `${checks.join("; ")}.` : "The hook ends with exit code 0.",
    };
  };
}

/** Whether anything is known of a step outside. */
export function isConfigured({ hook, files = [], names = [], units = [] }: OutsideStep): boolean {
  return hook !== undefined || files.length + names.length + units.length > 0;
}

function grantText({ identity, service, scope }: { identity: string; service: string; scope: string }): string {
  return `${identity}  ${service}  ${scope}`;
}
