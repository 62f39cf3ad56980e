export { Access, type AccessOptions, type UserRegistry } from './access.js';
export { matchesPattern } from './address-pattern.js';
export { AuditLog, type AuditRecord, type AuditSink } from './audit.js';
export type {
  AccessControl,
  Authentication,
  Authenticator,
  ChangedUsers,
  ClientCertificate,
  Origin,
  SaslExchange,
  SaslStep,
} from './authenticator.js';
export { ANONYMOUS, type Authorizer, OPEN_AUTHORIZER, type Principal, type Proof, type Verb } from './authorize.js';
export { type Clock, SYSTEM_CLOCK } from './clock.js';
export { isLoopbackHost } from './loopback-host.js';
export { type SealFault, sealUser } from './seal-user.js';
export type { UserRecord } from './users/user-directory.js';
