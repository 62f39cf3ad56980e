/** What an address does to each message that it takes. */
import type { AddressSettings } from './address-settings.js';
import type { Message } from './message.js';

/** Sets the time of acceptance, and durability and end of life as the address' settings want them. */
export function stamp(message: Message, settings: AddressSettings, timeMs: number): void {
  message.time = timeMs;
  if (settings.durability === 'always') message.durable = true;
  const bound = settings.ttlMs;
  if (bound === 0 && message.ttlMs === 0) return;
  const wanted = message.ttlMs > 0 ? message.ttlMs : bound;
  const expiresAt = timeMs + (bound > 0 ? Math.min(wanted, bound) : wanted);
  if (message.expiresAt === 0 || message.expiresAt > expiresAt) message.expiresAt = expiresAt;
}

/** Whether `stamp` does no more to a message without a time to live than to set its time. */
export function stampsTimeOnly(settings: AddressSettings): boolean {
  return settings.durability === 'message' && settings.ttlMs === 0;
}

/** The same for a message that is sent on, whose own life has ended once: the address' bound alone counts. */
export function stampRenewed(message: Message, settings: AddressSettings, timeMs: number): void {
  message.time = timeMs;
  if (settings.durability === 'always') message.durable = true;
  message.expiresAt = settings.ttlMs > 0 ? timeMs + settings.ttlMs : 0;
}
