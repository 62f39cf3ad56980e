/** What documents can be sorted and filtered by. Figures are asked of the plane alone, since there may be many. */
import type { AddressSpec, JobSpec, Kind, Labels, UserSpec } from '@millrace/contract';
import type { AddressFigures, Controller, JobObservation } from '@millrace/controller';
import { type Listing, number, text } from './listing.js';

/** A document without its status. */
export interface ListedDocument {
  readonly metadata: {
    readonly name: string;
    readonly labels: Labels;
    readonly generation: number;
    readonly createdAt: string;
  };
  readonly spec: AddressSpec | JobSpec | UserSpec;
}

const METADATA = {
  name: text(({ metadata }: ListedDocument) => metadata.name),
  createdAt: text(({ metadata }: ListedDocument) => metadata.createdAt),
  generation: number(({ metadata }: ListedDocument) => metadata.generation),
};
const COMMON = {
  key: ({ metadata }: ListedDocument) => metadata.name,
  keyed: { labels: ({ metadata }: ListedDocument, key: string) => metadata.labels[key] },
};

export function documentListing(controller: Controller, kind: Kind): Listing<ListedDocument> {
  switch (kind) {
    case 'Address':
      return addressListing(controller);
    case 'Job':
      return jobListing(controller);
    case 'User':
      return userListing(controller);
  }
}

function userListing(controller: Controller): Listing<ListedDocument> {
  const phase = text(({ metadata }: ListedDocument) => controller.get('User', metadata.name)?.status.phase);
  return { ...COMMON, fields: { ...METADATA, phase } };
}

function addressListing(controller: Controller): Listing<ListedDocument> {
  const observed = (read: (figures: AddressFigures) => number) =>
    number(({ metadata }: ListedDocument) => {
      const figures = controller.messaging.addressFigures(metadata.name);
      return figures === undefined ? undefined : read(figures);
    });
  return {
    ...COMMON,
    fields: {
      ...METADATA,
      type: text(({ spec }: ListedDocument) => ('type' in spec ? spec.type : undefined)),
      phase: text(({ metadata }: ListedDocument) => controller.get('Address', metadata.name)?.status.phase),
      stored: observed(({ stored }) => stored),
      storedBytes: observed(({ storedBytes }) => storedBytes),
      senders: observed(({ senders }) => senders),
      receivers: observed(({ receivers }) => receivers),
      messagesIn: observed(({ messagesIn }) => messagesIn),
      messagesOut: observed(({ messagesOut }) => messagesOut),
      rejected: observed(({ rejected }) => rejected),
      dropped: observed(({ dropped }) => dropped),
      expired: observed(({ expired }) => expired),
      deadLettered: observed(({ deadLettered }) => deadLettered),
    },
  };
}

function jobListing(controller: Controller): Listing<ListedDocument> {
  const observed = (read: (observation: JobObservation) => number) =>
    number(({ metadata }: ListedDocument) => {
      const observation = controller.processing.observe(metadata.name);
      return observation === undefined ? undefined : read(observation);
    });
  const status = ({ metadata }: ListedDocument) => controller.get('Job', metadata.name)?.status;
  return {
    ...COMMON,
    fields: {
      ...METADATA,
      phase: text((document: ListedDocument) => status(document)?.phase),
      source: text((document: ListedDocument) => status(document)?.source),
      target: text((document: ListedDocument) => status(document)?.target),
      backlog: observed(({ backlog }) => backlog),
      rowsIn: observed(({ rowsIn }) => rowsIn),
      rowsOut: observed(({ rowsOut }) => rowsOut),
      rowsLate: observed(({ rowsLate }) => rowsLate),
      rowsFailed: observed(({ rowsFailed }) => rowsFailed),
    },
  };
}
