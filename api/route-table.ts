/** Finds the route of a method and a path. */
import { badRequest } from './problem.ts';
import type { Route } from './route.ts';

export interface Found {
  route: Route;
  /** Values of the path's `{names}`, decoded. */
  params: Record<string, string>;
}

interface Pattern {
  route: Route;
  segments: readonly { name: string | null; text: string }[];
}

export class RouteTable {
  /** By the number of segments; literal segments come before names. */
  readonly #patterns = new Map<number, Pattern[]>();

  /** Throws when two routes cannot be told apart. */
  constructor(routes: readonly Route[]) {
    const seen = new Set<string>();
    for (const route of routes) {
      const shape = `${route.method} ${route.path.replaceAll(/\{[^}]+\}/g, '{}')}`;
      if (seen.has(shape)) throw new Error(`two routes are ${shape}`);
      seen.add(shape);
      const segments = segmentsOf(route.path).map((text) => {
        const name = /^\{([a-zA-Z]+)\}$/.exec(text)?.[1] ?? null;
        return { name, text };
      });
      const there = this.#patterns.get(segments.length) ?? [];
      there.push({ route, segments });
      this.#patterns.set(segments.length, there);
    }
    for (const patterns of this.#patterns.values()) patterns.sort(literalFirst);
  }

  /**
   * The route, or the methods that the path knows when it does not know this one; null when there is
   * nothing. Throws ApiProblem for a path that is none.
   */
  find(method: string, path: string): Found | { allow: string[] } | null {
    const segments = segmentsOf(path);
    const fitting = (this.#patterns.get(segments.length) ?? []).filter((pattern) =>
      pattern.segments.every(({ name, text }, at) => name !== null || text === segments[at]),
    );
    if (fitting.length === 0) return null;
    const wanted = method === 'head' ? 'get' : method;
    const found = fitting.find(({ route }) => route.method === wanted);
    if (found === undefined) {
      return { allow: fitting.map(({ route }) => route.method.toUpperCase()) };
    }
    const params: Record<string, string> = {};
    found.segments.forEach(({ name }, at) => {
      if (name !== null) params[name] = decoded(segments[at]!);
    });
    return { route: found.route, params };
  }
}

function segmentsOf(path: string): string[] {
  return path.split('/').slice(1);
}

function literalFirst(a: Pattern, b: Pattern): number {
  for (const [at, { name }] of a.segments.entries()) {
    const other = b.segments[at]!.name;
    if ((name === null) !== (other === null)) return name === null ? -1 : 1;
  }
  return 0;
}

/** One segment of a path as text: no separators, no control characters, no steps up. */
function decoded(segment: string): string {
  let text: string;
  try {
    text = decodeURIComponent(segment);
  } catch {
    throw badRequest('bad_path', 'The path is not percent-encoded UTF-8.');
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused here.
  if (text === '' || text === '.' || text === '..' || /[/\\\u0000-\u001f\u007f]/.test(text)) {
    throw badRequest('bad_path', 'A part of the path is not a name.');
  }
  return text;
}
