/** What people read when nothing more can be made durable, whichever protocol or status tells them. */

export const JOURNAL_FULL =
  'there is no room for durable messages on disk: more are taken as soon as stored ones are settled or the disk has room';

export const JOURNAL_FAILED =
  'writing to the disk failed: durable messages are taken again after a restart of the server; look at its disk first';
