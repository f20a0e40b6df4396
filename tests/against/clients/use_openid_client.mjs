// npm's openid-client: discovery, code flow with PKCE, state and nonce, ID token, refresh.
//
//   node use_openid_client.mjs NODE_MODULES ISSUER CLIENT SCOPE

import { openBrowser, landing } from "./landing.mjs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, issuer, clientId, scope] = process.argv.slice(2);
const client = await import(pathToFileURL(join(modules, "openid-client/build/index.js")).href);

const config = await client.discovery(new URL(issuer), clientId, undefined, client.None());
client.enableNonRepudiationChecks(config); // checks the ID token's signature as well
const door = await landing();
const verifier = client.randomPKCECodeVerifier();
const [state, nonce] = [client.randomState(), client.randomNonce()];
const url = client.buildAuthorizationUrl(config, {
  redirect_uri: door.uri,
  scope: `openid profile offline_access ${scope}`,
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  state,
  nonce,
});
openBrowser(url.href);
const answer = await door.answer;
const tokens = await client.authorizationCodeGrant(config, answer, {
  pkceCodeVerifier: verifier,
  expectedState: state,
  expectedNonce: nonce,
  idTokenExpected: true,
});
const fresh = await client.refreshTokenGrant(config, tokens.refresh_token);
console.log(
  JSON.stringify({
    access_token: fresh.access_token,
    username: tokens.claims().preferred_username,
    fresh: fresh.access_token !== tokens.access_token,
  }),
);
