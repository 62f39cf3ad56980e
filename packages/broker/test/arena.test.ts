import { describe, expect, test } from 'vitest';
import { Arena, type Message, Outcome } from '../src/index.js';
import { Host, message, textOf } from './support/host.js';

describe('the arena', () => {
  test('puts messages side by side into one block', () => {
    const arena = new Arena();
    const [first, second] = ['one', 'two'].map((text) => message('a', text).own(arena));
    expect(first!.bytes).toBe(second!.bytes);
    expect([textOf(first!), textOf(second!)]).toEqual(['one', 'two']);
  });

  test('gives a large message a buffer of its own', () => {
    const owned = message('a', 'x', { size: 20_000 }).own(new Arena());
    expect(owned.bytes.length).toBe(20_000);
  });

  test('a borrowed message is owned once', () => {
    const arena = new Arena();
    const borrowed = message('a', 'x');
    const copy = borrowed.own(arena);
    expect([borrowed.own(arena), copy.own(arena)]).toEqual([copy, copy]);
    borrowed.bytes.fill(0);
    expect(textOf(copy)).toBe('x');
    expect(borrowed.reuse().own(arena)).not.toBe(copy);
  });

  test('few messages that stay do not pin the blocks they came in', () => {
    const host = new Host();
    host.broker.declare('q', { type: 'queue' });
    const sender = host.producer('q');
    const consumer = host.subscribe('q', { capacity: 100_000 });
    for (let i = 0; i < 50_000; i++) sender.send(`${i}`, { size: 100 });
    const kept: Message[] = [];
    consumer.deliveries.forEach((delivery, i) => {
      if (i % 500 === 0) kept.push(delivery.message);
      delivery.settle(i % 500 === 0 ? Outcome.released : Outcome.accepted);
    });
    consumer.credit = 0;
    host.turn();
    const blocks = () => new Set(kept.map((one) => one.bytes)).size;
    expect(blocks()).toBeGreaterThan(70);
    for (let i = 0; i < 20; i++) host.broker.tick(host.nowMs);
    expect(blocks()).toBeLessThan(20);
    expect(kept.map(textOf)).toEqual(Array.from({ length: 100 }, (_one, i) => `${i * 500}`));
    consumer.give(1000);
    expect(consumer.texts.slice(50_000)).toEqual(kept.map(textOf));
  });

  test('what is with a consumer, or in another subscription too, is not moved', () => {
    const host = new Host();
    host.broker.declare('t', { type: 'topic' });
    const holding = host.subscribe('t', { capacity: 50_000 });
    const waiting = host.subscribe('t', { capacity: 0 });
    const sender = host.producer('t');
    for (let i = 0; i < 40_000; i++) sender.send(`${i}`, { size: 100 });
    const buffers = holding.messages.map((one) => one.bytes);
    holding.deliveries.forEach((delivery, i) => {
      if (i % 500 !== 0) delivery.settle(Outcome.accepted);
    });
    for (let i = 0; i < 20; i++) host.broker.tick(host.nowMs);
    expect(holding.messages.every((one, i) => one.bytes === buffers[i])).toBe(true);
    expect(waiting.subscription.backlog()).toBe(40_000);
  });
});
