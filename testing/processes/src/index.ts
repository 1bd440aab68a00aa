export { type Forked, type ForkOptions, forkProcess } from "./fork-process.js";
export { answerParent, tellParent } from "./parent.js";
