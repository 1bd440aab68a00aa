import { createInterface } from "node:readline/promises";
import { InterlockError } from "@interlock/bot";
import { isEveryInterface, type OwnAddress, ownAddresses, readInterface } from "@interlock/bot/internal";

/** How `interlock up` listens, and what its user says about how others reach it. */
export interface Advertised {
  /** The interface to listen on. */
  readonly host: string;
  /** `host` or `host:port` at which others reach it; absent where it is reached at `host`. */
  readonly advertise?: string;
}

/** What {@link chooseAdvertised} works with. */
export interface ChooseOptions {
  readonly host?: string | undefined;
  /** `true` for any address of this machine that others reach. */
  readonly advertise?: string | true | undefined;
  /** The addresses of this machine. Default: those of its interfaces. */
  readonly own?: readonly OwnAddress[];
  /** Asks the person at the terminal; absent without one. */
  ask?: ((question: string) => Promise<string>) | undefined;
}

/**
 * Decides where `interlock up` listens, and at which address others reach it. Without options: on this machine only. With
 * an address to advertise: on every interface, unless a host is given, too. On every interface without an address: at the
 * only one of this machine, or at the one that the person at the terminal chooses.
 *
 * @throws InterlockError `INVALID_ARGUMENT` when there are several addresses, and nobody to choose.
 */
export async function chooseAdvertised(options: ChooseOptions): Promise<Advertised> {
  const { advertise, ask } = options;
  const host = readInterface(options.host ?? (advertise === undefined ? "127.0.0.1" : hostFor(advertise)));
  if (typeof advertise === "string") return { host, advertise };
  if (!isEveryInterface(host)) return { host };
  const { own = ownAddresses(host === "::" ? "any" : "IPv4") } = options;
  if (own.length <= 1) return own[0] ? { host, advertise: own[0].host } : { host };
  const list = own.map((one, i) => `  ${i + 1}. ${one.host} (${one.interface})`).join("\n");
  if (!ask) {
    const problem = "This machine has several addresses, and only you know which one bots reach";
    throw new InterlockError(
      "INVALID_ARGUMENT",
      `${problem}:\n${list}\nGive one, for example --advertise ${own[0]?.host}`,
    );
  }
  const answer = (
    await ask(`At which address do bots reach this authority?\n${list}\nA number, or another address [1]: `)
  ).trim();
  const chosen = own[answer === "" ? 0 : Number(answer) - 1];
  return { host, advertise: chosen?.host ?? answer };
}

/** Every interface: of IPv6 as well where the address to advertise needs it. */
function hostFor(advertise: string | true): string {
  return typeof advertise === "string" && /^\[|:.*:/.test(advertise) ? "::" : "0.0.0.0";
}

/** Asks a question at the terminal; `undefined` without one. The answer is not part of the command's output. */
export function terminal(): ChooseOptions["ask"] {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  return async (question) => {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return await lines.question(question);
    } finally {
      lines.close();
    }
  };
}
