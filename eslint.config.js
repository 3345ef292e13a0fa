import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

/** Type-aware rules over everything that is TypeScript, tests included. Every rule that is off says why. */
export default defineConfig(
  { ignores: ['node_modules/', 'dist/', '.mci/', 'test-artefacts/', 'scripts/*.mjs'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      // Numbers in messages are fine: a message is for people.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // `async` functions without await implement asynchronous interfaces in memory.
      '@typescript-eslint/require-await': 'off',
      // Arrow functions that call a void function read well on one line.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  // Programs that talk to a person on a terminal.
  {
    files: ['cli/**', 'playground/*.ts', 'scripts/**', 'test/bench/**', 'test/e2e/**'],
    rules: { 'no-console': 'off' },
  },
  // The engine and the planner are pure: no vendor client, no environment.
  {
    files: ['shared/engine/**', 'shared/planning/**', 'shared/ingress/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['@google-cloud/*', '@kubernetes/*', '../cloud/compute.ts', '../state/firestore.ts'],
              message: 'engine and planning are pure of vendor clients',
            },
          ],
        },
      ],
      'no-restricted-globals': ['error', { name: 'process', message: 'only shared/config.ts reads the environment' }],
    },
  },
  // The simulated cloud shares no code with what it tests.
  {
    files: ['playground/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['**/shared/**', '**/functions/**', '**/cli/**'],
              message: 'the playground speaks only the wire protocols',
            },
          ],
        },
      ],
    },
  },
)
