import { createList, find, html, setAttribute, setText } from "@interlock/cli/page/kit";
import type { CredentialView } from "../model/entry.js";
import { clock } from "../model/format.js";
import type { View } from "./moment.js";

/** The remaining lifetimes of each bot's credentials. */
export function createCredentials(): View {
  const byName = new Intl.Collator("en", { numeric: true }).compare;
  let now = 0;
  const show = createList<CredentialView>(
    find("credentials"),
    ({ bot }) => bot,
    () => createCredential(() => now),
  );
  return (moment) => {
    ({ now } = moment);
    show(Object.values(moment.state.credentials).sort((a, b) => byName(a.bot, b.bot)));
  };
}

function createCredential(now: () => number) {
  const name = html("strong");
  const which = html("small");
  const certificate = createLife("certificate");
  const token = createLife("token");
  const node = html("li", {}, html("p", {}, name, which), certificate.node, token.node);
  return {
    node,
    update(credential: CredentialView) {
      const { bot, generation, revoked } = credential;
      setText(name, bot);
      setAttribute(node, "data-revoked", revoked ? "" : undefined);
      setText(which, revoked ? "revoked" : generation > 1 ? `certificate no. ${generation}` : "");
      certificate.show(credential.certificateIssuedAt, credential.certificateExpiresAt, now(), revoked);
      token.show(credential.tokenIssuedAt, credential.tokenExpiresAt, now(), revoked);
    },
  };
}

/** A remaining lifetime, as time and as a bar. */
function createLife(of: string) {
  const left = html("span", { class: "left" });
  const bar = html("span");
  const node = html("p", { class: "life" }, html("small", {}, of), left, html("span", { class: "bar" }, bar));
  const say = (text: string, share = 0) => {
    setText(left, text);
    bar.style.width = `${(share * 100).toFixed(1)}%`;
    setAttribute(node, "data-short", share > 0 && share < 0.2 ? "" : undefined);
  };
  return {
    node,
    show(from: number | undefined, until: number | undefined, now: number, revoked: boolean) {
      node.hidden = until === undefined;
      if (until === undefined) return;
      if (revoked || until <= now) return say(revoked ? "revoked" : "expired");
      const whole = until - (from ?? now);
      say(clock(until - now), from === undefined || whole <= 0 ? 1 : Math.min(1, (until - now) / whole));
    },
  };
}
