// Placeholder until the job runner is in: lets the messaging half be composed and measured.
import type { JobObservation, MessageAccess, ProcessingPlane } from '@millrace/controller';

export interface EmbeddedProcessingPlaneOptions {
  readonly access: MessageAccess;
  readonly onFault: (error: unknown) => void;
  readonly otherReceivers: (address: string) => number;
}

export class EmbeddedProcessingPlane implements ProcessingPlane {
  readonly capabilities = { plane: 'embedded', onErrorSkip: true };
  constructor(options: EmbeddedProcessingPlaneOptions) {
    void options;
  }
  admit() {
    return [{ message: 'jobs are not built yet', start: 0, end: 1 }];
  }
  async deploy(): Promise<void> {}
  async remove(): Promise<void> {}
  async control(): Promise<void> {}
  observe(): JobObservation | undefined {
    return undefined;
  }
  results() {
    return [];
  }
  outputSchema() {
    return [];
  }
  close(): void {}
}
