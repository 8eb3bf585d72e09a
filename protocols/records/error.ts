/** For folders that may use the records and nothing else of the protocols. */
export { ProtocolError, type ProtocolErrorCode } from '../error.ts';
