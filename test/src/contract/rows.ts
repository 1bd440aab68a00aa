import { argumentRows } from "./argument-rows.js";
import { certificateRows } from "./certificate-rows.js";
import { connectedRows } from "./connected-rows.js";
import { copiedRow } from "./copied-row.js";
import { delegationRows } from "./delegation-rows.js";
import { discoveryRow } from "./discovery-row.js";
import { exchangeRow } from "./exchange-row.js";
import { federationRow } from "./federation-row.js";
import { floodRow } from "./flood-row.js";
import { gatewayRow } from "./gateway-row.js";
import { handshakeRows } from "./handshake-rows.js";
import { http2FloodRow } from "./http2-flood-row.js";
import { joinRows } from "./join-rows.js";
import { lifecycleRows } from "./lifecycle-rows.js";
import { longErrorRow } from "./long-error-row.js";
import { operatorRows } from "./operator-rows.js";
import { ownServicesRow } from "./own-services-row.js";
import { pathRow } from "./path-row.js";
import { recoveryRows } from "./recovery-rows.js";
import { resumptionRows } from "./resumption-rows.js";
import { revokedRow } from "./revoked-row.js";
import type { Row } from "./row.js";
import { scopeRow } from "./scope-row.js";
import { serverIdentityRow } from "./server-identity-row.js";
import { siegeRows } from "./siege-rows.js";
import { staleStreamRow } from "./stale-stream-row.js";
import { sunsetRow } from "./sunset-row.js";
import { tokenRows } from "./token-rows.js";
import { unavailableRow } from "./unavailable-row.js";
import { unknownKeyRow } from "./unknown-key-row.js";
import { workloadRows } from "./workload-rows.js";

/** All rows of the security contract, in its order. */
export const rows: readonly Row[] = [
  ...handshakeRows,
  ...certificateRows,
  ...resumptionRows,
  serverIdentityRow,
  ...connectedRows,
  ...tokenRows,
  unknownKeyRow,
  revokedRow,
  exchangeRow,
  scopeRow,
  pathRow,
  unavailableRow,
  floodRow,
  ...joinRows,
  ...lifecycleRows,
  sunsetRow,
  copiedRow,
  ...operatorRows,
  ownServicesRow,
  discoveryRow,
  gatewayRow,
  ...siegeRows,
  longErrorRow,
  staleStreamRow,
  ...recoveryRows,
  ...workloadRows,
  http2FloodRow,
  ...delegationRows,
  federationRow,
  ...argumentRows,
].toSorted((a, b) => a.row - b.row);
