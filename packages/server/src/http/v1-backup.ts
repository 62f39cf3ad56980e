/** The whole store as one stream, as it is when the request comes, while everything else goes on. */
import { problemError } from '@millrace/contract';
import type { HttpDependencies } from './dependencies.js';
import { demand } from './permission.js';
import type { Route } from './route.js';

const MEDIA_TYPE = 'application/octet-stream';

export function backupRoute({ authorizer, backup, onError }: HttpDependencies): Route {
  return {
    method: 'GET',
    path: '/v1/backup',
    operation: 'downloadBackup',
    summary: 'All that was accepted before this moment, for millrace restore',
    answers: {
      200: { summary: 'the backup (docs/reference/store.md); whole when its end mark is there', mediaType: MEDIA_TYPE },
    },
    handle: ({ principal, request }) => {
      demand(authorizer, principal, 'manage', '#');
      if (backup === undefined) {
        throw problemError(
          'conflict',
          'this server keeps everything in memory: start it with --data DIR to have a store',
        );
      }
      const headers = { 'content-type': MEDIA_TYPE, 'content-disposition': 'attachment; filename="millrace.backup"' };
      // Nobody would read it, and it holds room on the disk.
      if (request.method === 'HEAD') return new Response(null, { headers });
      const chunks = backup();
      if (chunks === 'under-way') {
        throw problemError(
          'conflict',
          'another backup is under way: wait for its end, or end the command that reads it',
        );
      }
      return new Response(streamOf(chunks, onError), { headers });
    },
  };
}

/** Asks for the next chunk when the one before was taken. What fails cuts the answer off: its end mark is missing then. */
function streamOf(chunks: AsyncIterable<Uint8Array>, onError: HttpDependencies['onError']): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await iterator.next();
          if (done === true) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          onError?.(error);
          controller.error(error);
        }
      },
      async cancel() {
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
