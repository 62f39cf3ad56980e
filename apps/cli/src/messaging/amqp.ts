/** Sender and receiver over AMQP 1.0. */
import { randomBytes } from 'node:crypto';
import { type AmqpConnection, AmqpError, type AmqpReceiver, Condition, connect, type Outcome } from '@millrace/amqp';
import { CommandError } from '../command-error.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { fromAmqp, toAmqp } from './amqp-message.js';
import { type BrokerUrl, formatBrokerUrl } from './broker-url.js';
import { connectionFailed, connectionLost, notAllowed } from './connection-error.js';
import { ACCEPTED, type MessageReceiver, type MessageSender, type SendOutcome } from './message.js';
import type { ReceiverOptions, SenderOptions } from './open.js';

const DEFAULT_WINDOW = 100;

/** @throws CommandError */
export async function openAmqpSender(url: BrokerUrl, options: SenderOptions): Promise<MessageSender> {
  const connection = await connectOrExplain(url);
  const sender = await attachOrExplain(connection, url, () => connection.openSender(options.address));
  return {
    send: async (message) => {
      try {
        return outcomeOf(await sender.send(toAmqp(message)));
      } catch (error) {
        if (!(error instanceof AmqpError)) throw error;
        // A message that the peer does not take for its size leaves the link as it is.
        if (error.condition === Condition.messageSizeExceeded) return { kind: 'refused', reason: error.message };
        await hangUp(connection);
        throw connectionLost(formatBrokerUrl(url), error);
      }
    },
    // Without closing the link first: that waits for credit, which may never come.
    close: () => connection.close(),
  };
}

/** @throws CommandError */
export async function openAmqpReceiver(url: BrokerUrl, options: ReceiverOptions): Promise<MessageReceiver> {
  const connection = await connectOrExplain(url);
  const receiver = await attachOrExplain(connection, url, () =>
    connection.openReceiver(options.address, {
      credit: options.window ?? DEFAULT_WINDOW,
      settlement: 'explicit',
    }),
  );
  let closing = false;
  const pumped = pump(receiver, options);
  return {
    lost: new Promise((resolve) => {
      const ended = (error: unknown) => {
        if (closing) return;
        const lost = error instanceof Error ? error : new Error('the server closed the link');
        void hangUp(connection).then(() => resolve(lost));
      };
      pumped.then((why) => {
        if (why === 'ended') ended(undefined);
      }, ended);
    }),
    close: async () => {
      closing = true;
      await receiver.close();
      await connection.close();
    },
  };
}

/** Without its link the connection is of no use, and while it is open the process does not end. */
async function hangUp(connection: AmqpConnection): Promise<void> {
  await connection.close().catch(() => {});
}

/** Hands out one message after the other; each is accepted once it was handled. */
async function pump(receiver: AmqpReceiver, options: ReceiverOptions): Promise<'ended' | 'enough'> {
  for await (const received of receiver) {
    const goOn = options.onMessage(fromAmqp(received.message, options.address));
    received.accept();
    if (!goOn) return 'enough';
  }
  return 'ended';
}

async function connectOrExplain(url: BrokerUrl): Promise<AmqpConnection> {
  try {
    return await connect({
      host: url.host,
      port: url.port,
      containerId: `millrace-cli-${randomBytes(4).toString('hex')}`,
      username: url.username,
      password: url.password,
      ...(url.tls ? { tls: {} } : {}),
    });
  } catch (error) {
    const cause = error instanceof AmqpError ? (error.cause ?? error) : error;
    throw connectionFailed(url, cause) ?? explain(url, error);
  }
}

async function attachOrExplain<Link>(
  connection: AmqpConnection,
  url: BrokerUrl,
  attach: () => Promise<Link>,
): Promise<Link> {
  try {
    return await attach();
  } catch (error) {
    await connection.close();
    throw explain(url, error);
  }
}

function explain(url: BrokerUrl, error: unknown): unknown {
  if (!(error instanceof AmqpError)) return error;
  const where = [`at ${formatBrokerUrl(url)} (${error.condition})`];
  switch (error.condition) {
    case Condition.unauthorizedAccess:
    // None of the server's ways to log in: without credentials, or with a password that would cross the wire in clear.
    case Condition.notAllowed:
      return notAllowed(error.message, error);
    case Condition.notFound:
      return new CommandError(error.message, {
        exitCode: EXIT_CODE.notFound,
        where,
        hint: 'millrace get addresses',
        cause: error,
      });
    default:
      return new CommandError(error.message, { exitCode: exitCodeOf(error), where, cause: error });
  }
}

function exitCodeOf(error: AmqpError): ExitCode {
  return error.condition === Condition.connectionForced ? EXIT_CODE.notReachable : EXIT_CODE.failed;
}

function outcomeOf(outcome: Outcome): SendOutcome {
  switch (outcome.kind) {
    case 'accepted':
      return ACCEPTED;
    case 'rejected':
      return { kind: 'refused', reason: rejectionOf(outcome.error) };
    case 'released':
      return { kind: 'refused', reason: 'released: nobody took it' };
    case 'modified':
      return { kind: 'refused', reason: 'modified: it was tried without success' };
  }
}

function rejectionOf(
  error: { readonly condition: string; readonly description?: string | undefined } | undefined,
): string {
  if (error === undefined) return 'rejected without a reason';
  return error.description === undefined ? error.condition : `${error.description} (${error.condition})`;
}
