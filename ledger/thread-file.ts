/** The file of a thread beside the module that starts it; both end in .ts from source, in .js when compiled. */
export function threadFile(name: string, starter: string): URL {
  const ending = starter.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`./${name}.${ending}`, starter);
}
