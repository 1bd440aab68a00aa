export { type BreakingChange, type BreakingOptions, findBreaking } from "./find-breaking.js";
export { type GenerateOptions, type GenerateResult, generate } from "./generate.js";
export { GenerateError } from "./generate-error.js";
export { descriptorsFile } from "./manifest-file.js";
export { locatePolicies } from "./overlay/locate-policies.js";
export { overlayFile } from "./overlay/overlay.js";
