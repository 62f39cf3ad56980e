/** Who may listen where others can reach it. */
import { isLoopback } from './loopback.js';

/** Listening where others can reach it, without users, is refused unless asked for by name. */
export class ExposureError extends Error {
  override readonly name = 'ExposureError';
}

/** Why these settings would let strangers in, or undefined. */
export function exposureOf({
  host,
  allowAnonymous,
}: {
  readonly host: string;
  readonly allowAnonymous: boolean;
}): string | undefined {
  if (isLoopback(host) || allowAnonymous) return undefined;
  return (
    `${host} can be reached from other machines, and there are no users: everyone could send, receive and delete; ` +
    'give it users, listen on 127.0.0.1, or say --allow-anonymous if that is what you want'
  );
}
