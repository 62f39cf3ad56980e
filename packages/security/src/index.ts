export { matchesPattern } from './address-pattern.js';
export { ANONYMOUS, type Authorizer, OPEN_AUTHORIZER, type Principal, type Verb } from './authorize.js';
