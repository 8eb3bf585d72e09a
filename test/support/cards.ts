/** Cards of the sample hospital that tests use, by what is special about them. */
export const CARD = {
  good: '6219990000000000010',
  second: '6219990000000000028',
  third: '6219990000000000036',
  fourth: '6219990000000000044',
  lost: '6219990000000000069',
  frozen: '6219990000000000077',
  poor: '6219990000000000085',
  expired: '6219990000000000093',
  unknown: '6219990000000099999',
} as const;

export const OUTPATIENT = '123456789012345';
export const INPATIENT = '123456789012346';
