/**
 * What addresses and jobs may be called. An address name is also an MQTT topic, an AMQP node, a path segment of REST
 * and a table of SQL, so what would mean something else in one of them is refused in all.
 */

/** UTF-8 bytes. */
export const ADDRESS_NAME_BYTES_MAX = 1024;
export const JOB_NAME_LENGTH_MAX = 200;

/** For descriptions: nearly what `addressNameFault` says. JSON Schema counts characters, and we bytes. */
export const ADDRESS_NAME_SCHEMA = {
  minLength: 1,
  maxLength: ADDRESS_NAME_BYTES_MAX,
  pattern: '^[^+#$.\\u0000-\\u001f\\u007f-\\u009f][^+#\\u0000-\\u001f\\u007f-\\u009f]*$',
} as const;
export const JOB_NAME_SCHEMA = {
  minLength: 1,
  maxLength: JOB_NAME_LENGTH_MAX,
  pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*$',
} as const;

const encoder = new TextEncoder();
const JOB_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** @returns a sentence that says what is wrong with this address name, or undefined when it is well */
export function addressNameFault(name: string): string | undefined {
  if (name.length === 0) return 'an address name has at least one character';
  if (name.length > ADDRESS_NAME_BYTES_MAX || encoder.encode(name).length > ADDRESS_NAME_BYTES_MAX) {
    return `an address name has at most ${ADDRESS_NAME_BYTES_MAX} bytes of UTF-8`;
  }
  if (/[+#]/.test(name)) return 'an address name has no wildcards: + and # belong to topic filters';
  if (name.startsWith('$')) return 'names that start with $ belong to the server';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f-\u009f]/.test(name)) return 'an address name has no control characters';
  if (/\p{Surrogate}/u.test(name))
    return 'an address name is whole Unicode: half of a surrogate pair is not a character';
  // URL parsers take these two away, so the address could never be named in a path.
  if (name === '.' || name === '..') return `"${name}" cannot be named in a URL`;
  return undefined;
}

/** @returns a sentence that says what is wrong with this job name, or undefined when it is well */
export function jobNameFault(name: string): string | undefined {
  if (name.length === 0) return 'a job name has at least one character';
  if (name.length > JOB_NAME_LENGTH_MAX) return `a job name has at most ${JOB_NAME_LENGTH_MAX} characters`;
  if (!JOB_NAME.test(name)) return 'a job name starts with a letter or digit and has letters, digits, ".", "_" and "-"';
  return undefined;
}
