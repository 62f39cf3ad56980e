/** "Did you mean": the nearest of the names there are. */

const LENGTH_MAX = 64;

/** Edits (insert, delete, replace, swap of neighbours) between two short texts. */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (last[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      let best = Math.min(replaced, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) {
        best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[to.length] ?? 0;
}

/** The nearest candidate that is near enough to be a slip of the hand, or undefined. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase().slice(0, LENGTH_MAX);
  let best: string | undefined;
  let bestDistance = wanted.length <= 2 ? 1 : wanted.length <= 5 ? 2 : 3;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - wanted.length) > bestDistance) continue;
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance < bestDistance || (distance === bestDistance && best === undefined && distance < wanted.length)) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `did you mean x?`, or the text for the case that nothing is near. */
export function didYouMean(name: string, candidates: Iterable<string>, otherwise = ''): string {
  const found = nearest(name, candidates);
  return found === undefined ? otherwise : `did you mean ${found}?`;
}
