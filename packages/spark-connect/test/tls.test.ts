import { ServerCredentials } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { SparkClientError } from '../src/errors.js';
import { makeCertificate } from './certificate.js';
import { connectTo, FAST_RETRY, startServer } from './connecting.js';

const { privateKey, certificate } = makeCertificate();
const stranger = makeCertificate();
const pair = { private_key: privateKey, cert_chain: certificate };
const quick = { retry: { ...FAST_RETRY, maxRetries: 0 } };

describe('TLS', () => {
  it('carries the calls and the token', async () => {
    const server = await startServer(ServerCredentials.createSsl(null, [pair]));
    const tls = { rootCertificates: certificate };
    const spark = await connectTo(server, { parameters: ';use_ssl=true;token=abc', tls });
    expect(await spark.version()).toBe('4.3.0');
    expect(server.calls[0]?.metadata.get('authorization')).toEqual(['Bearer abc']);
  });

  it('is refused with a server that nobody trusts, or whose name is another', async () => {
    const server = await startServer(ServerCredentials.createSsl(null, [pair]));
    const parameters = ';use_ssl=true';
    const connecting = (tls: object) => connectTo(server, { parameters, tls, ...quick });
    await expect(connecting({})).rejects.toMatchObject({ status: 'UNAVAILABLE' });
    await expect(connecting({ rootCertificates: stranger.certificate })).rejects.toMatchObject({
      status: 'UNAVAILABLE',
    });
    const named = { rootCertificates: certificate, serverName: 'other.example' };
    await expect(connecting(named)).rejects.toMatchObject({ status: 'UNAVAILABLE' });
    expect(server.calls).toEqual([]);
  });

  it('shows the certificate of the client to a server that asks for it', async () => {
    const server = await startServer(ServerCredentials.createSsl(stranger.certificate, [pair], true));
    const parameters = ';use_ssl=true';
    const own = { privateKey: stranger.privateKey, certificateChain: stranger.certificate };
    const spark = await connectTo(server, { parameters, tls: { rootCertificates: certificate, ...own } });
    expect(await spark.version()).toBe('4.3.0');
    await expect(connectTo(server, { parameters, tls: { rootCertificates: certificate }, ...quick })).rejects.toThrow();
    const half = { privateKey: own.privateKey };
    await expect(connectTo(server, { parameters, tls: half })).rejects.toThrow(SparkClientError);
  });

  it('is not spoken by a server without it', async () => {
    const server = await startServer();
    await expect(connectTo(server, { parameters: ';use_ssl=true', ...quick })).rejects.toMatchObject({
      status: 'UNAVAILABLE',
    });
  });
});
