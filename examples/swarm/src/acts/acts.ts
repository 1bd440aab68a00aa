import type { Act } from "./act.js";
import { checkpoint } from "./checkpoint.js";
import { coffee } from "./coffee.js";
import { dashboard } from "./dashboard.js";
import { diagnostics } from "./diagnostics.js";
import { emergencyStop } from "./emergency-stop.js";
import { clone, replayedJoinToken } from "./enrollment.js";
import { flood } from "./flood.js";
import { joinByHand } from "./join-by-hand.js";
import { killWorker } from "./kill-worker.js";
import { leaderFrozen } from "./leader-frozen.js";
import { leaderKilled } from "./leader-killed.js";
import { missingScope } from "./missing-scope.js";
import { retired } from "./retired.js";
import { revoked } from "./revoked.js";
import { rotation } from "./rotation.js";
import { sameOrderTwice } from "./same-order-twice.js";
import { stolenTask } from "./stolen-task.js";
import { noCertificate, otherCa, stolenToken } from "./strangers.js";
import { zombie } from "./zombie.js";

/** All acts, in the order of the story. */
export const acts: readonly Act[] = [
  noCertificate,
  otherCa,
  missingScope,
  stolenToken,
  stolenTask,
  replayedJoinToken,
  clone,
  dashboard,
  diagnostics,
  retired,
  sameOrderTwice,
  coffee,
  joinByHand,
  flood,
  killWorker,
  checkpoint,
  zombie,
  leaderFrozen,
  leaderKilled,
  revoked,
  emergencyStop,
  rotation,
];
