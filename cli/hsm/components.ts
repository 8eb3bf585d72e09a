/** What people enter in a key ceremony. */
import {
  type Component,
  componentCheckValue,
  requireComponent,
  requireHolders,
} from '../../hsm/ceremony.ts';
import { requireStrongSum } from '../../hsm/key-strength.ts';
import type { KeyAlgorithm } from '../../hsm/types.ts';
import { printNote, UsageError } from '../command.ts';
import { HiddenInput } from '../hidden-input.ts';

export interface EnteredComponent {
  component: Component;
  checkValue: string;
}

/** The names of `--holders`: two or three people. */
export function holdersOf(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  requireHolders(names);
  return names;
}

/**
 * Asks each holder in turn, without showing what is typed; shows the check value after each. What is
 * wrong with a component by itself is said to the person who entered it, before the next one is asked.
 */
export async function enterComponents(
  holders: readonly string[],
  algorithm: KeyAlgorithm,
  lengthBytes: number,
): Promise<EnteredComponent[]> {
  const input = new HiddenInput();
  try {
    const entered: EnteredComponent[] = [];
    for (const [at, holder] of holders.entries()) {
      const text = await input.line(`component ${at + 1} of ${holders.length}, ${holder}: `);
      const bytes = componentBytes(text, lengthBytes);
      requireComponent(
        bytes,
        entered.map(({ component }) => component.bytes),
      );
      const checkValue = componentCheckValue(algorithm, bytes);
      printNote(`check value of component ${at + 1}: ${checkValue}`);
      entered.push({ component: { holder, bytes }, checkValue });
    }
    requireStrongSum(
      algorithm,
      entered.map(({ component }) => component.bytes),
    );
    return entered;
  } finally {
    input.close();
  }
}

/** A digit too many or a letter that is none must not be dropped: the key would be another one. */
function componentBytes(text: string, lengthBytes: number): Buffer {
  const digits = text.replace(/\s/g, '');
  if (!/^[0-9A-Fa-f]*$/.test(digits) || digits.length !== 2 * lengthBytes) {
    throw new UsageError(
      `a component has ${lengthBytes} bytes: ${2 * lengthBytes} hexadecimal digits and nothing else`,
    );
  }
  return Buffer.from(digits, 'hex');
}
