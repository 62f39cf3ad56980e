/** Changes over AMQP's `$address` go into the audit log as those over HTTP do. */
import type { AmqpService } from '@millrace/plane-embedded';
import type { AuditLog } from '@millrace/security';

export function auditedService(audit: AuditLog, service: AmqpService): AmqpService {
  return {
    async handle(request) {
      const answer = await service.handle(request);
      const { method = 'GET', address = '' } = request.applicationProperties;
      const status = Number(answer.applicationProperties?.statusCode);
      if (method === 'GET' && status !== 403) return answer;
      audit.write({
        event: status === 403 ? 'refusal' : 'change',
        outcome: status < 400 ? 'success' : 'failure',
        user: request.principal.name,
        protocol: 'amqp',
        action: `${String(method)} $address ${String(address)}`.trimEnd(),
        status,
      });
      return answer;
    },
  };
}
