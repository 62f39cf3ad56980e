export { matchesPattern } from './address-pattern.js';
export type {
  AccessControl,
  Authentication,
  Authenticator,
  ClientCertificate,
  Origin,
  SaslExchange,
  SaslStep,
} from './authenticator.js';
export { ANONYMOUS, type Authorizer, OPEN_AUTHORIZER, type Principal, type Verb } from './authorize.js';
