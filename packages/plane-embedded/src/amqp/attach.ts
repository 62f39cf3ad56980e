/** Answers an attach: which kind of link it becomes, whether the client may, and whether the address is there. */
import {
  AmqpError,
  Condition,
  type Link,
  ReceiverLink,
  ReceiverSettleMode,
  type SenderLink,
  type Source,
  type Target,
} from '@millrace/amqp';
import { refusalError, unauthorized } from './conditions.js';
import { IncomingLink } from './incoming-link.js';
import type { BrokerLink, LinkHost } from './link-host.js';
import { OutgoingLink, type OutgoingTerms } from './outgoing-link.js';
import { RelayLink } from './relay-link.js';
import { ServiceLink } from './service-link.js';
import { sourceTerms } from './source-terms.js';
import { durableNameOf, requireName } from './subscription-names.js';

export interface AttachHost extends LinkHost {
  readonly container: string;
  /** False while it is not known who the client is. */
  readonly isAuthenticated: boolean;
  readonly links: Set<BrokerLink>;
}

export function attachLink(host: AttachHost, link: Link): void {
  try {
    if (!host.isAuthenticated) throw new AmqpError(Condition.unauthorizedAccess, 'not authenticated yet', 'link');
    if (host.links.size >= host.context.settings.links) {
      throw new AmqpError(Condition.resourceLimitExceeded, 'the connection has too many links', 'link');
    }
    const brokerLink =
      link instanceof ReceiverLink ? attachIncoming(host, link) : attachOutgoing(host, link as SenderLink);
    link.context = brokerLink;
    host.links.add(brokerLink);
    host.touch(brokerLink);
    if (link.credit > 0) brokerLink.flow();
  } catch (error) {
    if (!(error instanceof AmqpError)) throw error;
    host.context.counters.linksRefused++;
    link.refuse(error);
  }
}

function attachIncoming(host: AttachHost, link: ReceiverLink): BrokerLink {
  const { services } = host.context;
  const target = link.remote?.target;
  if (target === undefined) throw invalid('a target is needed to send to');
  if (target.coordinator === true) {
    throw new AmqpError(Condition.notImplemented, 'transactions are not supported here', 'link');
  }
  if (target.dynamic === true) return attachTo(host, link, { address: host.createTemporary(), temporary: true });
  const { address } = target;
  if (address === undefined || address === null) return acceptIncoming(link, target, new RelayLink(host, link));
  if (typeof address !== 'string' || address === '') throw invalid('a target has an address that is a string');
  if (!host.ownsTemporary(address) && !host.context.authorizer.authorize(host.principal, 'send', address)) {
    throw unauthorized('send', address);
  }
  const service = services.get(address);
  if (service !== undefined) return acceptIncoming(link, target, new ServiceLink(host, link, { address, service }));
  return attachTo(host, link, { address, temporary: false });
}

function attachTo(
  host: AttachHost,
  link: ReceiverLink,
  at: { readonly address: string; readonly temporary: boolean },
): BrokerLink {
  declareWhenWanted(host, at.address);
  const incoming = new IncomingLink(host, link, at);
  const refusal = incoming.open();
  if (refusal !== undefined) throw refusalError(refusal, at.address);
  return acceptIncoming(link, { ...link.remote?.target, address: at.address }, incoming);
}

function acceptIncoming(link: ReceiverLink, target: Target, brokerLink: BrokerLink): BrokerLink {
  link.accept({ source: link.remote?.source, target, receiverSettleMode: ReceiverSettleMode.first });
  return brokerLink;
}

function attachOutgoing(host: AttachHost, link: SenderLink): BrokerLink {
  const { terms, source } = outgoingTerms(host, link);
  const { address } = terms;
  if (!terms.temporary && !host.ownsTemporary(address)) {
    if (!host.context.authorizer.authorize(host.principal, 'recv', address)) throw unauthorized('recv', address);
    // A temporary queue is its connection's alone; its name can be guessed.
    if (host.context.broker.address(address)?.temporary === true) throw unauthorized('recv', address);
  }
  const asked = link.remote?.source?.address;
  const { durableName } = terms.options;
  if (durableName !== undefined && typeof asked === 'string' && asked.includes('::')) {
    requireName(host, durableName, address);
  }
  declareWhenWanted(host, address);
  const outgoing = new OutgoingLink(host, link, terms);
  const refusal = outgoing.open();
  if (refusal !== undefined) throw refusalError(refusal, address);
  const answer = { source, target: link.remote?.target };
  if (outgoing.isNewAndDurable) acceptWhenDurable(host, outgoing, answer);
  else link.accept(answer);
  return outgoing;
}

/** The answer promises that the subscription is there after a restart; until then nothing is sent over the link. */
function acceptWhenDurable(
  host: AttachHost,
  outgoing: OutgoingLink,
  answer: { readonly source: Source; readonly target: Target | undefined },
): void {
  const { broker } = host.context;
  const { link, address } = outgoing;
  if (broker.unwritable !== undefined) {
    outgoing.withdraw();
    throw refusalError(broker.unwritable, address);
  }
  broker.whenDurable((refusal) => {
    // The client did not wait.
    if (link.state !== 'offered') return;
    host.wake();
    if (refusal === undefined) {
      link.accept(answer);
      outgoing.resume();
      return;
    }
    outgoing.withdraw();
    host.context.counters.linksRefused++;
    link.refuse(refusalError(refusal, address));
  });
}

function outgoingTerms(host: AttachHost, link: SenderLink): { readonly terms: OutgoingTerms; readonly source: Source } {
  const attach = link.remote!;
  const { source } = attach;
  if (source === undefined) return lookedUp(host, link);
  if (source.dynamic === true) {
    // What is asked for is judged before a queue is made for it.
    const { options } = sourceTerms(attach, { ...source, address: 'dynamic' }, host);
    const address = host.createTemporary();
    return { terms: { address, options, endsWithClose: false, temporary: true }, source: { ...source, address } };
  }
  return { terms: { ...sourceTerms(attach, source, host), temporary: false }, source };
}

/** No source: the client asks what it had under this link's name, as JMS does to unsubscribe. */
function lookedUp(host: AttachHost, link: SenderLink): { readonly terms: OutgoingTerms; readonly source: Source } {
  const durableName = durableNameOf(link.name, host);
  const found = host.context.broker.subscriptions().find((view) => view.durableName === durableName);
  if (found === undefined) throw refusalError('not-found', link.name);
  const source: Source = { address: found.source, durable: 2, expiryPolicy: 'never' };
  const options = { settles: 'explicit', durableName } as const;
  return { terms: { address: found.source, options, endsWithClose: true, temporary: false }, source };
}

function declareWhenWanted(host: AttachHost, address: string): void {
  const { broker, settings } = host.context;
  if (settings.undeclared !== 'queue') return;
  const known = broker.address(address);
  // A queue that was there before a restart comes to life with the first client that names it, as it came to be.
  if (known === undefined || known.waitsForDeclaration) broker.declare(address, { type: 'queue' });
}

function invalid(description: string): AmqpError {
  return new AmqpError(Condition.invalidField, description, 'link');
}
