/**
 * What a receiving client asks for with its source and its link's name, in the broker's terms.
 *
 *     source                                     subscription
 *     durable, expiry-policy never               durable, `amqp/CONTAINER/LINK` (subscription-names.ts)
 *     the same, capability `shared`              shared by this container's links of that name
 *     capabilities `shared` and `global`         shared by all containers: `amqp/LINK`
 *     `shared` without durability                a shared one that is gone with its last receiver
 *     address `TOPIC::NAME`                      the durable one called NAME, shared
 *     distribution-mode `copy`                   browses a queue
 *
 * JMS clients number the links of a shared subscription by `NAME|1`, `NAME|global2`: what follows the bar is not part of
 * the name.
 */
import { AmqpError, type Attach, Condition, SenderSettleMode, type Source, TerminusDurability } from '@millrace/amqp';
import type { SubscriptionOptions } from '@millrace/broker';
import { durableNameOf, globalNameOf, type SubscriptionHolder } from './subscription-names.js';

export interface SourceTerms {
  readonly address: string;
  readonly options: SubscriptionOptions;
  /** A detach that closes the link ends the subscription too: it is the client's own and durable. */
  readonly endsWithClose: boolean;
}

/** @throws AmqpError of scope link when something is asked for that is not done here */
export function sourceTerms(attach: Attach, source: Source, holder: SubscriptionHolder): SourceTerms {
  if (typeof source.address !== 'string' || source.address === '') {
    throw new AmqpError(Condition.invalidField, 'a source has an address that is a string', 'link');
  }
  refuseFilters(source);
  const settles = attach.sndSettleMode === SenderSettleMode.settled ? 'on-delivery' : 'explicit';
  const separator = source.address.indexOf('::');
  if (separator >= 0) {
    const durableName = source.address.slice(separator + 2);
    const options = { settles, durableName, shared: true } as const;
    return { address: source.address.slice(0, separator), options, endsWithClose: false };
  }
  const { address } = source;
  if (source.distributionMode === 'copy') return { address, options: { settles, browse: true }, endsWithClose: false };
  const options = { settles, ...subscriptionName(attach.name, source, holder) } as const;
  return { address, options, endsWithClose: isDurable(source) };
}

function subscriptionName(link: string, source: Source, holder: SubscriptionHolder): Partial<SubscriptionOptions> {
  const capabilities = source.capabilities ?? [];
  const shared = capabilities.includes('shared');
  const name = shared ? link.split('|')[0]! : link;
  const isGlobal = shared && capabilities.includes('global');
  const durableName = isGlobal ? globalNameOf(name, holder) : durableNameOf(name, holder);
  if (isDurable(source)) return { durableName, shared };
  return shared ? { group: durableName } : {};
}

function isDurable(source: Source): boolean {
  return (source.durable ?? TerminusDurability.none) !== TerminusDurability.none && source.expiryPolicy === 'never';
}

/** A filter that is passed over silently would deliver what was not asked for. */
function refuseFilters(source: Source): void {
  const names = Object.keys(source.filter ?? {});
  if (names.length === 0) return;
  throw new AmqpError(Condition.notImplemented, `filters are not supported here: ${names.join(', ')}`, 'link');
}
