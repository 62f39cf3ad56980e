/**
 * Names of durable subscriptions, and whose they are.
 *
 *     amqp/CONTAINER/LINK             while nobody has to say who they are
 *     amqp/LINK                       the same, shared by all containers
 *     amqp-user/USER/CONTAINER/LINK   a user's own, whatever others call their container
 *     amqp-user/USER//LINK            the same, shared by all of the user's containers
 *     NAME                            of `TOPIC::NAME`, shared by all who may receive from the topic
 */
import type { Principal } from '@millrace/security';
import { unauthorized } from './conditions.js';
import type { LinkHost } from './link-host.js';

export interface SubscriptionHolder {
  readonly container: string;
  readonly principal: Principal;
}

/** The durable subscription that a link of this name stands for. */
export function durableNameOf(link: string, { container, principal }: SubscriptionHolder): string {
  const beginning = principal.authenticated ? `amqp-user/${escapeSlash(principal.name)}` : 'amqp';
  return `${beginning}/${escapeSlash(container)}/${link}`;
}

/** The same for all containers. */
export function globalNameOf(link: string, { principal }: SubscriptionHolder): string {
  return principal.authenticated ? `amqp-user/${escapeSlash(principal.name)}//${link}` : `amqp/${link}`;
}

/** So that container `a/b` with link `c` and container `a` with link `b/c` are two. */
function escapeSlash(part: string): string {
  return part.replaceAll('%', '%25').replaceAll('/', '%2F');
}

const OF_A_JOB = /^job\/./;
const OF_A_CLIENT = /^(amqp|amqp-user|mqtt|mqtt-share)\//;

/**
 * `TOPIC::NAME` is for names that people choose. By it nobody takes what belongs to a job or to somebody's link, nor ends a
 * subscription of a topic that they may not receive from by giving its name to another.
 *
 * @throws AmqpError amqp:unauthorized-access
 */
export function requireName(host: LinkHost, durableName: string, topic: string): void {
  const { principal, context } = host;
  if (!principal.authenticated) return;
  const { authorizer, broker } = context;
  const address = `${topic}::${durableName}`;
  if (OF_A_JOB.test(durableName) && !authorizer.authorize(principal, 'manage', durableName)) {
    throw unauthorized('recv', address);
  }
  const own = `amqp-user/${escapeSlash(principal.name)}/`;
  if (
    OF_A_CLIENT.test(durableName) &&
    !durableName.startsWith(own) &&
    !authorizer.authorize(principal, 'manage', '#')
  ) {
    throw unauthorized('recv', address);
  }
  const present = broker.subscriptions().find((view) => view.durableName === durableName);
  if (present === undefined || present.source === topic) return;
  if (!authorizer.authorize(principal, 'recv', present.source)) throw unauthorized('recv', address);
}
