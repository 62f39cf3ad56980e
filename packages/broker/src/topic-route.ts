/** Where the messages of one topic go: computed when first needed, and anew when the tree of filters has changed. */
import type { ConsumerGroup } from './consumer-group.js';
import type { TopicTree } from './topic-tree.js';

export class TopicRoute {
  readonly tree: TopicTree;
  readonly topic: string;
  generation = 0;
  groups: readonly ConsumerGroup[] = [];
  /** Those that may refuse a message, or hold senders back. */
  bounded: readonly ConsumerGroup[] = [];
  /** The only group there is. */
  only: ConsumerGroup | undefined = undefined;

  constructor(tree: TopicTree, topic: string) {
    this.tree = tree;
    this.topic = topic;
  }

  refresh(): void {
    this.generation = this.tree.generation;
    this.groups = this.tree.match(this.topic).map((subscription) => subscription.group);
    this.bounded = this.groups.filter((group) => group.whenFull !== 'dropOldest');
    this.only = this.groups.length === 1 ? this.groups[0] : undefined;
  }

  /** The groups as they are now. */
  current(): readonly ConsumerGroup[] {
    if (this.generation !== this.tree.generation) this.refresh();
    return this.groups;
  }
}
