import type { Principal } from '@millrace/security';
import { describe, expect, it } from 'vitest';
import type { LinkHost } from '../../src/amqp/link-host.js';
import { durableNameOf, globalNameOf, requireName } from '../../src/amqp/subscription-names.js';

const ANYBODY: Principal = { name: 'anonymous', authenticated: false };
const ann: Principal = { name: 'ann', authenticated: true };
const bob: Principal = { name: 'bob', authenticated: true };

describe('the name of a durable subscription', () => {
  it('is as it was where nobody says who they are', () => {
    const holder = { container: 'c/1', principal: ANYBODY };
    expect([durableNameOf('l', holder), globalNameOf('l', holder)]).toEqual(['amqp/c%2F1/l', 'amqp/l']);
  });

  it('is a user’s own, whatever parts it is made of', () => {
    const names = [ann, bob, { ...ann, name: 'token:a/b' }].flatMap((principal) =>
      ['c', 'c/l', '', 'ann'].flatMap((container) =>
        ['l', 'c/l', 'ann/c'].flatMap((link) => [
          durableNameOf(link, { container, principal }),
          ...(container === '' ? [] : [globalNameOf(`${container}-${link}`, { container, principal })]),
        ]),
      ),
    );
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => name.startsWith('amqp-user/ann/')).length).toBe(21);
  });
});

describe('TOPIC::NAME', () => {
  /** `rights`: what the user may, as "verb address". */
  function asks(durableName: string, topic: string, rights: readonly string[], principal = ann): boolean {
    const host = {
      principal,
      context: {
        authorizer: {
          authorize: (_: Principal, verb: string, address: string) => rights.includes(`${verb} ${address}`),
        },
        broker: { subscriptions: () => [{ durableName: 'workers', source: 'orders' }] },
      },
    } as unknown as LinkHost;
    try {
      requireName(host, durableName, topic);
      return true;
    } catch (error) {
      expect(error).toMatchObject({ condition: 'amqp:unauthorized-access' });
      return false;
    }
  }

  it.each([
    ['a name of one’s choice', 'inbox', 'orders', [], true],
    ['one that is there, of the same topic', 'workers', 'orders', [], true],
    ['one that is there, of a topic that may not be received from', 'workers', 'mine', [], false],
    ['… that may be received from', 'workers', 'mine', ['recv orders'], true],
    ['that of a job', 'job/max', 'orders', [], false],
    ['… of one’s own', 'job/max', 'orders', ['manage job/max'], true],
    ['one’s own link', 'amqp-user/ann/c/l', 'orders', [], true],
    ['that of another’s link', 'amqp-user/bob/c/l', 'orders', [], false],
    ['that of a user whose name begins the same', 'amqp-user/ann2/c/l', 'orders', [], false],
    ['that of a link from before there were users', 'amqp/c/l', 'orders', [], false],
    ['that of an MQTT client', 'mqtt/c/orders', 'orders', [], false],
    ['that of MQTT clients together', 'mqtt-share/g/orders', 'orders', [], false],
    ['any, for who manages all', 'amqp-user/bob/c/l', 'orders', ['manage #'], true],
  ])('%s', (_, name, topic, rights, allowed) => {
    expect(asks(name, topic, rights)).toBe(allowed);
    expect(asks(name, topic, [], ANYBODY)).toBe(true);
  });
});
