/**
 * The life of one store: opened, used and crashed again and again, with all that a disk can do wrong. Everything follows
 * from the seed.
 */
import { DiskJournal, JournalDamage, JournalFull } from '../../src/index.js';
import { CopiedRecords } from './copied-records.js';
import { Keeper } from './keeper.js';
import { ENTRY_BYTES_MIN, Ledger, REMOVE } from './ledger.js';
import { Random } from './random.js';
import { SimulatedClock } from './simulated-clock.js';
import { type Fault, SimulatedDisk } from './simulated-disk.js';

const SEGMENT_BYTES = 4096;
const KEYS = 60;
const STEPS_MAX = 120;
/** Beyond, something waits for what never comes. */
const OPENING_STEPS_MAX = 10_000;

export interface StoreOptions {
  readonly seed: number;
  readonly crashes: number;
  readonly plant?: Fault | undefined;
  readonly events: Events;
}

/** What the stores went through, so that it shows when something is not tried any more. */
export class Events {
  openings = 0;
  records = 0;
  openingsCut = 0;
  damageFound = 0;
  rotSurvived = 0;
  segmentsEmptied = 0;
  timesFull = 0;
  timesFailed = 0;
  commitsRefused = 0;
  backups = 0;
  backupsGivenUp = 0;
  writesOnThread = 0;

  toString(): string {
    return Object.entries(this)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
  }
}

class Store {
  private readonly random: Random;
  private readonly disk: SimulatedDisk;
  private readonly ledger = new Ledger();
  private readonly ids = { next: 1 };
  /** Every other store's disk is so quick that small writes are made on the thread. */
  private readonly tickMs: number;
  private reports = 0;
  private clock: SimulatedClock;
  private keeper: Keeper;
  private rotten: (() => void) | undefined = undefined;
  private versions = 0;
  private backupFault: Error | undefined = undefined;

  private readonly events: Events;

  constructor({ events, plant, seed }: StoreOptions) {
    this.events = events;
    this.random = new Random(seed);
    this.disk = new SimulatedDisk(this.random);
    this.disk.plant = plant;
    this.tickMs = seed % 2 === 0 ? 1 : 0.01;
    this.clock = new SimulatedClock(this.random, this.tickMs);
    this.keeper = new Keeper(this.ledger, this.ids);
  }

  async live(): Promise<void> {
    const { disk, random } = this;
    const limitBytes = random.chance(0.2) ? SEGMENT_BYTES * (7 + random.below(10)) : Number.POSITIVE_INFINITY;
    disk.failing = random.chance(0.1) ? 0.01 : 0;
    disk.capacity = random.chance(0.2) ? SEGMENT_BYTES * (5 + random.below(14)) : Number.POSITIVE_INFINITY;
    const journal = await this.open(limitBytes, random.chance(0.1) ? random.below(60) : OPENING_STEPS_MAX);
    if (journal !== undefined) {
      await this.use(journal);
      if (this.backupFault !== undefined) throw this.backupFault;
      this.events.segmentsEmptied += journal.figures().segmentsEmptied;
      this.events.commitsRefused += journal.figures().commitsRefused;
      this.events.writesOnThread += disk.writesOnThread;
      disk.writesOnThread = 0;
    }
    // What the process was about to ask of the disk goes with it.
    await afterTurn();
    if (random.chance(0.3)) disk.kill();
    else disk.crash();
    if (random.chance(0.05)) this.rotten ??= disk.rot();
  }

  /** @param steps the machine stops after so many */
  private async open(limitBytes: number, steps: number): Promise<DiskJournal | undefined> {
    const { disk, events, ledger, random } = this;
    this.clock = new SimulatedClock(random, this.tickMs);
    const keeper = new Keeper(ledger, this.ids);
    this.keeper = keeper;
    let result: DiskJournal | Error | undefined;
    DiskJournal.open({
      directory: disk.directory,
      owner: keeper,
      disk,
      clock: this.clock,
      random: random.bits,
      segmentBytes: this.segmentBytes(limitBytes),
      batchBytesMax: SEGMENT_BYTES * 3,
      limitBytes,
      reserveTypes: [REMOVE],
      onStateChange: ({ kind }) => {
        if (kind === 'full') events.timesFull++;
        if (kind === 'failed') events.timesFailed++;
      },
    }).then(
      (journal) => {
        result = journal;
      },
      (error: Error) => {
        result = error;
      },
    );
    for (let step = 0; result === undefined && step < steps; step++) await this.letDiskAct();
    if (result === undefined) {
      events.openingsCut++;
      if (steps === OPENING_STEPS_MAX) throw new Error('the journal does not open');
      return undefined;
    }
    const { rotten } = this;
    if (result instanceof Error) {
      if (disk.failing > 0 && (result as { code?: string }).code === 'EIO') return undefined;
      if (result instanceof JournalFull && keeper.replayed.length === 0) return undefined;
      if (!(result instanceof JournalDamage) || rotten === undefined) throw result;
      rotten();
      this.rotten = undefined;
      events.damageFound++;
      return undefined;
    }
    ledger.check(keeper.replayed, rotten !== undefined);
    if (rotten !== undefined) events.rotSurvived++;
    this.rotten = undefined;
    events.openings++;
    events.records += keeper.replayed.length;
    keeper.begin(result);
    return result;
  }

  /** Where there is room, sometimes larger ones: what was written last is then a segment that is too short. */
  private segmentBytes(limitBytes: number): number {
    const roomy = Math.min(limitBytes, this.disk.capacity) === Number.POSITIVE_INFINITY;
    return roomy && this.random.chance(0.2) ? 2 * SEGMENT_BYTES : SEGMENT_BYTES;
  }

  private async use(journal: DiskJournal): Promise<void> {
    const { random } = this;
    const busy = random.chance(0.5);
    for (let left = random.below(STEPS_MAX); left > 0; left--) {
      const choice = random.below(10);
      if (choice < 3 || busy) await this.letDiskAct();
      if (choice < 5) this.change();
      else if (choice < 8) this.keeper.commit();
      else if (this.clock.waiting > 0) {
        this.clock.step();
        if (this.keeper.asked) this.keeper.commit();
      } else if (random.chance(0.7)) this.readBack(journal);
      else this.beginBackup(journal);
      const { bytesOnDisk, damage } = journal.figures();
      if (damage !== undefined) throw damage;
      if (bytesOnDisk < 0) throw new Error('the bytes on disk are miscounted');
    }
  }

  private change(): void {
    const { keeper, random } = this;
    for (let left = 1 + random.below(6); left > 0; left--) {
      const key = random.below(KEYS);
      if (keeper.current.has(key) && random.chance(0.6)) keeper.remove(key);
      else keeper.put(key, ++this.versions, ENTRY_BYTES_MIN + random.below(random.chance(0.03) ? 9000 : 300));
    }
  }

  private readBack(journal: DiskJournal): void {
    const { random } = this;
    const entries = [...this.keeper.confirmed.values()];
    if (entries.length === 0 || journal.state.kind === 'failed') return;
    const { id, position, size } = random.pick(entries);
    const bytes = journal.readSync(position, size);
    if (bytes.readUInt32LE(0) !== id) throw new Error(`record ${id} is not read back`);
  }

  /** Goes on beside everything else, and is left where the machine stops. */
  private beginBackup(journal: DiskJournal): void {
    const backup = journal.backup();
    if (backup === 'under-way') return;
    const expected = this.ledger.acceptedSoFar();
    const copied = new CopiedRecords();
    const read = async (): Promise<void> => {
      for await (const chunk of backup) copied.take(chunk);
    };
    read().then(
      () => {
        this.events.backups++;
        try {
          expected(copied.finish());
        } catch (error) {
          this.backupFault = new Error(`a backup: ${(error as Error).message}`, { cause: error });
        }
      },
      (error: Error) => {
        if (/^the backup was given up: /.test(error.message)) this.events.backupsGivenUp++;
        else this.backupFault = error;
      },
    );
  }

  /** The disk does something, when it has anything to do; then those who waited for it go on. */
  private async letDiskAct(): Promise<void> {
    this.keeper.report = ++this.reports;
    if (this.disk.calls > 0) this.disk.step();
    await afterTurn();
  }
}

function afterTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** @returns crashes that were survived, and what went wrong at the next one */
export async function simulate(options: StoreOptions): Promise<{ survived: number; error: Error | undefined }> {
  const store = new Store(options);
  for (let survived = 0; survived < options.crashes; survived++) {
    try {
      await store.live();
    } catch (error) {
      return { survived, error: error as Error };
    }
  }
  return { survived: options.crashes, error: undefined };
}
