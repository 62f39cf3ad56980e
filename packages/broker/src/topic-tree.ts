/**
 * Which subscriptions a topic's messages go to: a tree of filters by level. `generation` rises whenever an answer may
 * have changed, so that a route once computed is valid as long as it stands.
 */
import type { TopicSubscription } from './topic-subscription.js';

class TreeNode {
  readonly children = new Map<string, TreeNode>();
  /** Subscriptions whose filter ends here. */
  readonly subscriptions: TopicSubscription[] = [];

  get empty(): boolean {
    return this.children.size === 0 && this.subscriptions.length === 0;
  }
}

export class TopicTree {
  generation = 1;
  private readonly root = new TreeNode();

  add(subscription: TopicSubscription): void {
    let node = this.root;
    for (const level of subscription.source.split('/')) {
      let child = node.children.get(level);
      if (child === undefined) {
        child = new TreeNode();
        node.children.set(level, child);
      }
      node = child;
    }
    node.subscriptions.push(subscription);
    this.generation++;
  }

  remove(subscription: TopicSubscription): void {
    const levels = subscription.source.split('/');
    const path = [this.root];
    for (const level of levels) {
      const child = path.at(-1)!.children.get(level);
      if (child === undefined) return;
      path.push(child);
    }
    const { subscriptions } = path.at(-1)!;
    const at = subscriptions.indexOf(subscription);
    if (at < 0) return;
    subscriptions.splice(at, 1);
    for (let depth = levels.length; depth > 0 && path[depth]!.empty; depth--) {
      path[depth - 1]!.children.delete(levels[depth - 1]!);
    }
    this.generation++;
  }

  /** All whose filter matches the topic; each once. */
  match(topic: string): TopicSubscription[] {
    const found: TopicSubscription[] = [];
    collect(this.root, topic.split('/'), 0, found);
    return found;
  }
}

function collect(node: TreeNode, levels: readonly string[], depth: number, found: TopicSubscription[]): void {
  const wildcards = depth > 0 || !levels[0]!.startsWith('$');
  if (wildcards) {
    const rest = node.children.get('#');
    if (rest !== undefined) found.push(...rest.subscriptions);
  }
  if (depth === levels.length) {
    found.push(...node.subscriptions);
    return;
  }
  const exact = node.children.get(levels[depth]!);
  if (exact !== undefined) collect(exact, levels, depth + 1, found);
  const single = wildcards ? node.children.get('+') : undefined;
  if (single !== undefined) collect(single, levels, depth + 1, found);
}
