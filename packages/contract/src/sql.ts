/** What the server says of a SQL text that somebody is writing. */

/** Half-open range of characters. */
export interface SqlSpan {
  readonly start: number;
  readonly end: number;
}

/** Something that puts the text right, in words; and as an edit where it is one. */
export interface SqlFix {
  readonly title: string;
  readonly edit?: { readonly span: SqlSpan; readonly text: string };
}

export interface SqlDiagnostic {
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly span: SqlSpan;
  /** From 1, like `column`. */
  readonly line: number;
  readonly column: number;
  readonly fixes: readonly SqlFix[];
}

export interface SqlAnalysis {
  /** Whether a job (or, without INSERT INTO, a preview) of this text would be run here. */
  readonly valid: boolean;
  readonly kind: 'job' | 'query';
  readonly diagnostics: readonly SqlDiagnostic[];
  readonly source?: string;
  readonly target?: string;
  /** Columns of the result. */
  readonly columns?: readonly { readonly name: string; readonly type: string; readonly nullable: boolean }[];
  /** For people, as a tree. */
  readonly plan?: string;
}

export interface SqlCompletion {
  readonly label: string;
  readonly kind: 'keyword' | 'function' | 'column' | 'address' | 'type';
  /** Type or signature; may be empty. */
  readonly detail: string;
  readonly insert: string;
}

export interface SqlCompletions {
  /** Characters that `insert` replaces. */
  readonly from: number;
  readonly to: number;
  readonly items: readonly SqlCompletion[];
}
