export { findSpire, type SpirePrograms } from "./find-spire.js";
export { type Spire, type SpireEntry, type SpireOptions, startSpire } from "./start-spire.js";
