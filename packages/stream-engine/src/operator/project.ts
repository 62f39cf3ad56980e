/** SELECT: computes the columns of the output. */
import type { PlanNode } from '@millrace/sql';
import type { ColumnBatch } from '../column-batch.js';
import { RowErrors } from '../errors.js';
import { ExpressionCompiler } from '../expression/compile.js';
import type { Evaluator } from '../expression/evaluator.js';
import { Operator, type OperatorOptions } from './operator.js';

export class ProjectOperator extends Operator {
  private readonly node: Extract<PlanNode, { kind: 'project' }>;
  private readonly expressions: readonly Evaluator[];
  private readonly errors = new RowErrors();

  constructor(node: Extract<PlanNode, { kind: 'project' }>, options: OperatorOptions, next: Operator) {
    super(options, next);
    this.node = node;
    const compiler = new ExpressionCompiler();
    this.expressions = node.expressions.map((expression) => compiler.compile(expression));
  }

  process(batch: ColumnBatch): void {
    this.errors.reset();
    const columns = this.expressions.map((expression) => expression.evaluate(batch, this.errors));
    if (this.errors.count === 0) {
      this.next!.process({ count: batch.count, columns, watermarks: batch.watermarks });
      return;
    }
    const remaining = this.withoutFailed(batch, this.node.input.output, this.errors);
    if (remaining.count > 0) this.process(remaining);
  }
}
