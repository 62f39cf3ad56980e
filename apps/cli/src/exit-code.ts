/** How a command ended, as its exit code: part of the contract with scripts (docs/reference/cli.md). */
export const EXIT_CODE = {
  done: 0,
  failed: 1,
  wrongUsage: 2,
  partly: 3,
  notFound: 4,
  conflict: 5,
  notAllowed: 6,
  notReachable: 7,
  timedOut: 8,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT_CODE)[keyof typeof EXIT_CODE];

/** What the reference says of each, in the order of the codes. */
export const EXIT_CODE_MEANINGS: readonly (readonly [ExitCode, string])[] = [
  [EXIT_CODE.done, 'Done.'],
  [EXIT_CODE.failed, 'Failed; standard error says why.'],
  [EXIT_CODE.wrongUsage, 'Wrong usage: an unknown command, option or kind, or a value that cannot be.'],
  [EXIT_CODE.partly, 'Partly done: some messages or documents were refused, others not.'],
  [EXIT_CODE.notFound, 'The named address, job, connection, file or store does not exist.'],
  [
    EXIT_CODE.conflict,
    'Conflict: it would throw away stored messages or a file, it was changed meanwhile, or a server has the store open.',
  ],
  [EXIT_CODE.notAllowed, 'Not allowed: not signed in, or without the right.'],
  [EXIT_CODE.notReachable, 'Nothing answers at that host and port.'],
  [EXIT_CODE.timedOut, 'Timed out before what was asked for had happened.'],
  [
    EXIT_CODE.interrupted,
    'Interrupted by Ctrl-C before the asked number or time. Commands that run until then end with 0.',
  ],
];
