/** The items of the OWASP API Security Top 10 2023 that rules refer to. */
export const owasp = {
  objectAuthorization: "API1:2023 Broken Object Level Authorization",
  authentication: "API2:2023 Broken Authentication",
  propertyAuthorization: "API3:2023 Broken Object Property Level Authorization",
  resources: "API4:2023 Unrestricted Resource Consumption",
  functionAuthorization: "API5:2023 Broken Function Level Authorization",
  flows: "API6:2023 Unrestricted Access to Sensitive Business Flows",
  misconfiguration: "API8:2023 Security Misconfiguration",
  inventory: "API9:2023 Improper Inventory Management",
} as const;
