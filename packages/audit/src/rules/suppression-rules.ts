import { owasp } from "../owasp.js";
import type { RuleFacts } from "../rule.js";

/** A suppression whose time is over. */
export const expiredSuppression: RuleFacts = {
  id: "expired-suppression",
  severity: "medium",
  title: "A suppression has expired",
  description:
    "The suppression hides nothing any more, because its day is over. The finding that it hid is reported again, if it is still there.",
  remedy: "Mend what it hid and remove it, or decide again and give it another day.",
  owasp: owasp.inventory,
  needs: [],
};

/** A suppression that hides nothing. */
export const unusedSuppression: RuleFacts = {
  id: "unused-suppression",
  severity: "low",
  title: "A suppression hides nothing",
  description:
    "No finding matches the suppression, although its rule had all that it judges by. Left in place, it would hide the fault unseen when that comes back.",
  remedy: "Remove the suppression.",
  owasp: owasp.inventory,
  needs: [],
};
