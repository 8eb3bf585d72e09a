/**
 * Who may import whom (docs/architecture.md, "The house"). Each row: a folder and the folders it
 * may import besides itself. Tests, benchmarks and scripts may import anything.
 */
const mayImport = {
  protocols: [],
  hsm: ['config/types'],
  ledger: ['config/types'],
  config: [],
  switch: ['protocols', 'hsm', 'ledger', 'config'],
  modules: ['ledger', 'protocols/records', 'protocols/mask', 'hsm', 'config/types'],
  simulators: ['protocols', 'hsm'],
  api: ['protocols', 'hsm', 'ledger', 'switch', 'modules', 'simulators', 'config'],
  cli: ['protocols', 'hsm', 'ledger', 'switch', 'modules', 'simulators', 'api', 'config'],
};

const folders = [...Object.keys(mayImport), 'bench', 'test', 'scripts'];

const houseRules = Object.entries(mayImport).map(([folder, allowed]) => {
  const open = [folder, ...allowed].map((name) => `^${name}(/|\\.ts$)`);
  return {
    name: `${folder}-imports-only-what-it-may`,
    severity: 'error',
    from: { path: `^${folder}/` },
    to: { path: folders.map((name) => `^${name}/`), pathNot: open },
  };
});

export default {
  forbidden: [
    ...houseRules,
    {
      name: 'one-module-never-imports-another',
      severity: 'error',
      from: { path: '^modules/([^/]+)/' },
      to: { path: '^modules/[^/]+/', pathNot: '^modules/($1|frame)/' },
    },
    {
      name: 'web-server-stays-behind-its-door',
      comment: 'uWebSockets.js comes from a republished build and must stay replaceable.',
      severity: 'error',
      from: { pathNot: '^api/server\\.ts$' },
      to: { path: 'uws|uWebSockets' },
    },
    {
      name: 'optional-packages-stay-optional',
      comment:
        'pkcs11js needs a C++ compiler; where there is none, everything must compile all the same.',
      severity: 'error',
      from: {},
      to: { path: 'pkcs11js' },
    },
    {
      name: 'no-circles',
      comment: 'A circle that a type import closes is gone when the code runs.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-undeclared-packages',
      severity: 'error',
      from: { pathNot: '^(test|bench)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|\\.scratch|node_modules)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.mjs', '.json'] },
  },
};
