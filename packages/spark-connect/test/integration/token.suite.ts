import { afterAll, beforeAll, expect, it } from 'vitest';
import { SparkConnectionError, SparkSession } from '../../src/index.js';
import { SparkServer } from './spark-server.js';

let server: SparkServer;

beforeAll(async () => {
  server = await SparkServer.start({ 'spark.connect.authenticate.token': 'secret' });
});
afterAll(() => server?.stop());

it('a server with a token wants it', async () => {
  const refused = await SparkSession.connect(server.url).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(SparkConnectionError);
  expect(refused).toMatchObject({ status: 'UNAUTHENTICATED' });
  await expect(SparkSession.connect(server.url, { token: 'wrong' })).rejects.toMatchObject({
    name: 'SparkConnectionError',
  });
  await using spark = await SparkSession.connect(`${server.url};token=secret`);
  expect(await spark.range(0, 3).count()).toBe(3);
});
