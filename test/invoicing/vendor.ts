/** Hospital software as the vendor's documents tell it to speak: its envelope, over HTTP and over the socket. */
import { createHash, randomUUID } from 'node:crypto';
import { connect } from 'node:net';

const [APP_ID, KEY] = ['his', 'sample-his-key'];

/** Written a second time from the document: appid, data, noise, key, version, in this order; MD5, upper-case. */
function sign({ appid, data, noise, version }: Record<string, string>): string {
  const text = `appid=${appid}&data=${data}&noise=${noise}&key=${KEY}&version=${version}`;
  return createHash('md5').update(text, 'utf8').digest('hex').toUpperCase();
}

/** Text goes as it is, everything else as JSON. */
export function envelope(body: object | string): Record<string, string> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const data = Buffer.from(text, 'utf8').toString('base64');
  const fields = { appid: APP_ID, data, noise: randomUUID(), version: '1.0' };
  return { ...fields, sign: sign(fields) };
}

export interface Opened {
  result: string;
  message: unknown;
}

/** Throws when the answer is not signed as it should be; one to a caller that is not known is signed for nobody. */
export function opened(answer: Record<string, string>): Opened {
  const { data = '', noise = '' } = answer;
  const inner = JSON.parse(Buffer.from(data, 'base64').toString('utf8')) as Record<string, string>;
  const { result = '' } = inner;
  const isForNobody = result === 'E0001' || result === 'E0002';
  const wanted = sign({ appid: APP_ID, data, noise, version: '1.0' });
  if (!isForNobody && answer['sign'] !== wanted) throw new Error('the answer is not signed');
  const text = Buffer.from(inner['message']!, 'base64').toString('utf8');
  return { result, message: result === 'S0000' ? JSON.parse(text) : text };
}

/** One request over the socket of old software: 8-digit length, then JSON. */
export function askSocket(port: number, request: string): Promise<Record<string, string>> {
  return new Promise((done, fail) => {
    const socket = connect(port, '127.0.0.1');
    let got = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      got = Buffer.concat([got, chunk]);
      const length = Number(got.toString('latin1', 0, 8));
      if (got.length < 8 || got.length < 8 + length) return;
      socket.destroy();
      done(JSON.parse(got.toString('utf8', 8)) as Record<string, string>);
    });
    socket.on('error', fail);
    const bytes = Buffer.from(request, 'utf8');
    socket.write(Buffer.concat([Buffer.from(String(bytes.length).padStart(8, '0')), bytes]));
  });
}

/** An issue call's body, interface version 3.2. */
export function issueBody(busNo: string, more: object = {}): Record<string, unknown> {
  return {
    busNo,
    busType: '02',
    payer: '李四',
    busDateTime: '20261122093000123',
    placeCode: 'outpatient',
    payee: 'C01',
    author: '张三',
    totalAmt: '12.3400',
    payerType: '1',
    idCardNo: '610621199001011234',
    cardType: '1',
    cardNo: 'V0001',
    medicalInstitution: '综合医院',
    medicalCareType: '全自费',
    consultationDate: '20261122',
    patientCategory: '内科',
    patientCategoryCode: 'NK',
    patientNo: 'P0001',
    sex: '男',
    age: 36,
    caseNumber: 'B0001',
    payChannelDetail: [{ payChannelCode: '02', payChannelValue: '12.34' }],
    chargeDetail: [{ sortNo: 1, chargeCode: '03', chargeName: '检查费', amt: 12.34 }],
    listDetail: [{ chargeCode: '03', name: '心电图', std: '12.3400', number: '1', amt: '12.3400' }],
    ...more,
  };
}
