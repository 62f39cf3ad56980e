import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { crc32 } from 'node:zlib';
import { SparkClientError } from './errors.js';
import { SparkConnectService } from './generated/service_pb.js';
import type { Request, ServiceClient } from './service-client.js';

const { addArtifacts, artifactStatus } = SparkConnectService.method;

/** Servers refuse messages of more than some megabytes; Spark's own clients send 32 KiB. */
const CHUNK_SIZE = 32 * 1024;

/** The folder of an artifact says what the server does with it. */
const FOLDERS: Readonly<Record<string, string>> = {
  '.jar': 'jars',
  '.class': 'classes',
  '.py': 'pyfiles',
  '.egg': 'pyfiles',
  '.zip': 'pyfiles',
};

/** A file by its path, or bytes with a name such as `jars/connector.jar`. */
export type Artifact = string | { readonly name: string; readonly data: Uint8Array };

type Payload = NonNullable<Request<(typeof addArtifacts)['input']>['payload']>;

interface Source {
  readonly name: string;
  readonly size: number;
  readonly read: () => AsyncIterable<Uint8Array>;
}

function artifactName(path: string): string {
  const folder = FOLDERS[extname(path).toLowerCase()] ?? 'files';
  return `${folder}/${basename(path)}`;
}

function checkName(name: string): string {
  const isRelative = !name.startsWith('/') && !name.split('/').includes('..');
  if (!isRelative || !/^(?:jars|classes|pyfiles|files|archives|cache)\/./.test(name))
    throw new SparkClientError(`"${name}" is no name of an artifact: it is like jars/name.jar or files/name`);
  return name;
}

async function* slices(data: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < data.length; start += CHUNK_SIZE) yield data.subarray(start, start + CHUNK_SIZE);
}

async function openSource(artifact: Artifact): Promise<Source> {
  if (typeof artifact !== 'string') {
    const { name, data } = artifact;
    return { name: checkName(name), size: data.length, read: () => slices(data) };
  }
  const { size } = await stat(artifact);
  const read = () => createReadStream(artifact, { highWaterMark: CHUNK_SIZE }) as AsyncIterable<Uint8Array>;
  return { name: artifactName(artifact), size, read };
}

function chunk(data: Uint8Array) {
  return { data: Uint8Array.from(data), crc: BigInt(crc32(data)) };
}

async function* payloads({ name, size, read }: Source): AsyncGenerator<Payload> {
  if (size === 0) {
    yield { case: 'batch', value: { artifacts: [{ name, data: chunk(new Uint8Array(0)) }] } };
    return;
  }
  const numChunks = Math.ceil(size / CHUNK_SIZE);
  let sent = 0;
  for await (const data of read()) {
    sent += data.length;
    const isFirst = sent === data.length;
    if (isFirst && numChunks === 1) yield { case: 'batch', value: { artifacts: [{ name, data: chunk(data) }] } };
    else if (isFirst)
      yield {
        case: 'beginChunk',
        value: { name, totalBytes: BigInt(size), numChunks: BigInt(numChunks), initialChunk: chunk(data) },
      };
    else yield { case: 'chunk', value: chunk(data) };
  }
  if (sent !== size) throw new SparkClientError(`${name} changed while it was sent`);
}

/** Sends files to the session: jars for its class path, Python files for its workers, others for its tasks. */
export async function sendArtifacts(client: ServiceClient, artifacts: readonly Artifact[]): Promise<void> {
  const sources = await Promise.all(artifacts.map(openSource));
  if (sources.length === 0) return;
  const { artifacts: summaries } = await client.upload(addArtifacts, async function* () {
    for (const source of sources) for await (const payload of payloads(source)) yield { payload };
  });
  const damaged = summaries.filter(({ isCrcSuccessful }) => !isCrcSuccessful).map(({ name }) => name);
  if (damaged.length > 0) throw new SparkClientError(`artifacts arrived damaged: ${damaged.join(', ')}`);
}

/** Whether the server has an artifact of this name. */
export async function hasArtifact(client: ServiceClient, name: string): Promise<boolean> {
  const { statuses } = await client.call(artifactStatus, { names: [name] });
  return statuses[name]?.exists ?? false;
}
