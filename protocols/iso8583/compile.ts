import assert from 'node:assert/strict';
import { prepareAnswer } from './answer.ts';
import { decodeBody } from './decode.ts';
import { DecodedMessage } from './decoded-message.ts';
import type { Dialect } from './dialect.ts';
import { checkDialect } from './dialect-check.ts';
import { encodeMessage } from './encode.ts';
import { explainMessage } from './explain.ts';
import type { Codec, FieldValue, Message } from './message.ts';
import { planOf } from './plan.ts';
import { Shapes } from './shape.ts';

/**
 * Turns a dialect's table into a codec. Throws ProtocolError `bad-dialect` that names the field
 * when the table contradicts itself.
 */
export function compile(dialect: Dialect): Codec {
  checkDialect(dialect);
  const plan = planOf(dialect);
  const shapes = new Shapes(plan);
  const own = (message: Message): DecodedMessage => {
    if (message instanceof DecodedMessage && message.plan === plan) return message;
    assert.fail('the message was decoded with another dialect');
  };
  const prepare: Codec['prepareAnswer'] = (mti, keep, set) => {
    const build = prepareAnswer(plan, mti, keep, set);
    return (request, values) => build(own(request), values);
  };
  return {
    name: dialect.name,
    defines: (field) => plan.at[field] !== undefined,
    decode: (body) => decodeBody(plan, shapes, body),
    encode: (message) => encodeMessage(plan, message),
    answer: (request, mti, keep, set) => {
      const numbers = Object.keys(set).map(Number);
      const given = numbers.filter((number) => set[number] !== undefined);
      const values = given.map((number): FieldValue => set[number]!);
      return prepare(mti, keep, given)(request, values);
    },
    prepareAnswer: prepare,
    explain: (message) => explainMessage(own(message)),
  };
}
