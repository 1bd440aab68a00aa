import type { Clock, IdentitySource, Implementation, Log } from "@interlock/bot";
import type { AdminService } from "@interlock/bot/protocol";
import type { CaBasis } from "../../ca/ca-basis.js";
import type { CertificateAuthority } from "../../ca/certificate-authority.js";
import type { Bundles } from "../../federation/bundles.js";
import type { GrantStore } from "../../grants/grant-store.js";
import type { SignOfLife } from "../../reports/sign-of-life.js";
import type { Own } from "../../revocations/check-subject.js";
import type { Store } from "../../store/store.js";
import type { TokenSigner } from "../../tokens/token-signer.js";
import type { TrustHub } from "../../trust-hub/trust-hub.js";

/** What the handlers of the AdminService work with. */
export interface AdminParts {
  readonly store: Store;
  readonly grants: GrantStore;
  readonly hub: TrustHub;
  readonly signer: TokenSigner;
  readonly ca: Pick<CertificateAuthority, "pinned">;
  readonly caBasis: CaBasis;
  /** The bundles of other trust domains. */
  readonly bundles: Bundles;
  /** The authority's own identity. */
  readonly identity: IdentitySource;
  /** How long a bot's trust may go without a message from the authority before it is stale, in milliseconds. */
  readonly staleAfterMs: number;
  /** Tells the bots that are there from those that are gone. */
  readonly signOfLife: SignOfLife;
  /** How long usage is kept after it was last added to, in milliseconds. */
  readonly usageRetentionMs: number;
  /** Returns the addresses at which bots reach the authorities, for the lines that people paste. */
  addresses(): Promise<readonly string[]>;
  readonly clock: Clock;
  readonly log: Log;
  /** Returns the authority's own trust domain and certificate, which cannot be revoked. */
  own(): Own;
}

/** Handlers of some methods of the AdminService. */
export type AdminHandlers<Names extends keyof Implementation<typeof AdminService>> = Pick<
  Implementation<typeof AdminService>,
  Names
>;
