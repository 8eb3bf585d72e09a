/**
 * EBCDIC code page 037 (USA, Canada), the one bank hosts use for card messages. The page maps one
 * to one onto ISO 8859-1, so every byte survives a round trip.
 */
const LATIN1_OF_EBCDIC: Uint8Array = Buffer.from(
  '000102039C09867F978D8E0B0C0D0E0F101112139D8508871819928F1C1D1E1F' +
    '80818283840A171B88898A8B8C050607909116939495960498999A9B14159E1A' +
    '20A0E2E4E0E1E3E5E7F1A22E3C282B7C26E9EAEBE8EDEEEFECDF21242A293BAC' +
    '2D2FC2C4C0C1C3C5C7D1A62C255F3E3FF8C9CACBC8CDCECFCC603A2340273D22' +
    'D8616263646566676869ABBBF0FDFEB1B06A6B6C6D6E6F707172AABAE6B8C6A4' +
    'B57E737475767778797AA1BFD0DDDEAE5EA3A5B7A9A7B6BCBDBE5B5DAFA8B4D7' +
    '7B414243444546474849ADF4F6F2F3F57D4A4B4C4D4E4F505152B9FBFCF9FAFF' +
    '5CF7535455565758595AB2D4D6D2D3D530313233343536373839B3DBDCD9DA9F',
  'hex',
);

const EBCDIC_OF_LATIN1 = new Uint8Array(256);
LATIN1_OF_EBCDIC.forEach((latin1, ebcdic) => {
  EBCDIC_OF_LATIN1[latin1] = ebcdic;
});

/** One EBCDIC byte as its latin1 character code. */
export function latin1OfEbcdic(byte: number): number {
  return LATIN1_OF_EBCDIC[byte]!;
}

/** One latin1 character code as its EBCDIC byte. */
export function ebcdicOfLatin1(code: number): number {
  return EBCDIC_OF_LATIN1[code]!;
}

/** EBCDIC bytes `start`…`end` as text. */
export function readEbcdic(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let position = start; position < end; position++) {
    text += String.fromCharCode(LATIN1_OF_EBCDIC[bytes[position]!]!);
  }
  return text;
}
