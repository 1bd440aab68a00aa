export { atExit } from "./at-exit.js";
export { findChromium } from "./find-chromium.js";
export { type Forked, type ForkOptions, forkProcess } from "./fork-process.js";
export { freePort } from "./free-port.js";
export { holdSqlite, type SqliteHolder } from "./hold-sqlite.js";
export { answerParent, tellParent } from "./parent.js";
export { createRandom } from "./random.js";
export { makeTemporaryFolder, type TemporaryFolder } from "./temporary-folder.js";
