/**
 * The envelope that vendors of hospital software know: JSON whose `data` is Base64 of the business
 * body, and a `sign` over appid, data, noise, key and version. MD5 with a shared key is what old
 * software has and nothing to rely on; `sm3-hmac` is the same envelope with a real signature.
 */
import { createHash, createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

export interface Application {
  appId: string;
  key: string;
  algorithm: 'md5' | 'sm3-hmac';
  institution: string;
}

const envelopeSchema = z.object({
  appid: z.string().min(1).max(100),
  data: z.string().max(8_000_000),
  noise: z.string().min(8).max(100),
  version: z.string().max(10),
  sign: z.string().min(32).max(64),
});

export type Envelope = z.output<typeof envelopeSchema>;

/** Codes of `result`: S0000 is success. */
export const RESULT = { success: 'S0000', envelope: 'E0001', signature: 'E0002' } as const;

export class EnvelopeError extends Error {
  override readonly name = 'EnvelopeError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** The order of the names is fixed, with the key among them; upper-case hex. */
export function envelopeSign(
  { appid, data, noise, version }: Omit<Envelope, 'sign'>,
  { key, algorithm }: Pick<Application, 'key' | 'algorithm'>,
): string {
  if (algorithm === 'sm3-hmac') {
    const text = `appid=${appid}&data=${data}&noise=${noise}&version=${version}`;
    return createHmac('sm3', key).update(text, 'utf8').digest('hex').toUpperCase();
  }
  const text = `appid=${appid}&data=${data}&noise=${noise}&key=${key}&version=${version}`;
  return createHash('md5').update(text, 'utf8').digest('hex').toUpperCase();
}

/** What the caller asks, with who they are. Throws EnvelopeError. */
export function openEnvelope(
  request: unknown,
  applications: readonly Application[],
): { application: Application; body: unknown; noise: string } {
  const parsed = envelopeSchema.safeParse(request);
  if (!parsed.success) throw new EnvelopeError(RESULT.envelope, '报文格式不正确');
  const envelope = parsed.data;
  const application = applications.find(({ appId }) => appId === envelope.appid);
  const right = envelopeSign(envelope, application ?? { key: '', algorithm: 'md5' });
  const isRight = isSame(right, envelope.sign.toUpperCase());
  if (application === undefined || !isRight) {
    throw new EnvelopeError(RESULT.signature, '签名验证失败');
  }
  try {
    const text = Buffer.from(envelope.data, 'base64').toString('utf8');
    return { application, body: JSON.parse(text), noise: envelope.noise };
  } catch {
    throw new EnvelopeError(RESULT.envelope, '业务报文不是 JSON');
  }
}

/** The answer: `message` is Base64 again, of JSON on success and of a sentence otherwise. */
export function sealAnswer(
  result: string,
  message: unknown,
  application: Pick<Application, 'appId' | 'key' | 'algorithm'>,
): { data: string; noise: string; sign: string } {
  const text = typeof message === 'string' ? message : JSON.stringify(message);
  const inner = { result, message: base64(text) };
  const data = base64(JSON.stringify(inner));
  const noise = randomUUID().replaceAll('-', '');
  const fields = { appid: application.appId, data, noise, version: '1.0' };
  return { data, noise, sign: envelopeSign(fields, application) };
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
