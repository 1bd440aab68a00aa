export type { Attack, AttackOutcome, AttackStage, ProbeName, TargetKind } from "./attack.js";
export { attacks } from "./attacks.js";
export { type Bystander, besiege, openStage, type Siege, type SiegeStage, type Window } from "./besiege.js";
export { answerOf, bytesClient } from "./member.js";
export { quantile } from "./quantile.js";
