/**
 * The figures of docs/adr/0005-column-forms.md: what a BIGINT, a DECIMAL and an expression cost in each candidate form.
 * Run: npx tsx --conditions=source packages/stream-engine/bench/column-forms.ts
 */
import { loadavg } from 'node:os';

const ROWS = 4096;
const MIN_MS = 250;

function measure(name: string, body: () => unknown): void {
  for (let warm = 0; warm < 200; warm++) body();
  let rounds = 0;
  const started = performance.now();
  let elapsed = 0;
  while (elapsed < MIN_MS) {
    for (let i = 0; i < 50; i++) body();
    rounds += 50;
    elapsed = performance.now() - started;
  }
  const nanoseconds = (elapsed * 1e6) / (rounds * ROWS);
  console.log(
    `${name.padEnd(62)} ${nanoseconds.toFixed(2).padStart(8)} ns/row ${(1000 / nanoseconds).toFixed(0).padStart(6)} M/s`,
  );
}

const TWO_32 = 4294967296;
const SAFE = Number.MAX_SAFE_INTEGER;
const left = new BigInt64Array(ROWS);
const right = new BigInt64Array(ROWS);
const out = new BigInt64Array(ROWS);
const leftNumbers = new Float64Array(ROWS);
const rightNumbers = new Float64Array(ROWS);
const outNumbers = new Float64Array(ROWS);
const leftWords = new Int32Array(left.buffer);
const rightWords = new Int32Array(right.buffer);
const outWords = new Int32Array(out.buffer);
const leftPlain: bigint[] = [];
const rightPlain: bigint[] = [];
const outPlain: bigint[] = new Array(ROWS).fill(0n);
for (let i = 0; i < ROWS; i++) {
  leftNumbers[i] = 1_700_000_000_000 + i * 977;
  rightNumbers[i] = i * 31 - 5000;
  left[i] = BigInt(leftNumbers[i]!);
  right[i] = BigInt(rightNumbers[i]!);
  leftPlain.push(left[i]!);
  rightPlain.push(right[i]!);
}

function addBigInt64(): number {
  let overflow = 0;
  for (let i = 0; i < ROWS; i++) {
    const a = left[i]!;
    const b = right[i]!;
    const sum = BigInt.asIntN(64, a + b);
    out[i] = sum;
    if (((a ^ sum) & (b ^ sum)) < 0n) overflow++;
  }
  return overflow;
}

function addBigInt64Unchecked(): void {
  for (let i = 0; i < ROWS; i++) out[i] = BigInt.asIntN(64, left[i]! + right[i]!);
}

function addWords(): number {
  let slow = 0;
  for (let i = 0; i < ROWS; i++) {
    const at = i << 1;
    const sum = (leftWords[at + 1]! + rightWords[at + 1]!) * TWO_32 + (leftWords[at]! >>> 0) + (rightWords[at]! >>> 0);
    if (sum > SAFE || sum < -SAFE) slow++;
    outWords[at] = sum % TWO_32;
    outWords[at + 1] = Math.floor(sum / TWO_32);
  }
  return slow;
}

function addNumbers(): number {
  let slow = 0;
  for (let i = 0; i < ROWS; i++) {
    const sum = leftNumbers[i]! + rightNumbers[i]!;
    outNumbers[i] = sum;
    if (sum > SAFE || sum < -SAFE) slow++;
  }
  return slow;
}

function addPlain(): void {
  for (let i = 0; i < ROWS; i++) {
    const sum = leftPlain[i]! + rightPlain[i]!;
    if (sum > 9223372036854775807n || sum < -9223372036854775808n) throw new Error('overflow');
    outPlain[i] = sum;
  }
}

function multiplyBigInt64(): number {
  let overflow = 0;
  for (let i = 0; i < ROWS; i++) {
    const product = left[i]! * right[i]!;
    const wrapped = BigInt.asIntN(64, product);
    out[i] = wrapped;
    if (wrapped !== product) overflow++;
  }
  return overflow;
}

function multiplyNumbers(): number {
  let slow = 0;
  for (let i = 0; i < ROWS; i++) {
    const product = leftNumbers[i]! * rightNumbers[i]!;
    outNumbers[i] = product;
    if (product > SAFE || product < -SAFE) slow++;
  }
  return slow;
}

function sumBigInt64(): bigint {
  let sum = 0n;
  for (let i = 0; i < ROWS; i++) sum = BigInt.asIntN(64, sum + left[i]!);
  return sum;
}

function sumNumbers(): number {
  let sum = 0;
  for (let i = 0; i < ROWS; i++) sum += rightNumbers[i]!;
  return sum;
}

function maxBigInt64(): bigint {
  let max = left[0]!;
  for (let i = 1; i < ROWS; i++) if (left[i]! > max) max = left[i]!;
  return max;
}

function maxNumbers(): number {
  let max = leftNumbers[0]!;
  for (let i = 1; i < ROWS; i++) if (leftNumbers[i]! > max) max = leftNumbers[i]!;
  return max;
}

/** (a + 1) * 2 > b, once as kernels over columns, once as one generated loop. */
const ints = new Int32Array(ROWS).map((_, i) => i * 7);
const others = new Int32Array(ROWS).map((_, i) => i * 11);
const ones = new Int32Array(ROWS).fill(1);
const twos = new Int32Array(ROWS).fill(2);
const scratchA = new Int32Array(ROWS);
const scratchB = new Int32Array(ROWS);
const flags = new Uint8Array(ROWS);

function addKernel(a: Int32Array, b: Int32Array, target: Int32Array, count: number): number {
  let overflow = 0;
  for (let i = 0; i < count; i++) {
    const sum = a[i]! + b[i]!;
    target[i] = sum;
    if (sum !== (sum | 0)) overflow++;
  }
  return overflow;
}
function multiplyKernel(a: Int32Array, b: Int32Array, target: Int32Array, count: number): number {
  let overflow = 0;
  for (let i = 0; i < count; i++) {
    const product = a[i]! * b[i]!;
    target[i] = product;
    if (product > 2147483647 || product < -2147483648) overflow++;
  }
  return overflow;
}
function greaterKernel(a: Int32Array, b: Int32Array, target: Uint8Array, count: number): void {
  for (let i = 0; i < count; i++) target[i] = a[i]! > b[i]! ? 1 : 0;
}
function kernels(): void {
  addKernel(ints, ones, scratchA, ROWS);
  multiplyKernel(scratchA, twos, scratchB, ROWS);
  greaterKernel(scratchB, others, flags, ROWS);
}
const generated = new Function(
  'a',
  'b',
  'out',
  'count',
  'constants',
  `let overflow = 0; const c0 = constants[0], c1 = constants[1];
   for (let i = 0; i < count; i++) { const s = a[i] + c0; if (s !== (s | 0)) overflow++;
   const p = s * c1; if (p > 2147483647 || p < -2147483648) overflow++; out[i] = p > b[i] ? 1 : 0; } return overflow;`,
) as (a: Int32Array, b: Int32Array, out: Uint8Array, count: number, constants: number[]) => number;
type RowFunction = (i: number) => number;
const rowColumn =
  (column: Int32Array): RowFunction =>
  (i) =>
    column[i]!;
const rowConstant =
  (value: number): RowFunction =>
  () =>
    value;
/** As many as a loop's counter would be: read at the end, so that the checks are not optimised away. */
let rowOverflow = 0;
const rowAdd =
  (a: RowFunction, b: RowFunction): RowFunction =>
  (i) => {
    const sum = a(i) + b(i);
    if (sum !== (sum | 0)) rowOverflow++;
    return sum;
  };
const rowMultiply =
  (a: RowFunction, b: RowFunction): RowFunction =>
  (i) => {
    const product = a(i) * b(i);
    if (product > 2147483647 || product < -2147483648) rowOverflow++;
    return product;
  };
const rowGreater =
  (a: RowFunction, b: RowFunction): RowFunction =>
  (i) =>
    a(i) > b(i) ? 1 : 0;
// In turn, as a server with many jobs has them: the runtime cannot inline one expression into the loop.
const rowExpressions = Array.from({ length: 8 }, (_, index) =>
  index % 2 === 0
    ? rowGreater(rowMultiply(rowAdd(rowColumn(ints), rowConstant(1)), rowConstant(2)), rowColumn(others))
    : rowGreater(rowColumn(others), rowAdd(rowMultiply(rowConstant(2), rowColumn(ints)), rowConstant(index))),
);
let turn = 0;
function rows(): void {
  const expression = rowExpressions[turn++ % rowExpressions.length]!;
  for (let i = 0; i < ROWS; i++) flags[i] = expression(i);
}

function compileCost(): void {
  const started = performance.now();
  for (let i = 0; i < 1000; i++)
    new Function('a', 'out', 'count', `for (let i = 0; i < count; i++) out[i] = a[i] + ${i};`)(ints, scratchA, 20);
  console.log(`new Function and its first 20 rows: ${(performance.now() - started).toFixed(1)} µs each`);
}

console.log(
  `load average ${loadavg()
    .map((value) => value.toFixed(2))
    .join(' ')}, Node ${process.version}`,
);
measure('BIGINT + : BigInt64Array, asIntN, overflow by sign bits', addBigInt64);
measure('BIGINT + : BigInt64Array, unchecked', addBigInt64Unchecked);
measure('BIGINT + : BigInt64Array read as 32-bit words', addWords);
measure('BIGINT + : Float64Array, |result| <= 2^53 checked', addNumbers);
measure('BIGINT + : bigint[] with range check (also DECIMAL)', addPlain);
measure('BIGINT * : BigInt64Array, wide product compared', multiplyBigInt64);
measure('BIGINT * : Float64Array, |result| <= 2^53 checked', multiplyNumbers);
measure('sum(BIGINT): BigInt64Array', sumBigInt64);
measure('sum(BIGINT): Float64Array', sumNumbers);
measure('max(BIGINT): BigInt64Array', maxBigInt64);
measure('max(BIGINT): Float64Array', maxNumbers);
measure('(a + 1) * 2 > b: one kernel a node over columns', kernels);
measure('(a + 1) * 2 > b: one generated loop', () => generated(ints, others, flags, ROWS, [1, 2]));
measure('(a + 1) * 2 > b: closures called for each row', rows);
compileCost();
if (rowOverflow > 0) console.log(`${rowOverflow} rows overflowed`);
