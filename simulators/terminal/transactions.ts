/** The transactions of a simulated terminal as the dialect's table has them. */

export interface SimulatedTransaction {
  messageType: string;
  processingCode?: string;
  conditionCode?: string;
  /** Field 60.1; 00 when left out. */
  transactionType?: string;
  /** Field 60.3; 000 when left out. */
  networkCode?: string;
  /** `read`: track 2, and a PIN when there is one. `number`: field 2 alone. */
  card?: 'read' | 'number';
  /** Fields 37, 38 and 61 of an earlier slip. */
  original?: boolean;
  /** It belongs to the batch that was settled last. */
  settledBatch?: boolean;
  mac: boolean;
  reversible?: boolean;
  /** Which side of the batch's totals it counts on. */
  side?: 'debit' | 'credit';
}

const MAC = { mac: true } as const;
const REVERSIBLE = { mac: true, reversible: true } as const;
const OPEN = { mac: false } as const;

// biome-ignore format: a table, one transaction a line.
export const TRANSACTIONS = {
  'pre-authorisation':      { messageType: '0100', processingCode: '030000', conditionCode: '06', transactionType: '10', card: 'read', ...REVERSIBLE },
  'pre-authorisation-void': { messageType: '0100', processingCode: '200000', conditionCode: '06', transactionType: '11', card: 'number', original: true, ...REVERSIBLE },
  'completion':             { messageType: '0200', processingCode: '000000', conditionCode: '06', transactionType: '20', card: 'number', original: true, side: 'debit', ...REVERSIBLE },
  'completion-notice':      { messageType: '0220', processingCode: '000000', conditionCode: '06', transactionType: '24', card: 'number', original: true, side: 'debit', ...MAC },
  'completion-void':        { messageType: '0200', processingCode: '200000', conditionCode: '06', transactionType: '21', card: 'number', original: true, side: 'credit', ...REVERSIBLE },
  'deposit':                { messageType: '0100', processingCode: '030000', conditionCode: '06', transactionType: '12', card: 'read', ...REVERSIBLE },
  'deposit-charge':         { messageType: '0200', processingCode: '000000', conditionCode: '06', transactionType: '28', card: 'number', original: true, side: 'debit', ...REVERSIBLE },
  'deposit-charge-void':    { messageType: '0200', processingCode: '200000', conditionCode: '06', transactionType: '29', card: 'number', original: true, side: 'credit', ...REVERSIBLE },
  'deposit-release':        { messageType: '0100', processingCode: '200000', conditionCode: '06', transactionType: '13', card: 'number', original: true, ...REVERSIBLE },
  'deposit-inquiry':        { messageType: '0100', processingCode: '310000', conditionCode: '06', transactionType: '14', card: 'number', original: true, ...MAC },
  'offline-purchase':       { messageType: '0220', processingCode: '000000', conditionCode: '00', transactionType: '30', card: 'number', side: 'debit', ...MAC },
  'adjustment':             { messageType: '0220', processingCode: '000000', conditionCode: '00', transactionType: '32', card: 'number', original: true, ...MAC },
  'tip':                    { messageType: '0220', processingCode: '000000', conditionCode: '00', transactionType: '34', card: 'number', original: true, ...MAC },
  'cash-load':              { messageType: '0200', processingCode: '630000', conditionCode: '66', transactionType: '48', card: 'read', side: 'credit', ...REVERSIBLE },
  'cash-load-void':         { messageType: '0200', processingCode: '170000', conditionCode: '66', transactionType: '51', card: 'number', original: true, side: 'debit', ...REVERSIBLE },
  'transfer':               { messageType: '0200', processingCode: '400000', conditionCode: '66', transactionType: '49', card: 'read', ...REVERSIBLE },
  'scan-payment':           { messageType: '0200', processingCode: '000000', conditionCode: '00', transactionType: '22', side: 'debit', ...REVERSIBLE },
  'scan-order':             { messageType: '0200', processingCode: '700000', conditionCode: '00', transactionType: '60', ...MAC },
  'scan-query':             { messageType: '0200', processingCode: '710000', conditionCode: '00', transactionType: '60', original: true, ...MAC },
  'scan-refund':            { messageType: '0200', processingCode: '720000', conditionCode: '00', transactionType: '60', original: true, side: 'credit', ...MAC },
  'scan-void':              { messageType: '0200', processingCode: '730000', conditionCode: '00', transactionType: '60', original: true, side: 'credit', ...REVERSIBLE },
  'load':                   { messageType: '0200', processingCode: '600000', conditionCode: '91', transactionType: '45', card: 'read', side: 'credit', ...REVERSIBLE },
  'load-from-cash':         { messageType: '0200', processingCode: '630000', conditionCode: '91', transactionType: '46', card: 'read', side: 'credit', ...REVERSIBLE },
  'load-from-card':         { messageType: '0200', processingCode: '620000', conditionCode: '91', transactionType: '47', card: 'read', side: 'credit', ...REVERSIBLE },
  'load-proof':             { messageType: '0220', processingCode: '600000', conditionCode: '91', transactionType: '45', card: 'number', original: true, ...MAC },
  'unload':                 { messageType: '0200', processingCode: '610000', conditionCode: '91', transactionType: '52', card: 'read', side: 'credit', ...REVERSIBLE },
  'unload-proof':           { messageType: '0220', processingCode: '610000', conditionCode: '91', transactionType: '52', card: 'number', original: true, ...MAC },
  'purse-upload':           { messageType: '0320', networkCode: '208', ...MAC },
  'upload-details':         { messageType: '0320', networkCode: '201', settledBatch: true, ...OPEN },
  'upload-end':             { messageType: '0320', networkCode: '202', settledBatch: true, ...OPEN },
  'parameters':             { messageType: '0800', networkCode: '360', ...OPEN },
  'public-keys':            { messageType: '0820', networkCode: '372', ...OPEN },
  'public-key':             { messageType: '0800', networkCode: '370', ...OPEN },
  'applications':           { messageType: '0820', networkCode: '382', ...OPEN },
  'application':            { messageType: '0800', networkCode: '380', ...OPEN },
  'black-list':             { messageType: '0800', networkCode: '390', ...OPEN },
  'status':                 { messageType: '0820', networkCode: '362', ...OPEN },
  'signature':              { messageType: '0820', transactionType: '07', networkCode: '800', ...MAC },
  'script-result':          { messageType: '0620', networkCode: '951', ...OPEN },
} as const satisfies Record<string, SimulatedTransaction>;

export type TransactionName = keyof typeof TRANSACTIONS;
