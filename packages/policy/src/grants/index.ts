export { didYouMean } from "./did-you-mean.js";
export { diffGrants, type GrantChange } from "./diff-grants.js";
export { editGrants, type GrantsEdit, type NarrowedGrant, removeGrants } from "./edit-grants.js";
export {
  bareGrant,
  type Grant,
  type Grants,
  grantedScopes,
  grantKey,
  type LocatedGrant,
  narrowedScopes,
  type Place,
} from "./grants.js";
export { GrantsError, type GrantsFault } from "./grants-error.js";
export {
  type ConditionedGrant,
  type ConditionFault,
  type GrantsFinding,
  type GrantsRule,
  type KnownFleet,
  lintGrants,
} from "./lint-grants.js";
export { locateGrants, maximumConditionLength, maximumGrantsLength, parseGrants } from "./parse-grants.js";
