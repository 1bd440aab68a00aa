import { Coffee, Gripper } from "./services.js";

/** How the tokens of a client differ from those of the others, so that each form is tried. */
export type TokenForm =
  | "unbound"
  | "JWT"
  | "no typ"
  | "scp, text"
  | "scp, list"
  | "URL in aud"
  | "another name"
  | "lax";

/** A bot, as it is registered with the issuer. */
export interface IssuerClient {
  /** The bot's name in the fleet. */
  readonly bot: string;
  /** The `client_id`. */
  readonly id: string;
  /** The bot whose certificate authenticates the client: its own, but for a client that is registered carelessly. */
  readonly holder: string;
  /** The scopes that it is granted at each service. */
  readonly grants: Readonly<Record<string, readonly string[]>>;
  /** Default: a token as the page of the issuer has it. */
  readonly form?: TokenForm;
}

/** The trust domain of the fleet. */
export const trustDomain = "cafe";

/** What stands before the name of a service in its URL. */
export const resourcePrefix = "https://cafe.example/";

/** The client_id of the client that is not named after its SPIFFE ID. */
export const otherName = "0oa81x";

/** Returns the SPIFFE ID of a bot. */
export const spiffeIdOf = (bot: string) => `spiffe://${trustDomain}/${bot}`;

/** The bot whose certificate comes from Interlock's authority. */
export const joinedBot = "joined/1";

/** Returns the subject of a bot's certificate. */
export const subjectOf = (bot: string) => (bot === joinedBot ? "O=Interlock" : `CN=${bot.replace("/", "-")}`);

function client(bot: string, scopes: readonly string[], form?: TokenForm): IssuerClient {
  const id = form === "another name" ? otherName : spiffeIdOf(bot);
  const grants = { [Gripper.name]: scopes, [Coffee.name]: ["coffee:brew"] };
  return { bot, id, holder: form === "lax" ? "hand/1" : bot, grants, ...(form && { form }) };
}

const one = ["gripper:observe"];

/** All clients. `arm/1` holds one of the two scopes of the gripper, and `hand/1` both. */
export const clients: readonly IssuerClient[] = [
  client("arm/1", one),
  client("hand/1", [...one, "gripper:actuate"]),
  client("unbound/1", one, "unbound"),
  client("jwt/1", one, "JWT"),
  client("untyped/1", one, "no typ"),
  client("scp/1", one, "scp, text"),
  client("scp/2", one, "scp, list"),
  client("url/1", one, "URL in aud"),
  client("alias/1", one, "another name"),
  client("lax/1", one, "lax"),
  client(joinedBot, one),
];

/** The client of a bot, or the one whose tokens have a form. */
export function clientOf(sought: { readonly bot: string } | { readonly form: TokenForm }): IssuerClient {
  const found = clients.find(({ bot, form }) => ("bot" in sought ? bot === sought.bot : form === sought.form));
  if (!found) throw new Error(`there is no client ${Object.values(sought)}`);
  return found;
}
