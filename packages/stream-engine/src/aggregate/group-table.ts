/**
 * The groups of one pane: key bytes → number of the group, counted in order of first appearance. Open addressing over
 * Int32Arrays; the bytes of all keys lie one after another in one arena. Does not forget: a pane goes as a whole.
 */
import type { DataType } from '@millrace/sql';
import { StateError, type StateReader, type StateWriter } from '../state-bytes.js';
import type { Dictionary, Vector } from '../vector.js';
import { type KeyWriter, readKeys } from './key-bytes.js';

const FIRST_SLOTS = 32;

export class GroupTable {
  size = 0;
  private readonly types: readonly DataType[];
  private readonly writer: KeyWriter;
  private arena = Buffer.allocUnsafe(512);
  /** Where key i begins; the one after the last is where the next will. */
  private offsets = new Int32Array(FIRST_SLOTS);
  private hashes = new Int32Array(FIRST_SLOTS);
  /** Group number + 1, or 0. */
  private slots = new Int32Array(FIRST_SLOTS);
  /** Ids of the dictionary seen last → group number, or -1: names are looked up once, not for each row. */
  private translation = new Int32Array(0);
  private translated: readonly string[] | undefined;

  /** @param writer scratch that all tables of an operator share */
  constructor(types: readonly DataType[], writer: KeyWriter) {
    this.types = types;
    this.writer = writer;
  }

  /** Finds or makes the groups of the rows from..to and puts their numbers at the same places of `groups`. */
  resolve(keys: readonly Vector[], from: number, to: number, groups: Int32Array): void {
    const only = keys.length === 1 ? keys[0] : undefined;
    if (only?.form === 'dictionary' && only.nulls === undefined) {
      this.resolveNames(only, from, to, groups);
      return;
    }
    for (let row = from; row < to; row++) {
      this.writer.write(keys, this.types, row);
      groups[row] = this.findOrAdd(this.writer.buffer, 0, this.writer.length);
    }
  }

  /** @returns the number of the group with the same key as group `group` of `other` */
  adopt(other: GroupTable, group: number): number {
    return this.findOrAdd(other.arena, other.offsets[group]!, other.offsets[group + 1]!);
  }

  keys(): readonly Vector[] {
    return readKeys(this.types, this.arena, this.offsets, this.size);
  }

  /** The keys of the groups from..to. */
  write(state: StateWriter, from: number, to: number): void {
    for (let group = from; group < to; group++)
      state.bytes(this.arena.subarray(this.offsets[group]!, this.offsets[group + 1]!));
  }

  /** Reads the keys of the next `count` groups. */
  read(state: StateReader, count: number): void {
    for (let left = count; left > 0; left--) {
      const { size } = this;
      const key = state.bytes();
      if (this.findOrAdd(key, 0, key.length) !== size) throw new StateError('damaged', 'two groups have one key');
    }
  }

  /** Makes room for that many groups at once, in a table that is empty. */
  reserve(groups: number): void {
    let slots = FIRST_SLOTS;
    while (slots < (groups + 1) * 2) slots *= 2;
    this.slots = new Int32Array(slots);
    this.offsets = new Int32Array(slots);
    this.hashes = new Int32Array(slots);
  }

  private resolveNames(column: Dictionary, from: number, to: number, groups: Int32Array): void {
    const translation = this.translationOf(column.names);
    const { ids } = column;
    for (let row = from; row < to; row++) {
      const id = ids[row]!;
      let group = translation[id]!;
      if (group === -1) {
        this.writer.write([column], this.types, row);
        group = this.findOrAdd(this.writer.buffer, 0, this.writer.length);
        translation[id] = group;
      }
      groups[row] = group;
    }
  }

  /** Ids keep their meaning as long as batches bring the same array of names, which may have grown. */
  private translationOf(names: readonly string[]): Int32Array {
    if (this.translated === names && this.translation.length >= names.length) return this.translation;
    const kept = this.translated === names ? this.translation : new Int32Array(0);
    const translation = new Int32Array(Math.max(16, names.length * (kept.length > 0 ? 2 : 1))).fill(-1);
    translation.set(kept);
    this.translation = translation;
    this.translated = names;
    return translation;
  }

  private findOrAdd(bytes: Buffer, start: number, end: number): number {
    let hash = -2128831035;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 16777619);
    // FNV mixes upwards only; the slot is taken from the low bits.
    hash ^= hash >>> 15;
    const mask = this.slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const group = this.slots[slot]! - 1;
      if (group === -1) return this.add(bytes, start, end, { hash, slot });
      if (this.hashes[group] === hash && this.isKey(group, bytes, start, end)) return group;
    }
  }

  private isKey(group: number, bytes: Buffer, start: number, end: number): boolean {
    const { arena } = this;
    const own = this.offsets[group]!;
    const size = end - start;
    if (this.offsets[group + 1]! - own !== size) return false;
    for (let at = 0; at < size; at++) if (arena[own + at] !== bytes[start + at]) return false;
    return true;
  }

  private add(
    bytes: Buffer,
    start: number,
    end: number,
    place: { readonly hash: number; readonly slot: number },
  ): number {
    const group = this.size;
    const at = this.offsets[group]!;
    const size = end - start;
    if (at + size > this.arena.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.arena.length * 2, at + size));
      this.arena.copy(larger, 0, 0, at);
      this.arena = larger;
    }
    bytes.copy(this.arena, at, start, end);
    this.hashes[group] = place.hash;
    this.slots[place.slot] = group + 1;
    this.size++;
    if ((this.size + 1) * 2 > this.slots.length) this.grow();
    this.offsets[group + 1] = at + size;
    return group;
  }

  private grow(): void {
    const slots = new Int32Array(this.slots.length * 2);
    const offsets = new Int32Array(slots.length);
    const hashes = new Int32Array(slots.length);
    offsets.set(this.offsets);
    hashes.set(this.hashes);
    const mask = slots.length - 1;
    for (let group = 0; group < this.size; group++) {
      let slot = hashes[group]! & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = group + 1;
    }
    this.slots = slots;
    this.offsets = offsets;
    this.hashes = hashes;
  }
}
