export { didYouMean } from "./did-you-mean.js";
export { diffGrants, type GrantChange } from "./diff-grants.js";
export { editGrants, type GrantsEdit, type NarrowedGrant, removeGrants } from "./edit-grants.js";
export { type Grant, type Grants, grantedScopes, grantKey, type LocatedGrant, type Place } from "./grants.js";
export { GrantsError, type GrantsFault } from "./grants-error.js";
export { type GrantsFinding, type GrantsRule, type KnownFleet, lintGrants } from "./lint-grants.js";
export { locateGrants, maximumGrantsLength, parseGrants } from "./parse-grants.js";
