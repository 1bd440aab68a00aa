export { diffGrants, type GrantChange } from "./diff-grants.js";
export { type Grant, type Grants, grantedScopes } from "./grants.js";
export { GrantsError, type GrantsFault } from "./grants-error.js";
export { maximumGrantsLength, parseGrants } from "./parse-grants.js";
