// npm's @azure/msal-node: a public client with its own loopback listener, and a daemon.
//
//   node use_msal_node.mjs NODE_MODULES WAY AUTHORITY CLIENT SCOPE [SECRET]

import { openBrowser } from "./landing.mjs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [modules, way, authority, clientId, scope, clientSecret] = process.argv.slice(2);
const msal = createRequire(join(modules, "x.js"))("@azure/msal-node");

const auth = { clientId, authority, knownAuthorities: [new URL(authority).host] };
let answer;
if (way === "interactive") {
  const app = new msal.PublicClientApplication({ auth });
  answer = await app.acquireTokenInteractive({
    scopes: [scope],
    openBrowser: async (url) => openBrowser(url),
  });
  const silent = await app.acquireTokenSilent({
    scopes: [scope],
    account: answer.account,
    forceRefresh: true,
  });
  if (silent.accessToken === answer.accessToken) throw new Error("nothing was refreshed");
} else {
  const app = new msal.ConfidentialClientApplication({ auth: { ...auth, clientSecret } });
  answer = await app.acquireTokenByClientCredential({ scopes: [scope] });
}
console.log(
  JSON.stringify({ access_token: answer.accessToken, username: answer.account?.username ?? null }),
);
