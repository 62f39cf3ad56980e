import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AddressDocument,
  checkV3,
  fromV3,
  toV3,
  typeOfV3,
  V3_FLAVOR_NAMES,
  type V3Address,
} from '../src/index.js';

function v3(spec: Record<string, unknown>, name = 'temperature'): Record<string, unknown> {
  return { apiVersion: 'v3', kind: 'Address', metadata: { name }, spec };
}

function stored(address: V3Address): AddressDocument {
  const { metadata, ...rest } = fromV3(address);
  return {
    ...rest,
    metadata: { ...metadata, uid: 'u1', generation: 1, createdAt: '2026-01-01T00:00:00.000Z' },
    status: { phase: 'Pending', observedGeneration: 0, conditions: [] },
  };
}

function wish(store_and_forward: boolean): V3Address {
  const checked = checkV3(v3({ store_and_forward, multicast: false }));
  if (!checked.ok) throw new Error('not valid');
  return checked.value[0]!;
}

describe('v3 semantics', () => {
  it.each([
    [false, false, 'anycast'],
    [false, true, 'multicast'],
    [true, false, 'queue'],
    [true, true, 'topic'],
  ] as const)('store_and_forward %s, multicast %s is %s', (store_and_forward, multicast, type) => {
    expect(typeOfV3({ store_and_forward, multicast })).toBe(type);
  });

  it('leave an address its window of duplicates, but for a direct one', () => {
    const { metadata, ...rest } = fromV3(wish(true));
    const present = { ...rest, metadata, spec: { ...rest.spec, deduplication: { window: 1000, ids: 9 } } };
    const after = (stores: boolean) => fromV3(wish(stores), present).spec.deduplication;
    expect([after(true), after(false)]).toEqual([{ window: 1000, ids: 9 }, undefined]);
  });

  it('accepts just the flavors that agree with the semantics', () => {
    const accepted: string[] = [];
    for (const flavor of V3_FLAVOR_NAMES) {
      for (const store_and_forward of [true, false]) {
        for (const multicast of [true, false]) {
          const checked = checkV3(v3({ store_and_forward, multicast, flavor }));
          if (checked.ok) accepted.push(`${flavor} ${typeOfV3({ store_and_forward, multicast })}`);
          else expect(checked.details[0]).toMatchObject({ pointer: '/spec/flavor', code: 'flavor' });
        }
      }
    }
    expect(accepted).toEqual([
      'vanilla-queue queue',
      'vanilla-queue anycast',
      'small-persisted-queue queue',
      'large-persisted-queue queue',
      'vanilla-topic topic',
      'vanilla-topic multicast',
      'small-persisted-topic topic',
      'large-persisted-topic topic',
    ]);
  });

  it('says which flavors would be right', () => {
    const checked = checkV3(v3({ store_and_forward: true, multicast: false, flavor: 'vanilla-quueue' }));
    expect(checked).toMatchObject({ ok: false, details: [{ pointer: '/spec/flavor', allowed: [...V3_FLAVOR_NAMES] }] });
    expect(checked.ok ? '' : checked.details[0]!.detail).toContain('did you mean vanilla-queue?');
  });

  it('names the item of a list, and an address that is in it twice', () => {
    const good = v3({ store_and_forward: true, multicast: false });
    const list = { apiVersion: 'v3', kind: 'AddressList', items: [good, v3({ multicast: false }, 'x'), good] };
    expect(checkV3(list)).toMatchObject({ ok: false, details: [{ pointer: '/items/1/spec/store_and_forward' }] });
    expect(checkV3({ ...list, items: [good, good] })).toMatchObject({
      ok: false,
      details: [{ pointer: '/items/1/metadata/name', code: 'duplicate' }],
    });
  });

  it('brings each valid document back as it was sent', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.boolean(),
        fc.option(fc.constantFrom(...V3_FLAVOR_NAMES), { nil: undefined }),
        fc.option(fc.stringMatching(/^[a-z]{1,8}$/), { nil: undefined }),
        (store_and_forward, multicast, flavor, group) => {
          const spec = { store_and_forward, multicast, ...(flavor && { flavor }), ...(group && { group }) };
          const checked = checkV3(v3(spec));
          fc.pre(checked.ok);
          if (!checked.ok) return;
          const output = toV3(stored(checked.value[0]!));
          const flavorless = store_and_forward ? { flavor: multicast ? 'vanilla-topic' : 'vanilla-queue' } : {};
          expect(output.spec).toEqual({ ...flavorless, ...spec });
          expect(checkV3(output)).toMatchObject({ ok: true });
        },
      ),
    );
  });

  it('leaves what v3 cannot say as it stands, and the owner too', () => {
    const checked = checkV3(v3({ store_and_forward: true, multicast: false }));
    if (!checked.ok) throw new Error('not valid');
    const first = fromV3(checked.value[0]!);
    expect(first.metadata.labels).toEqual({ 'millrace.dev/owner': 'v3' });
    const present = { metadata: { name: 'temperature', labels: { team: 'a' } }, spec: { ...first.spec, ttl: 7 } };
    const second = fromV3(checked.value[0]!, present);
    expect(second.metadata.labels).toEqual({ team: 'a' });
    expect(second.spec.ttl).toBe(7);
  });
});
