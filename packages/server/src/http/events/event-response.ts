/** Events as an answer: the next piece is asked for when the client has taken the one before. */
export const EVENT_STREAM = 'text/event-stream';

export interface EventPieces {
  /** Undefined at the end. */
  next(): Promise<string | undefined>;
  /** The client is gone. */
  end(): void;
}

export function eventResponse(pieces: EventPieces): Response {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const piece = await pieces.next();
        if (piece === undefined) controller.close();
        else controller.enqueue(encoder.encode(piece));
      },
      cancel: () => pieces.end(),
    },
    { highWaterMark: 0 },
  );
  // Proxies that gather answers would hold events back.
  return new Response(body, { headers: { 'content-type': EVENT_STREAM, 'x-accel-buffering': 'no' } });
}
