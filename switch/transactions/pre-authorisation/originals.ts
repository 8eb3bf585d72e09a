import type { OriginalSort } from '../original.ts';

/** What completions and voids of pre-authorisations name; field 38 with a date is enough. */
export const PRE_AUTHORISATIONS: OriginalSort = {
  kinds: ['pre-authorisation'],
  messageTypes: ['0100'],
  byAuthorisation: true,
};

export const COMPLETIONS: OriginalSort = { kinds: ['completion'], messageTypes: ['0200', '0220'] };
