/**
 * Durable subscriptions as the port shows them. Whose one is stands in its name, by which the listeners made it:
 *
 *     job/JOB    amqp/CONTAINER/LINK    mqtt/CLIENT/FILTER    the container with % and / as %25 and %2F
 *     amqp/LINK, mqtt-share/GROUP/FILTER, and what clients call one as TOPIC::NAME, belong to nobody alone
 */
import type { SubscriptionView } from '@millrace/broker';
import type { ConnectionObservation, SubscriptionObservation } from '@millrace/controller';

interface Owner {
  readonly owner: SubscriptionObservation['owner'];
  readonly container: string;
  /** Of the link that receives from it. */
  readonly link: string;
}

type Links = SubscriptionObservation['links'];

const NOBODY: Owner = { owner: 'any', container: '', link: '' };
const NO_LINKS: Links = [];

export function observeSubscriptions(
  views: readonly SubscriptionView[],
  connections: readonly ConnectionObservation[],
): SubscriptionObservation[] {
  const links = linksByOwner(connections);
  return views.map(({ durableName, source, stored, bytes, receivers }) => {
    const owner = ownerOf(durableName);
    return {
      name: durableName,
      source,
      owner: owner.owner,
      container: owner.container,
      stored,
      storedBytes: bytes,
      receivers,
      links: links.get(keyOf(owner)) ?? NO_LINKS,
    };
  });
}

function ownerOf(name: string): Owner {
  const [first = '', second = ''] = name.split('/', 2);
  const rest = name.slice(first.length + second.length + 2);
  if (first === 'job') {
    const job = name.slice('job/'.length);
    return { owner: 'job', container: job, link: job };
  }
  if ((first !== 'amqp' && first !== 'mqtt') || rest === '') return NOBODY;
  const container = second.replaceAll('%2F', '/').replaceAll('%25', '%');
  return { owner: first, container, link: rest };
}

function linksByOwner(connections: readonly ConnectionObservation[]): ReadonlyMap<string, Links> {
  const found = new Map<string, { connection: string; link: string }[]>();
  for (const { id, protocol, container, links } of connections) {
    for (const { name, role } of links) {
      if (role !== 'receiver') continue;
      const key = keyOf({ owner: protocol, container: protocol === 'job' ? name : container, link: name });
      const known = found.get(key);
      if (known === undefined) found.set(key, [{ connection: id, link: name }]);
      else known.push({ connection: id, link: name });
    }
  }
  return found;
}

function keyOf({ owner, container, link }: Owner): string {
  return `${owner}\0${container}\0${link}`;
}
