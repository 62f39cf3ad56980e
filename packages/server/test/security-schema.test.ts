import { expect, it } from 'vitest';
import { securitySchema } from '../src/access/security-schema.js';
import type { SecurityOptions } from '../src/index.js';

it('what a configuration leaves out is safe', () => {
  const options: SecurityOptions = securitySchema.parse({});
  expect(options).toEqual({ tokenIssuers: [], cleartext: 'loopback' });
});

it('gives issuers their defaults, and refuses two of one name', () => {
  const issuer = { issuer: 'https://id.example.com', audience: ['millrace'], jwksFile: 'keys.json' };
  expect(securitySchema.parse({ tokenIssuers: [issuer] }).tokenIssuers[0]).toMatchObject({
    userClaim: 'sub',
    namesUsers: false,
    prefix: 'token:',
    clockToleranceSeconds: 30,
  });
  expect(securitySchema.safeParse({ tokenIssuers: [issuer, issuer] }).success).toBe(false);
  expect(securitySchema.safeParse({ cleartext: 'yes' }).success).toBe(false);
  expect(securitySchema.safeParse({ anonymous: true }).success).toBe(false);
});
