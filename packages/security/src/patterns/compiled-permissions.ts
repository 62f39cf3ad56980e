/** One client's permissions, ready to be asked. */
import type { Permission } from '@millrace/contract';
import type { Verb } from '../authorize.js';
import { fillPattern, type PatternValues } from './fill-pattern.js';
import { PatternSet } from './pattern-set.js';

/** Where AMQP's v3 address API answers; each request is judged by what it asks for. */
const ADDRESS_SERVICE = '$address';
const SHARE = /^\$share\/[^/]*\/(.+)$/s;

export class CompiledPermissions {
  private readonly sets: Readonly<Record<Verb, PatternSet>> = {
    send: new PatternSet(),
    recv: new PatternSet(),
    view: new PatternSet(),
    manage: new PatternSet(),
  };

  constructor(permissions: readonly Permission[], values: PatternValues) {
    for (const { verbs, addresses } of permissions) {
      for (const address of addresses) {
        const levels = fillPattern(address, values);
        if (levels === undefined) continue;
        for (const verb of verbs) this.sets[verb].add(levels);
      }
    }
  }

  allows(verb: Verb, address: string): boolean {
    if (address.length === 0) return false;
    if (address.charCodeAt(0) === 0x24 && verb !== 'manage') {
      if (verb === 'send' && address === ADDRESS_SERVICE) return !this.sets.view.isEmpty || !this.sets.manage.isEmpty;
      // A shared subscription sees what its filter matches, whatever the group is called.
      const shared = verb === 'recv' ? SHARE.exec(address)?.[1] : undefined;
      if (shared !== undefined) return this.sets.recv.covers(shared);
    }
    return this.sets[verb].covers(address);
  }
}
