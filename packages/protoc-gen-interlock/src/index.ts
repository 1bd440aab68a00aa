export { type GenerateOptions, type GenerateResult, generate } from "./generate.js";
export { GenerateError } from "./generate-error.js";
