import type { Rule, RuleFacts } from "../rule.js";
import { answersWithoutToken } from "./answers-without-token.js";
import { anyCertificate } from "./any-certificate.js";
import { clonedBot } from "./cloned-bot.js";
import { declaredButNotListening } from "./declared-but-not-listening.js";
import { deprecatedStillCalled } from "./deprecated-still-called.js";
import { differingPolicies } from "./differing-policies.js";
import { expiredCertificate } from "./expired-certificate.js";
import { expiringCertificate } from "./expiring-certificate.js";
import { grantOfUnknownScope } from "./grant-of-unknown-scope.js";
import { listeningButUndeclared } from "./listening-but-undeclared.js";
import { loosenedPolicy } from "./loosened-policy.js";
import { manyOperators } from "./many-operators.js";
import { noClientCertificate } from "./no-client-certificate.js";
import { oldTls } from "./old-tls.js";
import { openChannelz } from "./open-channelz.js";
import { openHealth } from "./open-health.js";
import { openJoinToken } from "./open-join-token.js";
import { openPersonalData } from "./open-personal-data.js";
import { openReflection } from "./open-reflection.js";
import { outdatedProcess } from "./outdated-process.js";
import { overGrantedBot } from "./over-granted-bot.js";
import { pastSunset } from "./past-sunset.js";
import { plaintextPort } from "./plaintext-port.js";
import { probingCaller } from "./probing-caller.js";
import { revokedButSeen } from "./revoked-but-seen.js";
import { scopeNobodyGranted } from "./scope-nobody-granted.js";
import { expiredSuppression, unusedSuppression } from "./suppression-rules.js";
import { tokenExchangeUnused } from "./token-exchange-unused.js";
import { undeclaredMethod } from "./undeclared-method.js";
import { undeclaredService } from "./undeclared-service.js";
import { unexpectedServer } from "./unexpected-server.js";
import { unlimitedMethod } from "./unlimited-method.js";
import { unusedMethod } from "./unused-method.js";
import { uselessGrant } from "./useless-grant.js";
import { vanishedBot } from "./vanished-bot.js";
import { wildcardGrant } from "./wildcard-grant.js";

/** Every rule of the audit, by id. */
export const rules: readonly Rule[] = [
  answersWithoutToken,
  anyCertificate,
  clonedBot,
  declaredButNotListening,
  deprecatedStillCalled,
  differingPolicies,
  expiredCertificate,
  expiringCertificate,
  grantOfUnknownScope,
  listeningButUndeclared,
  loosenedPolicy,
  manyOperators,
  noClientCertificate,
  oldTls,
  openChannelz,
  openHealth,
  openJoinToken,
  openPersonalData,
  openReflection,
  outdatedProcess,
  overGrantedBot,
  pastSunset,
  plaintextPort,
  probingCaller,
  revokedButSeen,
  scopeNobodyGranted,
  tokenExchangeUnused,
  undeclaredMethod,
  undeclaredService,
  unexpectedServer,
  unlimitedMethod,
  unusedMethod,
  uselessGrant,
  vanishedBot,
  wildcardGrant,
];

/** What can be found: the rules, and what is found in the list of suppressions. By id. */
export const ruleFacts: readonly RuleFacts[] = [...rules, expiredSuppression, unusedSuppression].sort((a, b) =>
  a.id < b.id ? -1 : 1,
);
