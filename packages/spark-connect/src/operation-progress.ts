import type { ExecutionProgress } from './generated/service_pb.js';

/** How far an operation is. Servers tell it every two seconds (`spark.connect.progress.reportInterval`). */
export interface OperationProgress {
  readonly runningTasks: number;
  readonly stages: readonly StageProgress[];
}

export interface StageProgress {
  readonly id: number;
  readonly tasks: number;
  readonly completedTasks: number;
  readonly inputBytes: number;
  readonly isDone: boolean;
}

export function toOperationProgress({ stages, numInflightTasks }: ExecutionProgress): OperationProgress {
  return {
    runningTasks: Number(numInflightTasks),
    stages: stages.map(({ stageId, numTasks, numCompletedTasks, inputBytesRead, done }) => ({
      id: Number(stageId),
      tasks: Number(numTasks),
      completedTasks: Number(numCompletedTasks),
      inputBytes: Number(inputBytesRead),
      isDone: done,
    })),
  };
}
