/** One request of hospital software in the vendor's envelope, from bytes to bytes: HTTP and TCP share it. */
import { type Desk, InvoicingRefused } from '../requests.ts';
import { type Application, EnvelopeError, openEnvelope, RESULT, sealAnswer } from './envelope.ts';
import { messageOf } from './messages.ts';
import { callMethod } from './methods.ts';

export interface CompatibilityParts {
  applications: readonly Application[];
  deskOf: (application: Application) => Desk;
  /** Resolves when the view tells what was recorded before the call, or is too far behind to wait for. */
  caughtUp: () => Promise<unknown>;
  onFault: (error: unknown) => void;
}

/** The answer's envelope. What is our own fault is said without its cause. */
export async function answerEnvelope(
  method: string,
  request: unknown,
  parts: CompatibilityParts,
): Promise<{ data: string; noise: string; sign: string }> {
  let application: Application | null = null;
  try {
    const opened = openEnvelope(request, parts.applications);
    application = opened.application;
    await parts.caughtUp();
    const answer = await callMethod(method, opened.body, parts.deskOf(application));
    return sealAnswer(RESULT.success, answer, application);
  } catch (error) {
    return failure(error, application, parts);
  }
}

/** Before it is known who asks, the answer is signed with no key at all. */
const NOBODY: Pick<Application, 'appId' | 'key' | 'algorithm'> = {
  appId: '',
  key: '',
  algorithm: 'md5',
};

function failure(error: unknown, application: Application | null, { onFault }: CompatibilityParts) {
  const signer = application ?? NOBODY;
  if (error instanceof EnvelopeError) return sealAnswer(error.code, error.message, signer);
  if (error instanceof InvoicingRefused) {
    return sealAnswer(`E-${error.code}`, messageOf(error), signer);
  }
  onFault(error);
  return sealAnswer('E9999', '系统内部错误', signer);
}

/** The same over a socket: `{"method": …, …envelope}`. */
export async function answerText(text: string, parts: CompatibilityParts): Promise<string> {
  let request: unknown = null;
  try {
    request = JSON.parse(text);
  } catch {
    // Left null: the envelope's check refuses it.
  }
  const method = (request as { method?: unknown } | null)?.method;
  const name = typeof method === 'string' ? method : '';
  return JSON.stringify(await answerEnvelope(name, request, parts));
}
