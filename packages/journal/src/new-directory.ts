import type { Disk } from './disk.js';

/** Makes a directory that was not there, with the first number that is free behind its name. */
export async function newDirectory(disk: Disk, prefix: string): Promise<Disk> {
  const names = await disk.list();
  let number = 1;
  while (names.includes(`${prefix}${number}`)) number++;
  const directory = disk.inside(`${prefix}${number}`);
  await directory.make();
  await disk.syncDirectory();
  return directory;
}
