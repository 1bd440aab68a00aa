export { atExit } from "./at-exit.js";
export { type Forked, type ForkOptions, forkProcess } from "./fork-process.js";
export { answerParent, tellParent } from "./parent.js";
export { makeTemporaryFolder, type TemporaryFolder } from "./temporary-folder.js";
