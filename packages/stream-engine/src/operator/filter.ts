/** WHERE and HAVING: hands on the rows for which the condition is true, neither false nor NULL. */
import type { PlanNode } from '@millrace/sql';
import type { ColumnBatch } from '../column-batch.js';
import { RowErrors } from '../errors.js';
import { ExpressionCompiler } from '../expression/compile.js';
import type { Evaluator } from '../expression/evaluator.js';
import type { Flags } from '../vector.js';
import { Operator, type OperatorOptions } from './operator.js';
import { RowPicker } from './row-picker.js';

export class FilterOperator extends Operator {
  private readonly node: Extract<PlanNode, { kind: 'filter' }>;
  private readonly condition: Evaluator;
  private readonly errors = new RowErrors();
  private readonly picker = new RowPicker();

  constructor(node: Extract<PlanNode, { kind: 'filter' }>, options: OperatorOptions, next: Operator) {
    super(options, next);
    this.node = node;
    this.condition = new ExpressionCompiler().compile(node.condition);
  }

  process(batch: ColumnBatch): void {
    this.errors.reset();
    const condition = this.condition.evaluate(batch, this.errors) as Flags;
    if (this.errors.count > 0) {
      const remaining = this.withoutFailed(batch, this.node.input.output, this.errors);
      if (remaining.count > 0) this.process(remaining);
      return;
    }
    const rows = this.picker.rowNumbers(batch.count);
    const { values, nulls } = condition;
    let count = 0;
    for (let row = 0; row < batch.count; row++)
      if (values[row] === 1 && (nulls === undefined || nulls[row] === 0)) rows[count++] = row;
    if (count === 0) return;
    this.next!.process(count === batch.count ? batch : this.picker.pick(batch, rows, count));
  }
}
