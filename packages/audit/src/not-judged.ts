import type { AuditInputs } from "./inputs/inputs.js";
import type { Need, Rule } from "./rule.js";

/** A rule that could not judge. */
export interface NotJudged {
  readonly rule: string;
  /** What was not known. */
  readonly missing: readonly Need[];
}

/** Lists the rules that lack something that they judge by. */
export function notJudged(rules: readonly Rule[], inputs: AuditInputs): NotJudged[] {
  return rules.flatMap(({ id, needs }) => {
    const missing = needs.filter((need) => inputs[need] === undefined);
    return missing.length === 0 ? [] : [{ rule: id, missing }];
  });
}
