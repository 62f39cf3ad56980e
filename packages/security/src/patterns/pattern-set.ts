/**
 * The patterns of one user and verb, and the one question to them: do they cover this address, or all that this topic
 * filter could match? Rules are MQTT's [MQTT-4.7.1-1..3, MQTT-4.7.2-1]: `+` is one level, `#` is the level before it and
 * all below, and neither stands for a first level that begins with `$`.
 *
 * Patterns are a tree of levels. A question walks it level by level with the set of nodes that agree so far, so it costs
 * as many steps as the address has levels where patterns do not overlap.
 *
 * Why a set of nodes is exact for filters too: a `+` in a filter stands also for a level that no pattern names, so what
 * covers it must have a wildcard there; what `#` stands for is taken one level deeper each time, until a pattern's own `#`
 * covers the rest or none is left.
 */

interface Node {
  readonly children: Map<string, Node>;
  plus: Node | undefined;
  /** A pattern ends here. */
  ends: boolean;
  /** A pattern goes on with `#` from here. */
  open: boolean;
}

export class PatternSet {
  private readonly root: Node = node();
  /** Patterns without wildcards, as they are: most questions end here. */
  private readonly exact = new Set<string>();
  private depth = 0;
  private size = 0;

  get isEmpty(): boolean {
    return this.size === 0;
  }

  /** @param levels of one pattern; those that were filled in stand for themselves, whatever they look like */
  add(levels: readonly string[]): void {
    this.size += 1;
    this.depth = Math.max(this.depth, levels.length);
    let at = this.root;
    let wild = false;
    for (const [index, level] of levels.entries()) {
      if (level === '#' && index === levels.length - 1) {
        at.open = true;
        return;
      }
      wild ||= level === '+';
      at = level === '+' ? plusOf(at) : childOf(at, level);
    }
    at.ends = true;
    if (!wild) this.exact.add(levels.join('/'));
  }

  /** Whether all that `filter` matches is covered; a filter without wildcards matches itself. */
  covers(filter: string): boolean {
    if (this.exact.has(filter)) return true;
    let nodes: readonly Node[] = [this.root];
    let start = 0;
    for (;;) {
      const slash = filter.indexOf('/', start);
      const level = slash < 0 ? filter.slice(start) : filter.slice(start, slash);
      // A leading wildcard of a pattern stands for no name that begins with $.
      const wild = start > 0 || !level.startsWith('$');
      if (wild && nodes.some(isOpen)) return true;
      if (slash < 0 && level === '#') return this.coversBelow(nodes, start === 0);
      nodes = next(nodes, level, wild);
      if (nodes.length === 0) return false;
      if (slash < 0) return nodes.some(({ ends, open }) => ends || open);
      start = slash + 1;
    }
  }

  /** `#`: the level before it, and each number of levels below. */
  private coversBelow(from: readonly Node[], atRoot: boolean): boolean {
    let nodes = from;
    for (let step = 0; step <= this.depth; step += 1) {
      if (nodes.some(isOpen)) return true;
      // There is no name of no levels, so at the root nothing has to end.
      if (!(atRoot && step === 0) && !nodes.some(({ ends }) => ends)) return false;
      nodes = next(nodes, '+', true);
      if (nodes.length === 0) return false;
    }
    return false;
  }
}

function node(): Node {
  return { children: new Map(), plus: undefined, ends: false, open: false };
}

function childOf(parent: Node, level: string): Node {
  let child = parent.children.get(level);
  if (child === undefined) {
    child = node();
    parent.children.set(level, child);
  }
  return child;
}

function plusOf(parent: Node): Node {
  parent.plus ??= node();
  return parent.plus;
}

function isOpen({ open }: Node): boolean {
  return open;
}

function next(nodes: readonly Node[], level: string, wild: boolean): readonly Node[] {
  const reached: Node[] = [];
  for (const { children, plus } of nodes) {
    if (level !== '+') {
      const child = children.get(level);
      if (child !== undefined) reached.push(child);
    }
    if (wild && plus !== undefined) reached.push(plus);
  }
  return reached;
}
