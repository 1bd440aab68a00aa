import type { Row } from "./row.js";

/** The rows of the contract for parts that are not built yet. */
export const laterRows: readonly Row[] = [
  {
    row: 27,
    attack: "forged identity metadata (x-forwarded-client-cert and the like); a backend reached around its gateway",
    needs: "the gateway",
  },
];
