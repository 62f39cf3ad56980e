/** What of HTTP goes into the audit log: every change that was asked for, and every refusal for a right that was missing. */
import type { AuditLog, Principal } from '@millrace/security';
import type { Peer } from './authentication.js';

const SENDING = /^\/v1\/addresses\/[^/]+\/messages$/;
const PATH_LENGTH_MAX = 200;

export interface AuditedRequest {
  readonly method: string;
  readonly path: string;
  readonly principal: Principal;
  readonly peer: Peer;
}

export function auditRequest(audit: AuditLog | undefined, request: AuditedRequest, status: number): void {
  if (audit === undefined) return;
  const { method, path, principal, peer } = request;
  // Sending is no change that anybody looks for here, nor is it logged on other protocols.
  const isChange = method !== 'GET' && method !== 'HEAD' && !(method === 'POST' && SENDING.test(path));
  if (status !== 403 && !isChange) return;
  audit.write({
    event: status === 403 ? 'refusal' : 'change',
    outcome: status < 400 ? 'success' : 'failure',
    user: principal.name,
    protocol: 'http',
    host: peer.host,
    action: `${method} ${path.slice(0, PATH_LENGTH_MAX)}`,
    status,
  });
}
