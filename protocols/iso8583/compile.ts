import assert from 'node:assert/strict';
import { decodeBody } from './decode.ts';
import { DecodedMessage } from './decoded-message.ts';
import type { Dialect } from './dialect.ts';
import { checkDialect } from './dialect-check.ts';
import { encodeAnswer, encodeMessage } from './encode.ts';
import { explainMessage } from './explain.ts';
import type { Codec, Message } from './message.ts';
import { planOf } from './plan.ts';

/**
 * Turns a dialect's table into a codec. Throws ProtocolError `bad-dialect` that names the field
 * when the table contradicts itself.
 */
export function compile(dialect: Dialect): Codec {
  checkDialect(dialect);
  const plan = planOf(dialect);
  const own = (message: Message): DecodedMessage => {
    assert(message instanceof DecodedMessage, 'the message was not made by a codec');
    assert.equal(message.plan, plan, 'the message belongs to another dialect');
    return message;
  };
  return {
    name: dialect.name,
    decode: (body) => decodeBody(plan, body),
    encode: (message) => encodeMessage(plan, message),
    answer: (request, mti, keep, set) => encodeAnswer(plan, own(request), mti, keep, set),
    explain: (message) => explainMessage(own(message)),
  };
}
