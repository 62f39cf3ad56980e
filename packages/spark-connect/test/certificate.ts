import { generateKeyPairSync, sign } from 'node:crypto';

/** One DER value: tag, length, content (X.690 §8.1). */
function der(tag: number, ...contents: readonly (Uint8Array | string)[]): Buffer {
  const content = Buffer.concat(contents.map((part) => (typeof part === 'string' ? Buffer.from(part, 'hex') : part)));
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const SEQUENCE = 0x30;
const OID = { ecdsaWithSha256: '06082a8648ce3d040302', commonName: '0603550403', subjectAltName: '0603551d11' };

function pem(label: string, bytes: Buffer): Buffer {
  const lines = bytes.toString('base64').replace(/.{64}/g, '$&\n');
  return Buffer.from(`-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`);
}

/** A key and a certificate for 127.0.0.1 that it signed itself (RFC 5280 §4.1), good for an hour. */
export function makeCertificate(): { privateKey: Buffer; certificate: Buffer } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const algorithm = der(SEQUENCE, OID.ecdsaWithSha256);
  const name = der(SEQUENCE, der(0x31, der(SEQUENCE, OID.commonName, der(0x0c, Buffer.from('test')))));
  const time = (offsetMs: number) => {
    const digits = new Date(Date.now() + offsetMs).toISOString().replace(/\D/g, '').slice(2, 14);
    return der(0x17, Buffer.from(`${digits}Z`));
  };
  const addresses = der(SEQUENCE, der(0x87, '7f000001'));
  const toBeSigned = der(
    SEQUENCE,
    der(0xa0, '020102'),
    der(0x02, '01'),
    algorithm,
    name,
    der(SEQUENCE, time(-60_000), time(3_600_000)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(SEQUENCE, der(SEQUENCE, OID.subjectAltName, der(0x04, addresses)))),
  );
  const signature = der(0x03, '00', sign('sha256', toBeSigned, privateKey));
  return {
    privateKey: pem('PRIVATE KEY', privateKey.export({ type: 'pkcs8', format: 'der' })),
    certificate: pem('CERTIFICATE', der(SEQUENCE, toBeSigned, algorithm, signature)),
  };
}
