/** Whether a peer is on this machine: what it sends has passed no wire. */
export function isLoopbackHost(host: string): boolean {
  return host === '::1' || /^(::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/i.test(host);
}
