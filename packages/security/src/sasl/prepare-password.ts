/** SASLprep (RFC 4013), so that one password typed on two systems is one password. */

/** @returns undefined for a password with characters that no password may have */
export async function preparePassword(password: string): Promise<string | undefined> {
  // Printable ASCII stays as it is; the tables are loaded by the first password that has more.
  if (/^[\x20-\x7e]*$/.test(password)) return password === '' ? undefined : password;
  const { saslprep } = await import('@mongodb-js/saslprep');
  try {
    const prepared = saslprep(password);
    return prepared === '' ? undefined : prepared;
  } catch {
    return undefined;
  }
}
