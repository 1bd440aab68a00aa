import { type RetireSubject, serviceOf } from "./subject.js";

/** The steps outside of Interlock, each with what the operator has said about it. */
export const outsideSteps = ["gateway", "mesh", "dns", "unit"] as const;

/** The name of a step outside of Interlock. */
export type OutsideStepId = (typeof outsideSteps)[number];

/** How one step outside is done, and what shows that it is. */
export interface OutsideStep {
  /** A shell command that does it. */
  readonly hook?: string | undefined;
  /** How long the command may run, in milliseconds. Default: 60,000. */
  readonly timeoutMs?: number | undefined;
  /** Files and folders that must not name the subject any more. */
  readonly files?: readonly string[] | undefined;
  /** DNS names that must not resolve any more. */
  readonly names?: readonly string[] | undefined;
  /** systemd units that must not be active any more. */
  readonly units?: readonly string[] | undefined;
}

/** The steps outside that an operator has configured. */
export type Outside = Readonly<Partial<Record<OutsideStepId, OutsideStep>>>;

/** Puts the name of a subject into the names, files and units: `{name}` as it is, `{dashed}` with `-` for every `/`. */
export function expandOutside(outside: Outside, subject: RetireSubject): Outside {
  const { kind, name } = subject;
  const expand = (text: string) =>
    text
      .replaceAll("{name}", name)
      .replaceAll("{dashed}", name.replaceAll("/", "-"))
      .replaceAll("{service}", kind === "method" ? serviceOf(name) : name);
  const expanded = (texts: readonly string[] | undefined) => texts?.map(expand);
  return Object.fromEntries(
    Object.entries(outside).map(([id, { files, names, units, ...step }]) => [
      id,
      { ...step, files: expanded(files), names: expanded(names), units: expanded(units) },
    ]),
  );
}
