// One process with an authority of its own.
import { type Authority, type AuthorityOptions, startAuthority } from "@interlock/authority";
import { silentLog } from "@interlock/bot";
import { answerParent } from "./forked.js";

export type AuthorityAsk =
  | { readonly do: "start"; readonly options: Omit<AuthorityOptions, "log" | "clock"> }
  | { readonly do: "apply"; readonly grants: string }
  | { readonly do: "invite"; readonly name: string }
  | { readonly do: "close" };

/** Which fields are there depends on what was asked. */
export interface AuthorityAnswer {
  readonly address?: string;
  readonly joinToken?: string;
}

let authority: Authority | undefined;

answerParent(async (ask: AuthorityAsk): Promise<AuthorityAnswer> => {
  if (ask.do === "start") {
    authority = await startAuthority({ ...ask.options, log: silentLog });
    return { address: authority.address };
  }
  if (!authority) throw new Error("there is no authority in this process");
  switch (ask.do) {
    case "apply":
      await authority.applyGrants(ask.grants);
      return {};
    case "invite":
      return { joinToken: await authority.createJoinToken(ask.name) };
    case "close":
      await authority.close();
      return {};
  }
});
