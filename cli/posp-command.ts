import { Command, type ErrorOptions, type HelpContext } from 'commander';

/** A command whose complaints are one line on stderr, as those of `action` are. */
export class PospCommand extends Command {
  override createCommand(name?: string): PospCommand {
    return new PospCommand(name);
  }

  override error(message: string, options?: ErrorOptions): never {
    const sentence = message
      .trim()
      .replace(/^error: /, '')
      .replace(/\s*\n\s*/g, ' ');
    const path = pathOf(this);
    return super.error(
      `${path[0]}: ${sentence} (${path.join(' ')} --help has an example)`,
      options,
    );
  }

  /** Help that was asked for is printed; a command that only has others below it asks for one. */
  override help(context?: HelpContext | ((text: string) => string)): never {
    if (typeof context !== 'object' || context.error !== true) return super.help();
    const names = this.commands.map((command) => command.name());
    return this.error(`say which command; there are: ${names.join(', ')}`);
  }
}

/** The names from the program down to the command. */
function pathOf(command: Command): string[] {
  const path: string[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) path.unshift(at.name());
  return path;
}
