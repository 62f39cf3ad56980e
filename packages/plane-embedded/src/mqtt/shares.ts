/** How many sessions hold each durable shared subscription: it is forgotten with the last one (MQTT 5 §4.8.2). */
export class Shares {
  private readonly members = new Map<string, number>();

  join(durableName: string | undefined): void {
    if (durableName !== undefined) this.members.set(durableName, (this.members.get(durableName) ?? 0) + 1);
  }

  has(durableName: string): boolean {
    return this.members.has(durableName);
  }

  /** @returns true when that was the last one */
  leave(durableName: string | undefined): boolean {
    if (durableName === undefined) return false;
    const left = (this.members.get(durableName) ?? 1) - 1;
    if (left > 0) this.members.set(durableName, left);
    else this.members.delete(durableName);
    return left <= 0;
  }
}
